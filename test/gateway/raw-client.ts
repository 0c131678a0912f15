import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import type { EventLog } from './event-log.ts';
import { headerOf } from './raw-upstream.ts';

export interface SeenResponse {
  readonly status: number;
  /** The head with its final blank line, latin1. */
  readonly head: string;
  /** Decoded body, latin1. */
  readonly body: string;
}

/** A client on a bare socket. */
export class RawClient {
  readonly socket: Socket;
  /** Everything received, latin1. */
  bytes = '';
  received = 0;
  closed = false;
  /** The code of the error that ended the connection. */
  errorCode: string | null = null;
  readonly #log: EventLog;
  #at = 0;

  private constructor(socket: Socket, log: EventLog) {
    this.socket = socket;
    this.#log = log;
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.length;
      this.bytes += chunk.toString('latin1');
      log.add('client', 'bytes');
    });
    socket.on('end', () => log.add('client', 'end'));
    socket.on('error', (error: Error & { code?: string }) => (this.errorCode = error.code ?? error.message));
    socket.on('close', () => {
      this.closed = true;
      log.add('client', 'closed');
    });
  }

  static async open(
    port: number,
    log: EventLog,
    localAddress = '127.0.0.1',
    host = '127.0.0.1',
  ): Promise<RawClient> {
    const socket = connect({ port, host, localAddress, noDelay: true });
    const client = new RawClient(socket, log);
    await once(socket, 'connect');
    return client;
  }

  get local(): { readonly address: string; readonly port: number } {
    return { address: this.socket.localAddress ?? '', port: this.socket.localPort ?? 0 };
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Sends a GET with these header lines; each must end with CRLF. */
  get(target = '/', lines = ''): void {
    this.send(`GET ${target} HTTP/1.1\r\nHost: forum.example\r\n${lines}\r\n`);
  }

  /** Sends a POST with a body of known length. */
  post(target = '/', lines = '', body = 'hello'): void {
    this.send(
      `POST ${target} HTTP/1.1\r\nHost: forum.example\r\nContent-Length: ${body.length}\r\n${lines}\r\n${body}`,
    );
  }

  /** The next response, 1xx included; `head` when no body follows it whatever it says. */
  async response(head = false): Promise<SeenResponse> {
    let found: SeenResponse | null = null;
    await this.#log.until(() => (found = this.#take(head)) !== null || this.closed, 'a response');
    // The closing may be what the last bytes waited for.
    found ??= this.#take(head);
    if (found === null)
      throw new Error(
        `closed without a whole response; received: ${JSON.stringify(this.bytes.slice(this.#at))}`,
      );
    return found;
  }

  async untilClosed(): Promise<void> {
    await this.#log.until(() => this.closed, 'the end of the client connection');
  }

  async untilReceived(text: string): Promise<void> {
    await this.#log.until(() => this.bytes.includes(text), `the client getting ${JSON.stringify(text)}`);
  }

  destroy(): void {
    this.socket.destroy();
  }

  #take(bodyless: boolean): SeenResponse | null {
    const text = this.bytes.slice(this.#at);
    const end = text.indexOf('\r\n\r\n');
    if (end === -1) return null;
    const head = text.slice(0, end + 4);
    const status = Number(head.split(' ')[1]);
    const rest = text.slice(end + 4);
    const body =
      bodyless || status < 200 || status === 204 || status === 304
        ? { text: '', length: 0 }
        : this.#body(head, rest);
    if (body === null) return null;
    this.#at += end + 4 + body.length;
    return { status, head, body: body.text };
  }

  #body(head: string, rest: string): { text: string; length: number } | null {
    const length = headerOf(head, 'content-length');
    if (length !== null)
      return rest.length < Number(length)
        ? null
        : { text: rest.slice(0, Number(length)), length: Number(length) };
    if (headerOf(head, 'transfer-encoding') === null)
      return this.closed ? { text: rest, length: rest.length } : null;
    let text = '';
    for (let at = 0; ;) {
      const line = rest.indexOf('\r\n', at);
      if (line === -1) return null;
      const size = Number.parseInt(rest.slice(at, line), 16);
      if (rest.length < line + 2 + size + 2) return null;
      text += rest.slice(line + 2, line + 2 + size);
      at = line + 2 + size + 2;
      if (size === 0) return { text, length: at };
    }
  }
}
