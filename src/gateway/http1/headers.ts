/** Which headers pass, in both directions (RFC 9110, 7.6.1; R2). */
import type { HeaderBlock } from './header-block.ts';
import { onlyFirstCookie } from '../identity/cookies.ts';
import { connectionNames } from './header-block.ts';

/** Hop-by-hop: they speak of one connection, never of the next. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/**
 * What `Connection` cannot take out of a request: without its length the upstream would read the body as the next
 * request, and without these two it would see another account than the one that was recorded.
 */
const KEPT = new Set(['content-length', 'cookie', 'authorization']);

/** What only the gateway may say of a client: taken out of every request, on every route. */
const CLAIMS = new Set([
  'forwarded',
  'forwarded-for',
  'x-forwarded',
  'x-original-forwarded-for',
  'x-real-ip',
  'x-client-ip',
  'client-ip',
  'x-cluster-client-ip',
  'x-remote-ip',
  'x-remote-addr',
  'x-originating-ip',
  'x-envoy-external-address',
  'true-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
  'proxy-client-ip',
  'wl-proxy-client-ip',
  'x-request-id',
  'via',
]);
const CLAIM_PREFIXES = ['x-forwarded-', 'x-shudi-', 'x-ip-region'];

/**
 * Whether a request header is one of those that only the gateway may set. Underscores and other punctuation count as
 * dashes: servers that turn them into one variable (CGI) would take `X_IP_Region` or `X.IP.Region` for ours.
 */
export function isClaim(name: string, extra: ReadonlySet<string>): boolean {
  const folded = PUNCTUATION.test(name) ? name.replace(/[^a-z0-9]/g, '-') : name;
  return (
    CLAIMS.has(folded) || extra.has(folded) || CLAIM_PREFIXES.some((prefix) => folded.startsWith(prefix))
  );
}

const PUNCTUATION = /[^a-z0-9-]/;

/** What a name that an upstream has not seen before says, in one look-up: header names recur, so they are remembered. */
type RequestUse = 'keep' | 'drop' | 'cookie' | 'keep-always';

const MAX_REMEMBERED = 2000;

/** Tells what becomes of request header names; remembers names of any case, up to a bound. */
export function requestNames(claims: ReadonlySet<string>): (name: string) => RequestUse {
  const known = new Map<string, RequestUse>();
  return (name) => {
    const use = known.get(name);
    if (use !== undefined) return use;
    const folded = name.toLowerCase();
    const found =
      folded === 'cookie'
        ? 'cookie'
        : folded === 'host' || folded === 'expect' || HOP_BY_HOP.has(folded) || isClaim(folded, claims)
          ? 'drop'
          : KEPT.has(folded)
            ? 'keep-always'
            : 'keep';
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(name, found);
    return found;
  };
}

/**
 * The lines of a request that are forwarded, each ended by CRLF, as latin1 text. What `Connection` names cannot remove
 * what the gateway adds: that comes behind them.
 * @param identityCookie  the cookie that names the account on the route: only the first of that name is forwarded, as
 *   only the first one was looked at
 */
export function forwardedLines(
  block: HeaderBlock,
  use: (name: string) => RequestUse,
  identityCookie: string | null,
): string {
  if (block.forwarded?.cookie === identityCookie) return block.forwarded.lines;
  const { fields, connection } = block;
  const lines: string[] = [];
  let cookie = block.cookie;
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] ?? '';
    switch (use(name)) {
      case 'drop':
        continue;
      case 'cookie':
        // One line for all of them, where the first one stood.
        if (cookie !== undefined)
          lines.push(
            name,
            ': ',
            identityCookie === null ? cookie : onlyFirstCookie(cookie, identityCookie),
            '\r\n',
          );
        cookie = undefined;
        continue;
      case 'keep':
        if (connection.size > 0 && connection.has(name.toLowerCase())) continue;
        break;
      case 'keep-always':
    }
    lines.push(name, ': ', fields[index + 1] ?? '', '\r\n');
  }
  if (block.chunked) lines.push('Transfer-Encoding: chunked\r\n');
  if (block.expectsContinue) lines.push('Expect: 100-continue\r\n');
  // Joined, the text is one piece; added up, it would keep all its pieces for as long as the connection.
  const text = lines.join('');
  block.forwarded = { cookie: identityCookie, lines: text };
  return text;
}

/** What an upstream announces of the account, taken out of its response. */
export interface Announcement {
  readonly account: string | null;
  readonly event: string | null;
}

export interface FilteredResponse {
  /** Lines, each ended by CRLF, latin1. */
  readonly lines: string;
  /** Null when the response says nothing. */
  readonly announcement: Announcement | null;
  readonly cookies: readonly string[];
  readonly dated: boolean;
}

type ResponseUse = 'keep' | 'drop' | 'shudi' | 'cookie' | 'length' | 'date' | 'connection';

const RESPONSE_USES = new Map<string, ResponseUse>();

function responseUse(name: string): ResponseUse {
  const known = RESPONSE_USES.get(name);
  if (known !== undefined) return known;
  const folded = name.toLowerCase();
  const use = folded.startsWith('x-shudi-')
    ? 'shudi'
    : folded === 'connection'
      ? 'connection'
      : HOP_BY_HOP.has(folded)
        ? 'drop'
        : folded === 'set-cookie'
          ? 'cookie'
          : folded === 'content-length'
            ? 'length'
            : folded === 'date'
              ? 'date'
              : 'keep';
  if (RESPONSE_USES.size >= MAX_REMEMBERED) RESPONSE_USES.clear();
  RESPONSE_USES.set(name, use);
  return use;
}

const NO_COOKIES: readonly string[] = [];

/**
 * Takes the hop-by-hop headers and the announcement out of a response.
 * @param raw  names and values in turn
 * @param dropLength  for a 204, which must carry no Content-Length (RFC 9110, 8.6)
 */
export function filterResponse(raw: readonly string[], dropLength: boolean): FilteredResponse {
  let connection: string | null = null;
  for (let index = 0; index < raw.length; index += 2)
    if (responseUse(raw[index] ?? '') === 'connection')
      connection = connection === null ? (raw[index + 1] ?? '') : `${connection},${raw[index + 1]}`;
  const named = connectionNames(connection);
  let lines = '';
  let cookies: string[] | null = null;
  let account: string | null = null;
  let event: string | null = null;
  let dated = false;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const value = raw[index + 1] ?? '';
    const use = responseUse(name);
    if (use === 'shudi') {
      const folded = name.toLowerCase();
      if (folded === 'x-shudi-account')
        account = account === null || account === value ? value : `${account},${value}`;
      else if (folded === 'x-shudi-event')
        event = event === null || event === value ? value : `${event},${value}`;
      continue;
    }
    if (use === 'drop' || use === 'connection') continue;
    if (named.size > 0 && named.has(name.toLowerCase())) continue;
    if (use === 'length' && dropLength) continue;
    if (use === 'date') dated = true;
    if (use === 'cookie') (cookies ??= []).push(value);
    lines += `${name}: ${value}\r\n`;
  }
  return {
    lines,
    announcement: account !== null || event !== null ? { account, event } : null,
    cookies: cookies ?? NO_COOKIES,
    dated,
  };
}

/** What a trailer may not say (RFC 9110, 6.5.1): framing, routing, authentication, content, and what is ours. */
const NEVER_TRAILERS = new Set([
  'content-length',
  'content-type',
  'content-encoding',
  'content-range',
  'host',
  'authorization',
  'cookie',
  'set-cookie',
  'cache-control',
  'expect',
  'max-forwards',
  'pragma',
  'range',
  'www-authenticate',
  'age',
  'date',
  'expires',
  'location',
  'retry-after',
  'vary',
  'warning',
]);
const NO_CLAIMS: ReadonlySet<string> = new Set();

/** The trailer lines that may pass, each ended by CRLF. */
export function trailerLines(fields: readonly string[], claims: ReadonlySet<string> = NO_CLAIMS): string {
  let text = '';
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] ?? '';
    const folded = name.toLowerCase();
    if (NEVER_TRAILERS.has(folded) || HOP_BY_HOP.has(folded) || isClaim(folded, claims)) continue;
    text += `${name}: ${fields[index + 1]}\r\n`;
  }
  return text;
}
