import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { EventLog } from './event-log.ts';

export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** A request as the upstream saw it, byte by byte. */
export interface SeenRequest {
  readonly connection: UpstreamSocket;
  readonly method: string;
  readonly target: string;
  /** The head with its final blank line, latin1. */
  readonly head: string;
  /** Decoded body so far. */
  readonly body: string;
  readonly complete: boolean;
}

export type Answer = (request: SeenRequest, connection: UpstreamSocket) => void;

/** One connection at the upstream. */
export class UpstreamSocket {
  readonly number: number;
  readonly socket: Socket;
  readonly remote: { readonly address: string; readonly port: number };
  /** Everything received, latin1, unless the server is set to `drink`. */
  bytes = '';
  received = 0;
  closed = false;

  constructor(socket: Socket, number: number) {
    this.socket = socket;
    this.number = number;
    this.remote = {
      address: (socket.remoteAddress ?? '').replace('::ffff:', ''),
      port: socket.remotePort ?? 0,
    };
  }

  write(text: string): void {
    this.socket.write(text, 'latin1');
  }

  end(text = ''): void {
    this.socket.end(text, 'latin1');
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }
}

/** The value of a header in a head, or null; several are joined by ` | `. */
export function headerOf(head: string, name: string): string | null {
  const values = head
    .split('\r\n')
    .slice(1)
    .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
    .map((line) => line.slice(line.indexOf(':') + 1).trim());
  return values.length === 0 ? null : values.join(' | ');
}

/** A web service on bare sockets: it reports every byte, and answers what the test says. */
export class RawUpstream {
  readonly sockets: UpstreamSocket[] = [];
  readonly requests: SeenRequest[] = [];
  /** Called when a request's head is there. */
  answer: Answer = (_request, connection) => connection.write(OK);
  /** Reads without keeping: for floods. */
  drink = false;
  /** Called with every new connection. */
  accept: (connection: UpstreamSocket) => void = () => undefined;
  readonly #server: Server;
  readonly #log: EventLog;

  constructor(log: EventLog) {
    this.#log = log;
    this.#server = createServer({ allowHalfOpen: false }, (socket) => this.#connected(socket));
  }

  async listen(host = '127.0.0.1'): Promise<void> {
    this.#server.listen(0, host);
    await once(this.#server, 'listening');
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** All that all connections received. */
  get bytes(): string {
    return this.sockets.map((socket) => socket.bytes).join('');
  }

  get last(): SeenRequest {
    const request = this.requests.at(-1);
    if (request === undefined) throw new Error('the upstream saw no request');
    return request;
  }

  async close(): Promise<void> {
    for (const { socket } of this.sockets) socket.destroy();
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #connected(socket: Socket): void {
    const connection = new UpstreamSocket(socket, this.sockets.length);
    this.sockets.push(connection);
    this.#log.add('upstream', 'connected');
    const reader = new RequestReader(connection, (request) => {
      this.requests.push(request);
      this.answer(request, connection);
    });
    socket.on('data', (chunk: Buffer) => {
      connection.received += chunk.length;
      if (!this.drink || connection.received === chunk.length) {
        const text = chunk.toString('latin1');
        connection.bytes += text;
        if (this.drink) reader.headOnly(text);
        else reader.read(text);
      }
      this.#log.add('upstream', 'bytes');
    });
    socket.on('error', () => undefined);
    socket.on('end', () => this.#log.add('upstream', 'end'));
    socket.on('close', () => {
      connection.closed = true;
      this.#log.add('upstream', 'closed');
    });
    this.accept(connection);
  }
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Cuts requests out of bytes; just good enough for what the gateway writes. */
class RequestReader {
  readonly #connection: UpstreamSocket;
  readonly #seen: (request: SeenRequest) => void;
  #text = '';
  #request: Mutable<SeenRequest> | null = null;
  #left = 0;
  #chunked = false;

  constructor(connection: UpstreamSocket, seen: (request: SeenRequest) => void) {
    this.#connection = connection;
    this.#seen = seen;
  }

  headOnly(text: string): void {
    this.#text = text;
    this.#head();
    this.#text = '';
  }

  read(text: string): void {
    this.#text += text;
    while (this.#request === null ? this.#head() : this.#body(this.#request));
  }

  #head(): boolean {
    const end = this.#text.indexOf('\r\n\r\n');
    if (end === -1) return false;
    const head = this.#text.slice(0, end + 4);
    this.#text = this.#text.slice(end + 4);
    const [method = '', target = ''] = head.split(' ');
    this.#chunked = headerOf(head, 'transfer-encoding') !== null;
    this.#left = Number(headerOf(head, 'content-length') ?? 0);
    const complete = !this.#chunked && this.#left === 0;
    const request = { connection: this.#connection, method, target, head, body: '', complete };
    this.#request = complete ? null : request;
    this.#seen(request);
    return true;
  }

  #body(request: Mutable<SeenRequest>): boolean {
    if (this.#chunked) return this.#chunk(request);
    const part = this.#text.slice(0, this.#left);
    if (part === '') return false;
    this.#text = this.#text.slice(part.length);
    this.#left -= part.length;
    request.body += part;
    if (this.#left === 0) this.#completed(request);
    return true;
  }

  #chunk(request: Mutable<SeenRequest>): boolean {
    const end = this.#text.indexOf('\r\n');
    if (end === -1) return false;
    const size = Number.parseInt(this.#text.slice(0, end), 16);
    if (this.#text.length < end + 2 + size + 2) return false;
    request.body += this.#text.slice(end + 2, end + 2 + size);
    this.#text = this.#text.slice(end + 2 + size + 2);
    if (size === 0) this.#completed(request);
    return true;
  }

  #completed(request: Mutable<SeenRequest>): void {
    request.complete = true;
    this.#request = null;
  }
}
