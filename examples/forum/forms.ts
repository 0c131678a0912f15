import type { IncomingMessage } from 'node:http';
import { tokenMatches } from './sessions.ts';
import type { Session } from './sessions.ts';

const MAX_BODY = 16 * 1024;

/** A refusal with a status; its message goes to the visitor. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
  }
}

/** Reads an HTML form of at most 16 KiB. */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded')
    throw new Refusal(415, '只接受表单。Only forms are accepted.');
  const tooLong = (): Refusal => new Refusal(413, '内容太长。Too long.');
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY) throw tooLong();
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Leaving the loop early must not destroy the socket: the refusal still goes out on it.
  const body: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_BODY) throw tooLong();
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

function originHost(origin: string): string | null {
  try {
    return new URL(origin).host;
  } catch {
    return null;
  }
}

/**
 * Refuses what another site's page sent. Browsers tell on it: `Sec-Fetch-Site` on secure origins and loopback,
 * `Origin` everywhere. A client that sends neither is no browser; it still needs the session's form token.
 */
export function assertSameOrigin(request: IncomingMessage, publicOrigins: readonly string[]): void {
  const site = request.headers['sec-fetch-site'];
  const origin = request.headers.origin;
  const foreign = new Refusal(403, '请从本站页面提交。Please submit from this site.');
  if (site !== undefined && site !== 'same-origin') throw foreign;
  if (origin === undefined || publicOrigins.includes(origin)) return;
  if (originHost(origin) !== request.headers.host) throw foreign;
}

/** Refuses a form that was not given out to this very session. */
export function assertFormToken(session: Session | null, form: URLSearchParams): Session {
  if (session === null || !tokenMatches(session, form.get('token') ?? '')) {
    throw new Refusal(403, '页面已过期，请刷新后再试。The page has expired; reload it and try again.');
  }
  return session;
}

/** A field, trimmed, without control characters other than line breaks; refused when it is empty or too long. */
export function textField(form: URLSearchParams, name: string, max: number): string {
  const value = (form.get(name) ?? '')
    .replaceAll('\r\n', '\n')
    .replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g, '')
    .trim();
  if (value === '') throw new Refusal(400, '不能为空。Must not be empty.');
  if (value.length > max) throw new Refusal(400, `最多 ${max} 字。At most ${max} characters.`);
  return value;
}
