import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { membersOf, valuesOf } from './grammar.ts';
import { requestAt, type StrictRequest } from './requests.ts';

/** A message as the upstream read it; also the body of its answer, and the value of its `X-Report`. */
export interface Report {
  readonly connection: number;
  /** Its place on that connection, from 1. */
  readonly message: number;
  readonly method: string;
  readonly target: string;
  readonly headers: number;
  readonly framing: string;
  readonly bodyLength: number;
  readonly sha256: string;
  /** The `X-Nonce` that it carries, '' when it carries none. */
  readonly nonce: string;
}

export interface SeenMessage extends Report {
  readonly request: StrictRequest;
}

export const sha256 = (latin1: string): string =>
  createHash('sha256').update(Buffer.from(latin1, 'latin1')).digest('hex');

const REQUEST_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** They speak of one connection (RFC 9110, 7.6.1), so none of them has any business here. */
const NEVER = [
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'te',
  'trailer',
  'upgrade',
  'http2-settings',
];

/** What must not stand in trailers (RFC 9110, 6.5.1), and what only the gateway may say of a client. */
const NO_TRAILER =
  /^(?:host|content-|transfer-|trailer$|te$|connection$|upgrade$|expect$|max-forwards$|cache-control$|authorization$|proxy-|cookie$|set-cookie$|range$|if-|forwarded$|x-forwarded|x-request-id$|x-shudi-|x-ip-region|x-real-ip$)/i;

/** Why a request is not one that a gateway may send, or null. */
function fault(request: StrictRequest): string | null {
  const { fields } = request;
  if (request.version !== '1.1') return `version ${request.version}`;
  if (!request.target.startsWith('/') && request.target !== '*') return 'a target that is no path';
  if (request.head.startsWith('\r\n')) return 'an empty line before the request';
  const trailer = request.trailers.find(([name]) => NO_TRAILER.test(name));
  if (trailer !== undefined) return `a trailer: ${trailer[0]}`;
  const hop = NEVER.find((name) => valuesOf(fields, name).length > 0);
  if (hop !== undefined) return `a header of one connection: ${hop}`;
  const option = membersOf(fields, 'connection').find(
    (member) => member !== 'close' && member !== 'keep-alive',
  );
  if (option !== undefined) return `Connection names ${option}`;
  const ids = valuesOf(fields, 'x-request-id');
  if (ids.length !== 1 || !REQUEST_ID.test(ids[0] ?? '')) return `X-Request-Id: ${ids.join(' | ')}`;
  if (valuesOf(fields, 'x-forwarded-for').length !== 1) return 'not one X-Forwarded-For';
  return null;
}

/**
 * A web service that reads to the letter. It answers each whole request with a report of how it was framed, and notes
 * an alarm and hangs up on anything else: bytes that are no request, bytes behind a request that has no answer yet.
 */
export class StrictUpstream {
  readonly messages: SeenMessage[] = [];
  readonly alarms: string[] = [];
  /** Connections so far, and those that are open. */
  connections = 0;
  open = 0;
  /** Called after every event: `bytes`, `message`, `closed`. */
  onEvent: (what: string) => void = () => undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((socket) => this.#connected(socket));
  }

  static async listen(): Promise<StrictUpstream> {
    const upstream = new StrictUpstream();
    upstream.#server.listen(0, '127.0.0.1');
    await once(upstream.#server, 'listening');
    return upstream;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #connected(socket: Socket): void {
    const connection = (this.connections += 1);
    this.open += 1;
    this.#sockets.add(socket);
    let text = '';
    let count = 0;
    const alarm = (why: string): void => {
      this.alarms.push(`connection ${connection}, message ${count + 1}: ${why}`);
      socket.destroy();
    };
    socket.on('data', (chunk: Buffer) => {
      if (socket.destroyed) return;
      this.onEvent('bytes');
      text += chunk.toString('latin1');
      const read = requestAt(text, 0);
      if (read.kind === 'malformed') return alarm(read.reason);
      if (read.kind === 'incomplete') return;
      const why = text.startsWith('\r\n') ? 'an empty line before the request' : fault(read.request);
      if (why !== null) return alarm(why);
      // A gateway that sends one request at a time has nothing to send before the answer.
      if (read.request.next !== text.length)
        return alarm(
          `bytes behind a request: ${JSON.stringify(text.slice(read.request.next, read.request.next + 80))}`,
        );
      text = '';
      count += 1;
      this.#answer(socket, reportOf(read.request, connection, count));
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.open -= 1;
      this.#sockets.delete(socket);
      this.onEvent('closed');
    });
  }

  #answer(socket: Socket, seen: SeenMessage): void {
    this.messages.push(seen);
    this.onEvent('message');
    const { request, ...report } = seen;
    const text = JSON.stringify(report);
    socket.write(
      `HTTP/1.1 200 OK\r\nX-Report: ${text}\r\nContent-Length: ${text.length}\r\n\r\n${request.method === 'HEAD' ? '' : text}`,
      'latin1',
    );
  }
}

function reportOf(request: StrictRequest, connection: number, message: number): SeenMessage {
  return {
    connection,
    message,
    method: request.method,
    target: request.target,
    headers: request.fields.length,
    framing: request.framing,
    bodyLength: request.body.length,
    sha256: sha256(request.body),
    nonce: valuesOf(request.fields, 'x-nonce').join(' | '),
    request,
  };
}
