import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

type Answering = (request: IncomingMessage, response: ServerResponse) => void;

/** A site's introspection endpoint in the test's hands. */
export interface Endpoint {
  readonly url: string;
  /** The Cookie header of each question, in order. */
  readonly asked: string[];
  readonly heads: IncomingMessage['headers'][];
  readonly connections: Socket[];
  answer: Answering;
}

export async function openEndpoint(answer: Answering): Promise<Endpoint> {
  const asked: string[] = [];
  const heads: IncomingMessage['headers'][] = [];
  const connections: Socket[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(request.headers.cookie ?? '');
    heads.push(request.headers);
    endpoint.answer(request, response);
  });
  server.on('connection', (socket) => connections.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
    for (const socket of connections) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  const endpoint: Endpoint = {
    url: `http://127.0.0.1:${port}/whoami?x=1`,
    asked,
    heads,
    connections,
    answer,
  };
  return endpoint;
}

/** Answers a JSON value. */
export function json(value: unknown): Answering {
  return (_, response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

export function status(code: number, body = '', headers: Record<string, string> = {}): Answering {
  return (_, response) => void response.writeHead(code, headers).end(body);
}

/** Sends bytes past the HTTP server, and may close. */
export function raw(bytes: string, close = true): Answering {
  return ({ socket }) => {
    if (close) socket.end(bytes);
    else socket.write(bytes);
  };
}
