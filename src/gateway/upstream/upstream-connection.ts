import { connect, type Socket } from 'node:net';
import { canonicalAddress, socketPort, type Endpoint } from '../../model/address.ts';
import { ResponseParseError, ResponseParser, type ResponseHandler } from './response-parser.ts';

export type UpstreamFault = 'unreachable' | 'invalid' | 'timeout' | 'closed';

/** Who uses the connection for one exchange. */
export interface UpstreamUser extends ResponseHandler {
  /** The exchange cannot be completed. `closed` before any byte of the response may be worth another try. */
  onFault(fault: UpstreamFault): void;
  onDrain(): void;
  /** All that has arrived so far was handed over. */
  onRead(): void;
}

export interface UpstreamTimeouts {
  readonly connectMs: number;
  readonly headMs: number;
  readonly idleMs: number;
}

export interface UpstreamTarget {
  readonly host: string;
  readonly port: number;
}

/**
 * One HTTP/1.1 connection to a web service, of one client connection, for one exchange at a time (R3). Bytes that
 * nobody asked for close it: they could only reach the wrong reader.
 */
export class UpstreamConnection {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #socket: Socket;
  readonly #parser: ResponseParser;
  readonly #timeouts: UpstreamTimeouts;
  readonly #closed: () => void;
  #user: UpstreamUser | null = null;
  #alive = true;
  #received = false;
  #used = false;

  private constructor(
    socket: Socket,
    local: Endpoint,
    remote: Endpoint,
    maxHead: number,
    timeouts: UpstreamTimeouts,
    closed: () => void,
  ) {
    this.#socket = socket;
    this.#parser = new ResponseParser(maxHead);
    this.#timeouts = timeouts;
    this.#closed = closed;
    this.local = local;
    this.remote = remote;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('end', () => this.#onEnd());
    socket.on('error', () => this.#fail('closed'));
    socket.on('timeout', () => this.#fail('timeout'));
    socket.on('drain', () => this.#user?.onDrain());
    socket.on('close', () => {
      this.#fail('closed');
      this.#closed();
    });
  }

  /**
   * Opens a connection. No byte is sent until somebody writes, so that the record of its endpoint can come first (R1).
   * @param closed  called once, when the socket is gone
   */
  static open(
    target: UpstreamTarget,
    options: {
      maxHead: number;
      timeouts: UpstreamTimeouts;
      closed: (connection: UpstreamConnection) => void;
    },
    done: (fault: UpstreamFault | null, connection: UpstreamConnection | null) => void,
  ): void {
    const socket = connect({ host: target.host, port: target.port, noDelay: true });
    socket.setTimeout(options.timeouts.connectMs);
    const failed = (fault: UpstreamFault): void => {
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.destroy();
      done(fault, null);
    };
    socket.once('error', () => failed('unreachable'));
    socket.once('timeout', () => failed('timeout'));
    socket.once('connect', () => {
      const local = endpointOf(socket.localAddress, socket.localPort);
      const remote = endpointOf(socket.remoteAddress, socket.remotePort);
      if (local === null || remote === null) {
        // It was reset while it was being accepted: the kernel no longer knows its ends.
        failed('unreachable');
        return;
      }
      socket.removeAllListeners('error');
      socket.removeAllListeners('timeout');
      socket.setTimeout(0);
      const connection: UpstreamConnection = new UpstreamConnection(
        socket,
        local,
        remote,
        options.maxHead,
        options.timeouts,
        () => options.closed(connection),
      );
      done(null, connection);
    });
  }

  /** Whether another exchange may begin on it. */
  get usable(): boolean {
    return this.#alive && this.#user === null && this.#parser.idle;
  }

  /** Whether an exchange was completed on it: only then can a sudden close mean "it had idled too long". */
  get used(): boolean {
    return this.#used;
  }

  /** Whether a byte of the current response has arrived. */
  get received(): boolean {
    return this.#received;
  }

  begin(user: UpstreamUser, head: boolean): void {
    this.#user = user;
    this.#received = false;
    this.#parser.expect(user, head);
    this.#socket.setTimeout(this.#timeouts.headMs);
  }

  /** Writes; false asks to wait for `onDrain`. */
  write(data: string | Buffer): boolean {
    return typeof data === 'string' ? this.#socket.write(data, 'latin1') : this.#socket.write(data);
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** The exchange is over; the connection waits for the next, or is closed. */
  release(keep: boolean): void {
    this.#user = null;
    this.#used = true;
    if (!keep || !this.#alive) {
      this.destroy();
      return;
    }
    this.#socket.setTimeout(0);
    this.#socket.resume();
  }

  destroy(): void {
    this.#alive = false;
    this.#user = null;
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    if (!this.#received) {
      this.#received = true;
      if (this.#user !== null) this.#socket.setTimeout(this.#timeouts.idleMs);
    }
    try {
      this.#parser.execute(chunk);
      this.#user?.onRead();
    } catch (error) {
      if (!(error instanceof ResponseParseError)) throw error;
      this.#fail('invalid');
    }
  }

  #onEnd(): void {
    const whole = this.#parser.finish();
    this.#alive = false;
    if (!whole) this.#fail('closed');
    else this.#socket.destroy();
  }

  #fail(fault: UpstreamFault): void {
    const user = this.#user;
    this.destroy();
    user?.onFault(fault);
  }
}

function endpointOf(address: string | undefined, port: number | undefined): Endpoint | null {
  const canonical = address === undefined ? null : canonicalAddress(address);
  return canonical === null ? null : { address: canonical, port: socketPort(port) };
}
