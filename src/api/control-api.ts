import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { AddressInfo, Socket } from 'node:net';
import { ERROR_CODES } from '../model/error-codes.ts';
import { problemOf, ShudiError } from '../model/errors.ts';
import { admission, type Admitted } from './admission.ts';
import { openApiOf } from './openapi.ts';
import type { ControlOptions } from './parts.ts';
import { asShudiError } from './problems.ts';
import { TooFast } from './rate.ts';
import { route, type Route } from './route.ts';
import { Free } from './schemas.ts';
import { routeTable } from './table.ts';

export interface ControlApi {
  readonly address: AddressInfo;
  /** Lets what is under way finish, takes nothing new. */
  close(): Promise<void>;
}

const BODY_LIMIT = 256 * 1024;
/** An account id of 128 characters, each three bytes, each byte written as %xx. */
const PARAM_LIMIT = 128 * 9;
const REQUEST_TIMEOUT_MS = 30_000;
const MAX_CONNECTIONS = 1000;

/**
 * Opens the control side: its own listener, that shares nothing with the gateway's. Loopback by default: who opens it
 * further puts TLS before it.
 * @throws ShudiError gateway.port-in-use
 */
export async function openControlApi(options: ControlOptions): Promise<ControlApi> {
  const app = controlServer(options);
  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (cause) {
    await app.close();
    const inUse = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
    if (inUse)
      throw new ShudiError(
        'gateway.port-in-use',
        'The port of the control side is taken.',
        `control.port ${options.port}`,
        cause,
      );
    throw cause;
  }
  return { address: app.server.address() as AddressInfo, close: () => app.close() };
}

/** The routes with the OpenAPI document that describes them, itself included. */
export function allRoutes(options: ControlOptions): readonly Route[] {
  const table: Route[] = [...routeTable(options)];
  const self = route({
    method: 'GET',
    path: '/openapi.json',
    access: 'public',
    summary: 'This document',
    answer: Free,
    handle: () => document,
  });
  table.push(self);
  const document = openApiOf(table);
  return table;
}

function controlServer(options: ControlOptions): FastifyInstance {
  const { log } = options;
  const app = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: PARAM_LIMIT },
    frameworkErrors: (error, request, reply) => sendProblem(reply, error, options, request.method),
    clientErrorHandler: refuseSocket,
  });
  app.server.maxConnections = MAX_CONNECTIONS;
  // JSON only; without this Fastify would take plain text as well.
  app.removeContentTypeParser('text/plain');
  const routes = allRoutes(options);
  const admit = admission(options);
  const admitted = new WeakMap<FastifyRequest, Admitted>();
  const byPath = new Map<string, Route[]>();
  for (const item of routes) byPath.set(item.path, [...(byPath.get(item.path) ?? []), item]);

  app.addHook('onRequest', async (request, reply) => {
    void reply.headers(HEADERS);
    admit.host(request.headers.host);
  });
  for (const item of routes) {
    app.route({
      method: item.method,
      url: item.path.replace(/\{(\w+)\}/g, ':$1'),
      // Before the body is read: who may not call a route cannot make it parse anything.
      onRequest: async (request) => {
        admitted.set(request, await admit.caller(item, request.headers.authorization));
      },
      handler: async (request, reply) => {
        const { params, query, body } = request;
        const who = admitted.get(request) ?? { caller: null, bearer: '' };
        const answer = await item.run({ ...who, params, query, body });
        return reply.code(answer.status).type(item.mediaType).send(answer.body);
      },
    });
  }
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    const methods = [...byPath]
      .filter(([pattern]) => matches(pattern, path))
      .flatMap(([, items]) => items.map(({ method }) => method));
    if (methods.length === 0) throw new ShudiError('api.not-found', 'No route has this path.');
    void reply.header('allow', methods.join(', '));
    throw new ShudiError('api.method', 'The path has other methods.');
  });
  app.setErrorHandler((error, request, reply) =>
    sendProblem(reply, error, options, request.routeOptions.url ?? '-'),
  );
  app.addHook('onClose', async () => log.info('control.closed'));
  return app;
}

const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
} as const;

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const given = path.split('/');
  return (
    wanted.length === given.length &&
    wanted.every((part, index) => part.startsWith('{') || part === given[index])
  );
}

/** @param where  the route's pattern, never the path that was asked for: it can name an account (R12) */
function sendProblem(reply: FastifyReply, thrown: unknown, { log }: ControlOptions, where: string): void {
  const error = asShudiError(thrown);
  const { where: place, ...told } = problemOf(error);
  // What failed inside is the operator's to know: a path of the machine tells a caller nothing of use.
  const problem = told.status >= 500 || place === undefined ? told : { ...told, where: place };
  if (problem.status >= 500) log.error('control.problem', { code: problem.code, route: where });
  if (error instanceof TooFast) void reply.header('retry-after', String(error.seconds));
  if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
  if (problem.status === 503) void reply.header('retry-after', '5');
  void reply
    .code(problem.status)
    .headers(HEADERS)
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(problem));
}

/** What is no HTTP at all gets one answer, and the connection ends. */
function refuseSocket(_error: Error, socket: Socket): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const { status } = ERROR_CODES['api.malformed'];
  const body = JSON.stringify(problemOf(new ShudiError('api.malformed', 'This is no HTTP request.')));
  const head = [
    `HTTP/1.1 ${status} Bad Request`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
