import { connect, type Socket } from 'node:net';
import { canonicalAddress, socketPort, type Endpoint } from '../../model/address.ts';
import type { Millis } from '../../model/time.ts';
import { countRead } from '../../platform/young-buffers.ts';
import type { Deadlines, Timed } from '../deadlines.ts';
import {
  ResponseParseError,
  ResponseParser,
  type Expected,
  type ResponseHandler,
} from '../http1/response-parser.ts';
import type { GatewayTimeouts } from '../options.ts';
import { cachedLookup } from './resolve.ts';

export type UpstreamFault = 'unreachable' | 'invalid' | 'timeout' | 'closed';

/** Who uses the connection for one exchange. */
export interface UpstreamUser extends ResponseHandler {
  /** The exchange cannot be completed. `closed` before any byte of the response may be worth another try. */
  onFault(fault: UpstreamFault): void;
  onDrain(): void;
  /** All that has arrived so far was handed over. */
  onRead(): void;
}

export interface UpstreamTarget {
  readonly host: string;
  readonly port: number;
}

export interface UpstreamOptions {
  readonly maxHead: number;
  readonly timeouts: () => GatewayTimeouts;
  readonly deadlines: Deadlines;
  /** When it was opened, by the records' clock. */
  readonly clock: () => Millis;
  /** The opening of the recorder that its record is stored in. */
  readonly epoch: number;
  /** Called once, when the socket is gone. */
  readonly closed: (connection: UpstreamConnection) => void;
}

/**
 * One HTTP/1.1 connection to a web service, for one exchange at a time (R3). Bytes that nobody asked for close it: they
 * could only reach the wrong reader.
 */
export class UpstreamConnection implements Timed {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly from: Millis;
  readonly epoch: number;
  deadline: number;
  readonly #socket: Socket;
  readonly #parser: ResponseParser;
  readonly #options: UpstreamOptions;
  #user: UpstreamUser | null = null;
  #alive = true;
  #received = false;
  #used = false;
  #paused = false;
  #tunnel = false;

  private constructor(socket: Socket, local: Endpoint, remote: Endpoint, options: UpstreamOptions) {
    this.#socket = socket;
    this.#parser = new ResponseParser(options.maxHead);
    this.#options = options;
    this.local = local;
    this.remote = remote;
    this.from = options.clock();
    this.epoch = options.epoch;
    this.deadline = performance.now() + options.timeouts().upstreamKeepAliveMs;
    const place = options.deadlines.add(this);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('end', () => this.#onEnd());
    socket.on('drain', () => this.#onDrain());
    socket.on('close', () => {
      options.deadlines.remove(place);
      this.#fail('closed');
      options.closed(this);
    });
  }

  /**
   * Opens a connection. No byte is sent until somebody writes, so that the record of its endpoint can come first (R1).
   */
  static open(
    target: UpstreamTarget,
    options: UpstreamOptions,
    done: (fault: UpstreamFault | null, connection: UpstreamConnection | null) => void,
  ): void {
    const known = endpointOf(target.host, target.port);
    const socket = connect({ host: target.host, port: target.port, noDelay: true, lookup: cachedLookup });
    let connection: UpstreamConnection | null = null;
    let over = false;
    const waiting: Timed = {
      deadline: performance.now() + options.timeouts().connectMs,
      expire: () => failed('timeout'),
    };
    const place = options.deadlines.add(waiting);
    const failed = (fault: UpstreamFault): void => {
      if (over) return;
      over = true;
      options.deadlines.remove(place);
      socket.destroy();
      done(fault, null);
    };
    socket.on('error', () => {
      if (connection === null) failed('unreachable');
      else connection.#fail('closed');
    });
    socket.once('connect', () => {
      if (over) return;
      const local = endpointOf(socket.localAddress, socket.localPort);
      // A system call less where the target is an address.
      const remote = known ?? endpointOf(socket.remoteAddress, socket.remotePort);
      if (local === null || remote === null) {
        // It was reset while it was being accepted: the kernel no longer knows its ends.
        failed('unreachable');
        return;
      }
      over = true;
      options.deadlines.remove(place);
      connection = new UpstreamConnection(socket, local, remote, options);
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

  begin(user: UpstreamUser, expected: Expected): void {
    this.#user = user;
    this.#received = false;
    this.#parser.expect(user, expected);
    this.deadline = performance.now() + this.#options.timeouts().headMs;
  }

  /** Writes; false asks to wait for `onDrain`. */
  write(data: string | Buffer): boolean {
    if (!this.#received) this.deadline = performance.now() + this.#options.timeouts().headMs;
    return typeof data === 'string' ? this.#socket.write(data, 'latin1') : this.#socket.write(data);
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  /** Its bytes are no HTTP from now on. The client's side keeps the time of a tunnel. */
  tunnel(): void {
    this.#tunnel = true;
    this.deadline = Number.POSITIVE_INFINITY;
  }

  /** Reads no more: whoever it is for does not take it. Its own time limit rests meanwhile. */
  pause(): void {
    this.#paused = true;
    this.deadline = Number.POSITIVE_INFINITY;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#user !== null && !this.#tunnel)
      this.deadline = performance.now() + this.#options.timeouts().idleMs;
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
    this.deadline = performance.now() + this.#options.timeouts().upstreamKeepAliveMs;
    if (this.#paused) {
      this.#paused = false;
      this.#socket.resume();
    }
  }

  /** Sends what was written and closes. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#alive = false;
    this.#user = null;
    this.#socket.destroy();
  }

  expire(): void {
    if (this.#user === null) this.destroy();
    else this.#fail('timeout');
  }

  #onData(chunk: Buffer): void {
    countRead(chunk.length);
    this.#received = true;
    if (this.#user !== null && !this.#paused && !this.#tunnel)
      this.deadline = performance.now() + this.#options.timeouts().idleMs;
    try {
      this.#parser.execute(chunk);
      this.#user?.onRead();
    } catch (error) {
      if (!(error instanceof ResponseParseError)) throw error;
      this.#fail('invalid');
    }
  }

  #onDrain(): void {
    if (!this.#received) this.deadline = performance.now() + this.#options.timeouts().headMs;
    this.#user?.onDrain();
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
