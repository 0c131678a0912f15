import type { ServerResponse } from 'node:http';

/** What the gateway is told by response headers; it consumes and removes them. */
export interface Announcement {
  readonly account: string;
  readonly event: 'login' | 'logout' | 'publish';
}

const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  // Not `no-referrer`: with that, browsers send `Origin: null` with forms.
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

function send(response: ServerResponse, status: number, type: string, body: string): void {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
    if (!response.hasHeader(name)) response.setHeader(name, value);
  }
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

export function sendPage(response: ServerResponse, status: number, page: string): void {
  send(response, status, 'text/html; charset=utf-8', page);
}

export function sendText(response: ServerResponse, status: number, text: string): void {
  send(response, status, 'text/plain; charset=utf-8', text);
}

export function sendStyle(response: ServerResponse, style: string): void {
  response.setHeader('cache-control', 'public, max-age=3600');
  send(response, 200, 'text/css; charset=utf-8', style);
}

export function sendScript(response: ServerResponse, script: string): void {
  response.setHeader('cache-control', 'public, max-age=3600');
  send(response, 200, 'text/javascript; charset=utf-8', script);
}

/** The head of a stream of Server-Sent Events; its account is named as on the WebSocket's 101. */
export function beginEvents(response: ServerResponse, account: string | null): void {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  if (account !== null) response.setHeader('x-shudi-account', account);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
}

/** 303: the browser goes on with GET, and a reload does not act twice. */
export function redirect(response: ServerResponse, location: string): void {
  response.setHeader('location', location);
  send(response, 303, 'text/plain; charset=utf-8', '');
}

/** Tells the gateway who has acted, so that it binds the connection before this response leaves it. */
export function announce(response: ServerResponse, { account, event }: Announcement): void {
  response.setHeader('x-shudi-account', account);
  response.setHeader('x-shudi-event', event);
}
