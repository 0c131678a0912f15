import { isIPv6 } from 'node:net';
import { chunkedAt, fieldsAt, framingOf, Malformed, membersOf, valuesOf, type Field } from './grammar.ts';

/** A request, read to the letter. */
export interface StrictRequest {
  readonly method: string;
  readonly target: string;
  readonly version: '1.0' | '1.1';
  /** The head with its blank line. */
  readonly head: string;
  readonly fields: readonly Field[];
  readonly framing: 'none' | 'length' | 'chunked';
  readonly body: string;
  readonly trailers: readonly Field[];
  /** Whether nothing may follow it on its connection. */
  readonly closes: boolean;
  /**
   * Null when every recipient must take it; else why a careful one may refuse it: what is allowed and unusual, or
   * the project's own rules. When it is taken, it must be taken to mean exactly this.
   */
  readonly refusable: string | null;
  readonly next: number;
}

export type Read =
  | { readonly kind: 'request'; readonly request: StrictRequest }
  /** More bytes are needed. */
  | { readonly kind: 'incomplete' }
  /** `inBody`: its head was a good one, so it may have been forwarded by then. */
  | { readonly kind: 'malformed'; readonly reason: string; readonly inBody: boolean };

const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Z]{1,64}) ([\x21-\x7e]+) HTTP\/(1\.[01])$/;
const ABSOLUTE = /^https?:\/\/([^/?#]*)(?:[/?][^#]*)?$/i;
const AUTHORITY = /^(?:[A-Za-z0-9\-._~!$&'()*+;=%]+|\[([0-9A-Fa-f:.]+)\])(?::([0-9]{0,5}))?$/;
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']);
/** Known to everybody, with no meaning of their own for a gateway. */
const PLAIN_FIELD = /^(?:host|content-(?:length|type)|transfer-encoding|accept|user-agent|x-[a-z-]+)$/i;

/** The request that begins at `at`, with everything before its end taken to the letter. */
export function requestAt(text: string, at: number): Read {
  try {
    return read(text, at);
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'malformed', reason: error.message, inBody: error.inBody };
    throw error;
  }
}

function read(text: string, at: number): Read {
  const begin = skipEmptyLines(text, at);
  if (!text.includes('\r\n\r\n', begin)) return { kind: 'incomplete' };
  const lineEnd = text.indexOf('\r\n', begin);
  const match = REQUEST_LINE.exec(text.slice(begin, lineEnd));
  if (match === null) throw new Malformed(`no request line: ${JSON.stringify(text.slice(begin, lineEnd))}`);
  const [, method = '', target = '', version] = match;
  const section = fieldsAt(text, lineEnd + 2);
  if (section === null) return { kind: 'incomplete' };
  const { fields, next } = section;
  const v = version === '1.0' ? '1.0' : '1.1';
  let refusable = checkTarget(method, target) ?? checkHost(fields, v);
  const framing = framingOf(fields);
  if (framing.kind === 'chunked' && v === '1.0') throw new Malformed('chunked in HTTP/1.0');
  const head = text.slice(begin, next);
  refusable ??= begin > at ? 'empty lines before it' : unusual(method, v, fields, head);
  const common = {
    method,
    target,
    version: v,
    head,
    fields,
    framing: framing.kind,
    closes: closes(fields, v),
  } as const;
  if (framing.kind === 'chunked') {
    const chunked = chunkedAt(text, next);
    if (chunked === null) return { kind: 'incomplete' };
    if (chunked.unusual || chunked.trailers.length > 0) refusable ??= 'extensions or trailers';
    return { kind: 'request', request: { ...common, ...chunked, refusable } };
  }
  const end = next + framing.length;
  if (text.length < end) return { kind: 'incomplete' };
  return {
    kind: 'request',
    request: { ...common, body: text.slice(next, end), trailers: [], refusable, next: end },
  };
}

/** RFC 9112, 2.2: a server SHOULD ignore at least one; how many is left open. */
function skipEmptyLines(text: string, at: number): number {
  let begin = at;
  while (text.startsWith('\r\n', begin)) begin += 2;
  return begin;
}

function checkTarget(method: string, target: string): string | null {
  if (target.startsWith('/')) {
    if (target.includes('#')) throw new Malformed('a fragment in the target');
    if (target.startsWith('//')) return 'a target with two slashes';
    return /["<>\\^`{|}]|%(?![0-9A-Fa-f]{2})/.test(target) ? 'a target beyond RFC 3986' : null;
  }
  if (target === '*' && method === 'OPTIONS') return null;
  if (method === 'CONNECT') return 'CONNECT';
  const authority = ABSOLUTE.exec(target)?.[1];
  if (authority === undefined) throw new Malformed('a target in no known form');
  checkAuthority(authority);
  return 'absolute form';
}

function checkHost(fields: readonly Field[], version: '1.0' | '1.1'): string | null {
  const hosts = valuesOf(fields, 'host');
  if (hosts.length > 1) throw new Malformed('more than one Host');
  if (hosts[0] === undefined || hosts[0] === '') {
    if (version === '1.1') throw new Malformed('no Host');
    return 'no Host in HTTP/1.0';
  }
  return checkAuthority(hosts[0]);
}

function checkAuthority(text: string): string | null {
  const match = AUTHORITY.exec(text);
  if (match === null || Number(match[2] ?? 0) > 65_535)
    throw new Malformed(`no host: ${JSON.stringify(text)}`);
  if (match[1] !== undefined && !isIPv6(match[1])) return 'an address in brackets that is none';
  if (match[2] === '') return 'an empty port';
  return /[!$&'()*+;=%~_]/.test(text) ? 'an unusual host name' : null;
}

function unusual(method: string, version: string, fields: readonly Field[], head: string): string | null {
  if (!METHODS.has(method)) return 'a method that is not everybody’s';
  if (version === '1.0') return 'HTTP/1.0';
  if (head.length > 8000 || fields.length > 50) return 'a long head';
  const odd = fields.find(([name]) => !PLAIN_FIELD.test(name));
  if (odd !== undefined) return `a field with a meaning, or with an odd name: ${odd[0]}`;
  // Blanks around a value are allowed; around these two the project's rules want none but the space.
  if (/^(?:content-length|transfer-encoding):.*\t/im.test(head)) return 'a tab around a length';
  return /^content-length:\s*0[0-9]/im.test(head) ? 'zeros before a length' : null;
}

function closes(fields: readonly Field[], version: '1.0' | '1.1'): boolean {
  const options = membersOf(fields, 'connection');
  return options.includes('close') || (version === '1.0' && !options.includes('keep-alive'));
}

/** What a stream of bytes holds, to the letter. */
export interface Judgement {
  readonly requests: readonly StrictRequest[];
  /** What stands behind the last of them. */
  readonly end: 'nothing' | 'incomplete' | 'malformed head' | 'malformed body' | 'closed';
  readonly reason: string;
}

/** Reads a whole stream of pipelined requests. */
export function judge(text: string): Judgement {
  const requests: StrictRequest[] = [];
  for (let at = 0; ;) {
    if (at === text.length) return { requests, end: 'nothing', reason: '' };
    const read = requestAt(text, at);
    if (read.kind === 'incomplete') return { requests, end: 'incomplete', reason: '' };
    if (read.kind === 'malformed')
      return { requests, end: read.inBody ? 'malformed body' : 'malformed head', reason: read.reason };
    requests.push(read.request);
    if (read.request.closes) return { requests, end: 'closed', reason: '' };
    at = read.request.next;
  }
}
