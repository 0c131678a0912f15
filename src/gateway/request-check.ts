import type { IncomingMessage } from 'node:http';
import type { ErrorCode } from '../model/error-codes.ts';

/** What the parser lets pass and a gateway must not (RFC 9112, 3.2 and 6; reference: request smuggling). */
export interface Refusal {
  readonly code: ErrorCode;
  readonly detail: string;
}

const bad = (detail: string): Refusal => ({ code: 'gateway.bad-request', detail });

const ABSOLUTE = /^https?:\/\/([^/?#]+)(\/[^#]*|\?[^#]*)?$/i;
const TARGET = /^[\x21-\x7e]+$/;
/** RFC 3986 host with an optional port: no userinfo, no path, no list. */
const HOST = /^(?:[A-Za-z0-9\-._~!$&'()*+;=%]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/;

export interface CheckedTarget {
  /** What follows the method on the request line to the upstream: origin form or `*`. */
  readonly target: string;
  readonly host: string;
}

/**
 * Checks a request's head once, cheaply, over its raw headers.
 * @param url  the request target as received
 */
export function checkRequest(request: IncomingMessage, url: string): Refusal | CheckedTarget {
  if (!TARGET.test(url)) return bad('The request target holds characters outside visible ASCII.');
  if (request.httpVersion !== '1.1' && request.httpVersion !== '1.0')
    return bad('The protocol is neither HTTP/1.1 nor HTTP/1.0.');
  if (request.method === 'TRACE')
    return { code: 'gateway.method', detail: 'TRACE would send a request back to whoever asks.' };
  const raw = request.rawHeaders;
  let hosts = 0;
  let lengths = 0;
  let encodings = 0;
  let credentials = 0;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
    else if (name.length === 14 && name.toLowerCase() === 'content-length') lengths += 1;
    else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') encodings += 1;
    else if (name.length === 13 && name.toLowerCase() === 'authorization') credentials += 1;
  }
  if (hosts > 1) return bad('There is more than one Host.');
  // Of two, the upstream may believe the other one.
  if (credentials > 1) return bad('There is more than one Authorization.');
  if (lengths > 1 || encodings > 1 || lengths + encodings > 1)
    return bad('The length of the body is given twice.');
  if (
    encodings === 1 &&
    (request.headers['transfer-encoding']?.toLowerCase() !== 'chunked' || request.httpVersion !== '1.1')
  ) {
    return bad('The only transfer coding that is understood is chunked.');
  }
  return targetOf(request, url);
}

function targetOf(request: IncomingMessage, url: string): Refusal | CheckedTarget {
  const host = request.headers.host ?? '';
  if (host === '' ? request.httpVersion === '1.1' : !HOST.test(host))
    return bad('The Host is not a host name with an optional port.');
  if (url.startsWith('/'))
    return url.includes('#') ? bad('The request target holds a fragment.') : { target: url, host };
  if (url === '*')
    return request.method === 'OPTIONS' ? { target: url, host } : bad('Only OPTIONS may ask for *.');
  // Absolute form: its authority counts, the Host is ignored (RFC 9112, 3.2.2).
  const match = ABSOLUTE.exec(url);
  if (match?.[1] === undefined || !HOST.test(match[1])) return bad('The request target is in no known form.');
  const path = match[2] ?? '/';
  return { target: path.startsWith('/') ? path : `/${path}`, host: match[1] };
}
