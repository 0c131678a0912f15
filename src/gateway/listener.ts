import { METHODS, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { ErrorCode } from '../model/error-codes.ts';
import { ShudiError } from '../model/errors.ts';
import { createTrust } from './client-address.ts';
import { ClientConnection, ClientGone } from './client-connection.ts';
import type { ContactBook } from './contact-book.ts';
import { Exchange } from './exchange.ts';
import type { GatewayOptions, GatewayParts, ListenerOptions } from './options.ts';
import { registerOwnRoutes } from './own-routes.ts';
import { sendRefusal } from './refusal.ts';
import { checkRequest } from './request-check.ts';
import type { RouteTable } from './route-table.ts';

export interface Listener {
  readonly name: string;
  readonly address: AddressInfo;
  /** Stops accepting, lets requests under way end within `graceMs`, then closes the rest. */
  close(graceMs: number): Promise<void>;
}

interface ListenerContext {
  readonly options: GatewayOptions;
  readonly parts: GatewayParts;
  readonly book: ContactBook;
  readonly routes: RouteTable;
  readonly healthy: () => boolean;
}

const PROXIED = '/';
const SWEEP_MS = 50;

/**
 * One port. Fastify owns the listener, the gateway's own routes and the lifecycle; a request for anything else is
 * taken over (`hijack`) with its raw head before Fastify reads or parses any of it.
 */
export async function openListener(options: ListenerOptions, context: ListenerContext): Promise<Listener> {
  const { limits, timeouts, prefix } = context.options;
  const { parts, book, routes } = context;
  const trust = createTrust(options);
  const clients = new WeakMap<Socket, ClientConnection>();
  const open = new Set<Socket>();
  const refused = new WeakSet<Socket>();
  const expecting = new WeakSet<IncomingMessage>();
  /** What a target asks of our own routes, in origin form; null when it is to be forwarded. */
  const ownTarget = (url: string): string | null => {
    const path = url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?#]*/i, '');
    const next = path[prefix.length];
    return path.startsWith(prefix) && (next === '/' || next === undefined || next === '?') ? path : null;
  };

  /** What the parser refuses reaches no hook; it is answered here, and nothing of it is recorded (R1). */
  const refuseUnparsed = (error: Error & { code?: string }, socket: Socket): void => {
    // The parser says so again with every byte that follows.
    if (refused.has(socket)) return;
    refused.add(socket);
    const [status, reason] = UNPARSED[error.code ?? ''] ?? [400, 'Bad Request'];
    const refuse = (): void => refuseRaw(socket, status, reason, 'gateway.bad-request');
    const connection = clients.get(socket);
    if (connection === undefined) refuse();
    else connection.refuseUnread(refuse);
  };
  /** These leave the order of requests and answers: behind a request that is under way they end the connection. */
  const refuseTunnel = (socket: Socket, status: number, reason: string, code: ErrorCode): void => {
    if (clients.get(socket)?.busy === true) socket.destroy();
    else refuseRaw(socket, status, reason, code);
  };

  const app = fastify({
    logger: false,
    exposeHeadRoutes: true,
    forceCloseConnections: 'idle',
    keepAliveTimeout: timeouts.keepAliveMs,
    requestTimeout: timeouts.requestMs,
    // A missing Host is refused by our own check, as every other malformed head.
    http: {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: timeouts.requestHeadMs,
      connectionsCheckingInterval: 1000,
      noDelay: true,
      requireHostHeader: false,
    },
    routerOptions: { maxParamLength: limits.headerBytes },
    // Every request that is not ours goes to one static route, whatever its target looks like; what was asked for
    // stays in originalUrl.
    rewriteUrl: (request) => ownTarget(request.url ?? '') ?? PROXIED,
    clientErrorHandler: refuseUnparsed,
    frameworkErrors: (_error, _request, reply) =>
      sendRefusal(reply.raw, 'gateway.bad-request', 'The address of this page is malformed.', true),
  });
  for (const method of METHODS)
    if (method !== 'CONNECT' && !app.supportedMethods.includes(method))
      app.addHttpMethod(method, { hasBody: true });
  app.setErrorHandler((_error, _request, reply) => {
    reply.hijack();
    sendRefusal(reply.raw, 'gateway.bad-request', 'The request is malformed.', true);
  });
  app.setNotFoundHandler((request, reply) => {
    if (refuseOwn(request, reply)) return;
    reply.hijack();
    sendRefusal(reply.raw, 'gateway.no-route', 'There is no such page.', true);
  });
  void app.register((own, _options, done) => {
    own.addHook('onRequest', (request, reply, next) => {
      clients.get(request.raw.socket)?.touch();
      if (!refuseOwn(request, reply)) next();
    });
    registerOwnRoutes(own, { prefix, routes, badges: parts.badges, healthy: context.healthy });
    done();
  });

  const takeOver = (request: IncomingMessage, response: ServerResponse): void => {
    const connection = clients.get(request.socket);
    if (connection === undefined) {
      request.socket.destroy();
      return;
    }
    const exchange = new Exchange(
      { parts, book, routes, connection, scheme: 'http' },
      request,
      response,
      expecting.has(request),
    );
    const url =
      'originalUrl' in request && typeof request.originalUrl === 'string'
        ? request.originalUrl
        : (request.url ?? '');
    connection.run(request, response, () => exchange.start(url));
  };
  app.route({
    method: app.supportedMethods.filter((method) => method !== 'CONNECT'),
    url: PROXIED,
    exposeHeadRoute: false,
    onRequest: (request, reply, _done) => {
      reply.hijack();
      takeOver(request.raw, reply.raw);
    },
    handler: () => undefined,
  });

  const { server } = app;
  server.maxConnections = limits.connections;
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    try {
      clients.set(
        socket,
        new ClientConnection(socket, {
          listener: options.name,
          trust,
          book,
          clock: parts.clock,
          maxHead: limits.responseHeaderBytes,
          timeouts,
        }),
      );
    } catch (error) {
      if (!(error instanceof ClientGone)) throw error;
      socket.destroy();
    }
    // After the listener of ClientConnection: what is gone from here has been noted there.
    socket.once('close', () => open.delete(socket));
  });
  // The upstream decides whether it wants the body: its 100 is passed on, none is made up.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    expecting.add(request);
    server.emit('request', request, response);
  });
  server.on('upgrade', (_request: IncomingMessage, socket: Socket) =>
    refuseTunnel(socket, 501, 'Not Implemented', 'gateway.upgrade'),
  );
  server.on('connect', (_request: IncomingMessage, socket: Socket) =>
    refuseTunnel(socket, 405, 'Method Not Allowed', 'gateway.method'),
  );
  await listen(app, options);
  return {
    name: options.name,
    address: server.address() as AddressInfo,
    async close(graceMs) {
      const destroyAll = (): void => {
        for (const socket of open) socket.destroy();
      };
      const late = setTimeout(destroyAll, graceMs);
      // Node closes what is idle when the closing begins; what becomes idle later would be waited for.
      const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
      await app.close();
      clearTimeout(late);
      clearInterval(sweep);
      destroyAll();
      // The server counts a socket as closed before its own `close`, which ends its records.
      await Promise.all([...open].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    },
  };
}

async function listen(app: FastifyInstance, { host, port, name }: ListenerOptions): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'EADDRINUSE')
      throw new ShudiError('gateway.port-in-use', `Port ${port} is in use.`, `listener ${name}`, error);
    if (code === 'EADDRNOTAVAIL' || code === 'EACCES')
      throw new ShudiError(
        'config.invalid',
        `The listener's host and port cannot be used (${code}).`,
        `listener ${name}`,
        error,
      );
    throw error;
  }
}

/** A malformed request is refused on every route: whoever stands before us may read the next one elsewhere. */
function refuseOwn(request: FastifyRequest, reply: FastifyReply): boolean {
  const checked = checkRequest(request.raw, request.originalUrl);
  if (!('code' in checked)) return false;
  reply.hijack();
  sendRefusal(reply.raw, checked.code, checked.detail, true);
  return true;
}

const UNPARSED: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
};

function refuseRaw(socket: Socket, status: number, reason: string, code: ErrorCode): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify({ type: `urn:shudi:error:${code}`, status, title: reason, code });
  socket.on('error', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
