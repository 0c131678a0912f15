/** Which headers pass, in both directions (RFC 9110, 7.6.1; R2). */

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

/** The header names that `Connection` lists, folded; most messages list none but keep-alive and close. */
export function connectionOptions(value: string | undefined): ReadonlySet<string> {
  if (value === undefined) return NOTHING;
  const folded = value.toLowerCase();
  if (folded === 'keep-alive' || folded === 'close') return NOTHING;
  return new Set(folded.split(',').map((item) => item.trim()));
}

const NOTHING: ReadonlySet<string> = new Set();

export interface ForwardedHead {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly rawHeaders: readonly string[];
  readonly connection: string | undefined;
  /** The gateway's own lines, each ended by CRLF, made once a contact. */
  readonly own: string;
  readonly requestId: string;
  readonly chunked: boolean;
  /** Names that a trusted proxy of this listener uses to tell of the client. */
  readonly claims: ReadonlySet<string>;
}

/** The head of the request to the upstream, as latin1 text. What `Connection` names cannot remove what we add. */
export function requestHead(head: ForwardedHead): string {
  const named = connectionOptions(head.connection);
  let text = `${head.method} ${head.target} HTTP/1.1\r\nHost: ${head.host}\r\n`;
  const raw = head.rawHeaders;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const folded = name.toLowerCase();
    if (folded === 'host' || HOP_BY_HOP.has(folded) || isClaim(folded, head.claims)) continue;
    if (named.has(folded) && !KEPT.has(folded)) continue;
    text += `${name}: ${raw[index + 1]}\r\n`;
  }
  return `${text}${head.own}X-Request-Id: ${head.requestId}\r\n${head.chunked ? 'Transfer-Encoding: chunked\r\n' : ''}\r\n`;
}

/** What an upstream announces of the account, taken out of its response. */
export interface Announcement {
  readonly account: string | null;
  readonly event: string | null;
}

export interface FilteredResponse {
  /** Names and values in turn. */
  readonly headers: string[];
  /** Null when the response says nothing. */
  readonly announcement: Announcement | null;
  readonly cookies: readonly string[];
}

/**
 * Takes the hop-by-hop headers and the announcement out of a response.
 * @param dropLength  for a 204, which must carry no Content-Length (RFC 9110, 8.6)
 */
export function filterResponse(raw: readonly string[], dropLength: boolean): FilteredResponse {
  let connection: string | undefined;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    if (name.length === 10 && name.toLowerCase() === 'connection')
      connection = connection === undefined ? raw[index + 1] : `${connection},${raw[index + 1]}`;
  }
  const named = connectionOptions(connection);
  const headers: string[] = [];
  const cookies: string[] = [];
  let account: string | null = null;
  let event: string | null = null;
  let announced = false;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const value = raw[index + 1] ?? '';
    const folded = name.toLowerCase();
    if (folded.startsWith('x-shudi-')) {
      announced = true;
      if (folded === 'x-shudi-account')
        account = account === null || account === value ? value : `${account},${value}`;
      else if (folded === 'x-shudi-event')
        event = event === null || event === value ? value : `${event},${value}`;
      continue;
    }
    if (HOP_BY_HOP.has(folded) || named.has(folded)) continue;
    if (dropLength && folded === 'content-length') continue;
    if (folded === 'set-cookie') cookies.push(value);
    headers.push(name, value);
  }
  return {
    headers,
    announcement: announced && (account !== null || event !== null) ? { account, event } : null,
    cookies,
  };
}
