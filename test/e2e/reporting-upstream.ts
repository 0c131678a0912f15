import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Millis } from '../../src/model/time.ts';

/** A request as the web service saw it. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly requestId: string;
  /** The gateway-side endpoint. */
  readonly remotePort: number;
  readonly at: Millis;
}

export interface ReportingUpstream {
  readonly port: number;
  readonly seen: Seen[];
  close(): Promise<void>;
}

/** A web service that lets everybody log in under the name that they ask for, and reports what reached it. */
export async function startReportingUpstream(): Promise<ReportingUpstream> {
  const seen: Seen[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const url = request.url ?? '';
    seen.push({
      method: request.method ?? '',
      url,
      requestId: String(request.headers['x-request-id']),
      remotePort: request.socket.remotePort ?? 0,
      at: Date.now() as Millis,
    });
    request.resume();
    request.on('end', () => {
      if (url.startsWith('/login/')) {
        response.setHeader('X-Shudi-Account', url.slice('/login/'.length));
        response.setHeader('X-Shudi-Event', 'login');
        response.setHeader('Set-Cookie', `sid=${randomUUID()}; HttpOnly`);
      }
      if (url === '/posts') response.setHeader('X-Shudi-Event', 'publish');
      response.end('ok');
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
