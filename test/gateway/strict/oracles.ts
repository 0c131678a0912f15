import { once } from 'node:events';
import { createServer as createHttpServer, get, type IncomingMessage } from 'node:http';
import { connect, createServer, type AddressInfo } from 'node:net';
import { Client } from 'undici';
import { onTestFinished } from 'vitest';
import { sha256 } from './strict-upstream.ts';

/** A response as a parser that is not ours reads it; null when it refuses it. */
export interface Reading {
  readonly status: number;
  /** Names in lower case and values in turn, without what speaks of one connection. */
  readonly headers: readonly string[];
  readonly body: string;
  /** Nothing but the connection's end told where the body ends. */
  readonly open: boolean;
}

/** What a gateway may change: the framing, what speaks of one connection, and its own Date. */
const OWN_MATTER = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'content-length',
  'date',
  'trailer',
  'upgrade',
  'te',
  'proxy-authenticate',
  'proxy-authentication-info',
  'via',
  'host',
  'forwarded',
  'x-request-id',
]);
const ours = (name: string): boolean =>
  OWN_MATTER.has(name) || /^(?:x-forwarded-|x-ip-region|x-shudi-)/.test(name);

/** Drops these, and what a `Connection` among them names. */
export function endToEnd(raw: readonly string[]): string[] {
  const kept: string[] = [];
  const pairs = raw.flatMap((name, index) =>
    index % 2 === 0 ? [[name.toLowerCase(), raw[index + 1] ?? ''] as const] : [],
  );
  const named = new Set(
    pairs
      .filter(([name]) => name === 'connection')
      .flatMap(([, value]) => value.toLowerCase().split(/\s*,\s*/)),
  );
  for (const [name, value] of pairs) if (!ours(name) && !named.has(name)) kept.push(name, value);
  return kept;
}

/** node:http's client (llhttp, strict), on a connection of its own. */
export function readByNode(port: number, path = '/'): Promise<Reading | null> {
  const { promise, resolve } = Promise.withResolvers<Reading | null>();
  const request = get({ host: '127.0.0.1', port, path, agent: false, setHost: true });
  const refused = (): void => resolve(null);
  request.on('error', refused);
  request.on('upgrade', (_response, socket) => {
    socket.destroy();
    refused();
  });
  request.on('response', (response: IncomingMessage) => {
    let body = '';
    response.setEncoding('latin1');
    response.on('data', (chunk: string) => (body += chunk));
    response.on('error', refused);
    response.on('close', refused);
    response.on('end', () => {
      const { statusCode: status = 0, headers } = response;
      const bodyless = status === 204 || status === 304;
      const open =
        !bodyless && headers['content-length'] === undefined && headers['transfer-encoding'] === undefined;
      resolve(response.complete ? { status, headers: endToEnd(response.rawHeaders), body, open } : null);
    });
  });
  return promise;
}

/** undici's client, on a connection of its own; headers as it gives them, by name. */
export async function readByUndici(
  port: number,
  path = '/',
): Promise<{ status: number; headers: Record<string, unknown>; body: string } | null> {
  const client = new Client(`http://127.0.0.1:${port}`, { pipelining: 1 });
  try {
    const { statusCode, headers, body } = await client.request({ path, method: 'GET' });
    const text = Buffer.from(await body.arrayBuffer()).toString('latin1');
    const kept = Object.entries(headers).filter(([name]) => !ours(name.toLowerCase()));
    return { status: statusCode, headers: Object.fromEntries(kept), body: text };
  } catch {
    return null;
  } finally {
    await client.destroy();
  }
}

/** A server that answers every connection's first bytes with what `bytes` holds then, and hangs up. */
export async function serveBytes(): Promise<{ readonly port: number; bytes: string }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(state.bytes, 'latin1'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const state = { port: (server.address() as AddressInfo).port, bytes: '' };
  return state;
}

/** A request as node:http's server read it. */
export interface NodeSaw {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly string[];
  readonly bodyLength: number;
  readonly sha256: string;
}

export interface NodeServer {
  readonly port: number;
  readonly seen: NodeSaw[];
}

/** node:http's server, answering `ok`. */
export async function serveByNode(): Promise<NodeServer> {
  const seen: NodeSaw[] = [];
  const server = createHttpServer((request, response) => {
    let body = '';
    request.setEncoding('latin1');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      seen.push({
        method: request.method ?? '',
        target: request.url ?? '',
        headers: endToEnd(request.rawHeaders),
        bodyLength: body.length,
        sha256: sha256(body),
      });
      response.end('ok');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, seen };
}

/** Sends bytes and resolves when so many responses that say `ok` have come, or the connection has ended. */
export async function sendRaw(port: number, pieces: readonly string[], count: number): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let text = '';
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on('error', () => resolve());
  socket.on('close', () => resolve());
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    if ((text.match(/HTTP\/1\.1 200/g) ?? []).length >= count) resolve();
  });
  await once(socket, 'connect');
  for (const piece of pieces) {
    socket.write(piece, 'latin1');
    if (pieces.length > 1) await new Promise((done) => setImmediate(done));
  }
  await promise;
  socket.destroy();
}
