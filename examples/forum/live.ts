import { STATUS_CODES } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Feed } from './feed.ts';
import { assertSameOrigin, Refusal } from './forms.ts';
import type { Session, Sessions } from './sessions.ts';

export const LIVE_PATH = '/live';

/** Listeners send nothing but pings and closes. */
const MAX_MESSAGE_BYTES = 125;

/** Whether a request asks for the WebSocket (RFC 6455, 4.1); any other Upgrade is left to the ordinary routes. */
export function asksForSocket(request: IncomingMessage): boolean {
  return (
    request.method === 'GET' &&
    request.url?.split('?', 1)[0] === LIVE_PATH &&
    request.headers.upgrade?.toLowerCase() === 'websocket'
  );
}

function refuse(socket: Duplex, status: number): void {
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n${status === 503 ? 'Retry-After: 30\r\n' : ''}\r\n`,
  );
}

/**
 * The feed as a WebSocket. The 101 names the visitor's account where there is one, so that the gateway binds the
 * tunnel before its first byte; what comes after is out of the gateway's sight.
 */
export function attachLive(
  server: Server,
  feed: Feed,
  sessions: Sessions,
  publicOrigins: readonly string[],
): void {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  const asking = new WeakMap<IncomingMessage, Session>();
  sockets.on('headers', (headers, request) => {
    const account = asking.get(request)?.account ?? null;
    if (account !== null) headers.push(`X-Shudi-Account: ${account}`);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    try {
      // A page of another site must not open a tunnel in a visitor's name: browsers send cookies with it.
      assertSameOrigin(request, publicOrigins);
      if (!feed.hasRoom()) throw new Refusal(503, 'full');
    } catch (error) {
      refuse(socket, error instanceof Refusal ? error.status : 500);
      return;
    }
    const session = sessions.find(request.headers.cookie);
    if (session !== null) asking.set(request, session);
    sockets.handleUpgrade(request, socket, head, (opened) => feed.addSocket(opened, session));
  });
}
