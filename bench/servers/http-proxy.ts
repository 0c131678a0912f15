/** Bare http-proxy on `node:http`, with connections to the upstream kept alive. `node http-proxy.ts UPSTREAM` */
import { Agent, createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { announcePort } from './announce-port.ts';

/** The part of http-proxy that is used here; the package has no types. */
interface HttpProxy {
  createProxyServer(options: { target: string; agent: Agent; xfwd: boolean }): {
    web(request: IncomingMessage, response: ServerResponse): void;
    on(
      event: 'error',
      listener: (error: Error, request: IncomingMessage, response: ServerResponse) => void,
    ): void;
  };
}

const httpProxy = createRequire(import.meta.url)('http-proxy') as HttpProxy;
// Without an agent http-proxy opens a connection to the upstream for every request.
const agent = new Agent({ keepAlive: true, maxSockets: 256 });
const proxy = httpProxy.createProxyServer({ target: process.argv[2] ?? '', agent, xfwd: true });
proxy.on('error', (_error, _request, response) => {
  if (!response.headersSent) response.writeHead(502);
  response.end();
});
const server = createServer((request, response) => proxy.web(request, response));
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  announcePort(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
