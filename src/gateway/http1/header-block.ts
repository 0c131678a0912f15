import { FIELD_LINES, LENGTH, splitFields } from './grammar.ts';
import { malformed, RequestError } from './request-error.ts';

/**
 * The header lines of a request, checked and read. A client repeats the same ones on its connection again and again:
 * then the block is taken over as it is (RequestParser), with all that was worked out of it.
 */
export interface HeaderBlock {
  /** Header lines, each ended by CRLF, latin1. */
  readonly text: string;
  /** Names and values in turn, as received. */
  readonly fields: readonly string[];
  /** '' when there is none. */
  readonly host: string;
  /** Several Cookie lines are one (RFC 9113, 8.2.3): an upstream may read only one of them. */
  readonly cookie: string | undefined;
  readonly authorization: string | undefined;
  /** What `Connection` names, in lower case. */
  readonly connection: ReadonlySet<string>;
  readonly contentLength: number | null;
  readonly chunked: boolean;
  readonly expectsContinue: boolean;
  /** The value of Upgrade in lower case where `Connection` names it; null otherwise. */
  readonly upgrade: string | null;
  /** `TE: trailers`: the client reads trailers. */
  readonly takesTrailers: boolean;
  readonly underscores: boolean;
  /** What the gateway forwards of it to a route, worked out once (headers.ts). */
  forwarded: { readonly cookie: string | null; readonly lines: string } | null;
}

/** RFC 3986 host with an optional port: no userinfo, no path, no list. */
const HOST = /^(?:[A-Za-z0-9\-._~!$&'()*+;=%]+|\[[0-9A-Fa-f:.]+\])(?::(\d{0,5}))?$/;

export function isHost(text: string): boolean {
  const match = HOST.exec(text);
  return match !== null && Number(match[1] ?? 0) <= 65_535;
}

/** Blanks only: some servers take what stands behind a tab for another coding (RFC 9112, 11.2). */
const CHUNKED_LINE = /(?:^|\n)transfer-encoding: *chunked *\r\n/i;

const NOTHING: ReadonlySet<string> = new Set();

/**
 * Reads header lines, to the letter (RFC 9110, 5.5; RFC 9112, 5 and 6): what two servers could read differently is
 * refused.
 * @throws RequestError
 */
export function readHeaderBlock(text: string, maxFields: number): HeaderBlock {
  if (!FIELD_LINES.test(text)) throw malformed('A header line is malformed.');
  const fields = splitFields(text);
  if (fields.length > maxFields * 2)
    throw new RequestError('gateway.head-too-large', 'There are too many header lines.');
  let host: string | null = null;
  let cookie: string | undefined;
  let authorization: string | undefined;
  let length: string | null = null;
  let chunked = false;
  let connection: string | null = null;
  let expects = false;
  let upgrade: string | null = null;
  let takesTrailers = false;
  let underscores = false;
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] ?? '';
    const value = fields[index + 1] ?? '';
    if (name.includes('_')) underscores = true;
    // The names that matter are told apart by their length first: most lines are done after that.
    switch (name.length) {
      case 2:
        if (name.toLowerCase() === 'te' && /(?:^|,)[\t ]*trailers[\t ]*(?:,|;|$)/i.test(value))
          takesTrailers = true;
        break;
      case 4:
        if (name.toLowerCase() !== 'host') break;
        if (host !== null) throw malformed('There is more than one Host.');
        host = value;
        break;
      case 6:
        switch (name.toLowerCase()) {
          case 'cookie':
            cookie = cookie === undefined ? value : `${cookie}; ${value}`;
            break;
          case 'expect':
            if (value.toLowerCase() !== '100-continue')
              throw new RequestError('gateway.expectation', 'Only 100-continue can be expected.');
            expects = true;
            break;
        }
        break;
      case 7:
        if (name.toLowerCase() === 'upgrade')
          upgrade = upgrade === null ? value.toLowerCase() : `${upgrade}, ${value.toLowerCase()}`;
        break;
      case 10:
        if (name.toLowerCase() === 'connection')
          connection = connection === null ? value : `${connection},${value}`;
        break;
      case 13:
        if (name.toLowerCase() !== 'authorization') break;
        // Of two, the upstream may believe the other one.
        if (authorization !== undefined) throw malformed('There is more than one Authorization.');
        authorization = value;
        break;
      case 14:
        if (name.toLowerCase() !== 'content-length') break;
        if (length !== null || chunked) throw malformed('The length of the body is given twice.');
        if (!LENGTH.test(value)) throw malformed('The Content-Length is no length.');
        length = value;
        break;
      case 17:
        if (name.toLowerCase() !== 'transfer-encoding') break;
        if (length !== null || chunked) throw malformed('The length of the body is given twice.');
        if (value.toLowerCase() !== 'chunked' || !CHUNKED_LINE.test(text))
          throw malformed('The only transfer coding that is understood is chunked.');
        chunked = true;
        break;
    }
  }
  if (host !== null && host !== '' && !isHost(host))
    throw malformed('The Host is not a host name with an optional port.');
  const named = connectionNames(connection);
  return {
    text,
    fields,
    host: host ?? '',
    cookie,
    authorization,
    connection: named,
    contentLength: length === null ? null : Number(length),
    chunked,
    expectsContinue: expects,
    upgrade: named.has('upgrade') ? upgrade : null,
    takesTrailers,
    underscores,
    forwarded: null,
  };
}

const CLOSE: ReadonlySet<string> = new Set(['close']);
const KEEP_ALIVE: ReadonlySet<string> = new Set(['keep-alive']);

/** The header names that `Connection` lists, in lower case; most messages list none but keep-alive and close. */
export function connectionNames(value: string | null): ReadonlySet<string> {
  if (value === null) return NOTHING;
  const folded = value.toLowerCase();
  if (folded === 'close') return CLOSE;
  if (folded === 'keep-alive') return KEEP_ALIVE;
  return new Set(folded.split(',').map((item) => item.trim()));
}

/** The value of a header, several joined by a comma (RFC 9110, 5.3); undefined when there is none. */
export function fieldValue(block: HeaderBlock, name: string): string | undefined {
  let found: string | undefined;
  for (let index = 0; index < block.fields.length; index += 2) {
    const field = block.fields[index] ?? '';
    if (field.length !== name.length || field.toLowerCase() !== name) continue;
    const value = block.fields[index + 1] ?? '';
    found = found === undefined ? value : `${found}, ${value}`;
  }
  return found;
}
