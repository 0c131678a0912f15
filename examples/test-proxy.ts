import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A proxy that claims that all its clients are at one address. With it the demo shows what a visitor from Guangdong
 * would see; a real one would tell the truth.
 */
export interface TestProxyOptions {
  readonly port: number;
  /** The gateway's listener for trusted proxies. */
  readonly gateway: { readonly host: string; readonly port: number };
  /** The address that it claims for everybody. */
  readonly claimedAddress: string;
}

export interface TestProxy {
  readonly port: number;
  close(): Promise<void>;
}

export async function startTestProxy(options: TestProxyOptions): Promise<TestProxy> {
  const forward = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const headers = {
      ...incoming.headers,
      'x-forwarded-for': options.claimedAddress,
      'x-client-port': String(incoming.socket.remotePort),
    };
    const upstream = request(
      { ...options.gateway, method: incoming.method, path: incoming.url, headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        answer.pipe(outgoing);
      },
    );
    upstream.on('error', () => (outgoing.headersSent ? outgoing.destroy() : outgoing.writeHead(502).end()));
    outgoing.on('close', () => upstream.destroy());
    incoming.pipe(upstream);
  };
  const server = createServer(forward);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
