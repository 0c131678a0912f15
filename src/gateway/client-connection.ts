import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { canonicalAddress, socketPort, type Endpoint } from '../model/address.ts';
import type { EgressRecord } from '../model/records.ts';
import type { Clock, Millis } from '../model/time.ts';
import type { ContactBook } from './contact-book.ts';
import type { LiveContact } from './contact.ts';
import type { AddressTrust } from './client-address.ts';
import { UpstreamConnection, type UpstreamFault, type UpstreamTarget, type UpstreamTimeouts } from './upstream/upstream-connection.ts';

/** More requests than this waiting on one connection (pipelining) close it. */
const MAX_PIPELINED = 100;

/** A client that is still sending gets this long to read its answer before the connection is reset under it. */
const LINGER_MS = 2000;

interface Held {
  readonly connection: UpstreamConnection;
  readonly from: Millis;
}

export interface ClientConnectionOptions {
  readonly listener: string;
  readonly trust: AddressTrust;
  readonly book: ContactBook;
  readonly clock: Clock;
  readonly maxHead: number;
  readonly timeouts: UpstreamTimeouts;
}

/**
 * A client's TCP connection: its contact (or, behind a trusted proxy, none of its own), its upstream connections, and
 * its requests, one at a time, so that an upstream connection never carries two.
 */
export class ClientConnection {
  readonly peer: Endpoint;
  readonly own: Endpoint;
  /** The contact of a client that speaks for itself; null for a trusted proxy, each of whose requests tells its own. */
  readonly contact: LiveContact | null;
  readonly options: ClientConnectionOptions;
  readonly #socket: Socket;
  readonly #upstreams = new Map<string, Held>();
  readonly #queue: (() => void)[] = [];
  #busy = false;
  #gone = false;
  #bytesSeen = 0;

  constructor(socket: Socket, options: ClientConnectionOptions) {
    this.#socket = socket;
    this.options = options;
    const from = options.clock();
    this.peer = endpointOf(socket.remoteAddress, socket.remotePort);
    this.own = endpointOf(socket.localAddress, socket.localPort);
    this.contact = options.trust.trusts(this.peer.address) ? null : options.book.direct(options.listener, this.peer, this.own, from);
    socket.once('close', () => this.#close());
  }

  /** Runs one exchange after the other; `next` ends the one that runs. */
  run(exchange: () => void): void {
    if (!this.#busy) {
      this.#busy = true;
      exchange();
    } else if (this.#queue.length < MAX_PIPELINED) this.#queue.push(exchange);
    else this.#socket.destroy();
  }

  next(): void {
    const exchange = this.#queue.shift();
    if (exchange === undefined) this.#busy = false;
    else exchange();
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** An upstream connection that is open and idle, or null. */
  idleUpstream(key: string): UpstreamConnection | null {
    const held = this.#upstreams.get(key);
    return held !== undefined && held.connection.usable ? held.connection : null;
  }

  /**
   * Opens an upstream connection. `done` gets the record of its endpoint, which must be durable before a byte is
   * sent over it.
   */
  openUpstream(key: string, target: UpstreamTarget, done: (fault: UpstreamFault | null, connection: UpstreamConnection | null, egress: EgressRecord | null) => void): void {
    const { clock, maxHead, timeouts } = this.options;
    UpstreamConnection.open(target, { maxHead, timeouts, closed: (connection) => this.#upstreamClosed(key, connection) }, (fault, connection) => {
      if (connection === null) {
        done(fault, null, null);
        return;
      }
      if (this.#gone) {
        connection.destroy();
        done('closed', null, null);
        return;
      }
      const from = clock();
      this.#upstreams.get(key)?.connection.destroy();
      this.#upstreams.set(key, { connection, from });
      done(null, connection, {
        type: 'egress',
        connection: this.contact?.facts.id ?? null,
        local: connection.local,
        remote: connection.remote,
        listener: this.options.listener,
        peer: this.peer,
        from,
      });
    });
  }

  /** Closes the client's side without another byte. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Closes the client's side once the response is out; what still comes in is read away, for a moment. */
  destroyAfter(response: ServerResponse): void {
    const end = (): void => {
      this.#socket.end();
      setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
    };
    response.req.resume();
    if (response.writableFinished) end();
    else response.once('finish', end);
  }

  #upstreamClosed(key: string, connection: UpstreamConnection): void {
    const held = this.#upstreams.get(key);
    if (held?.connection === connection) this.#upstreams.delete(key);
    const from = held?.connection === connection ? held.from : null;
    // With its client gone, the contact's end is the end of this endpoint too; a shared one has no such end.
    if (from === null || (this.#gone && this.contact !== null)) return;
    this.options.book.note({ type: 'egress-end', connection: this.contact?.facts.id ?? null, local: connection.local, from, to: this.options.clock() });
  }

  /** Notes that bytes of the client have arrived; called with every request and every piece of a body. */
  touch(): void {
    this.#bytesSeen = this.#socket.bytesRead;
    if (this.contact !== null) this.contact.lastByte = this.options.clock();
  }

  #close(): void {
    this.#gone = true;
    const now = this.options.clock();
    for (const held of this.#upstreams.values()) held.connection.destroy();
    if (this.contact === null) return;
    // Bytes that made no whole request came after the last one; when exactly is not known, so the end is taken.
    if (this.#socket.bytesRead > this.#bytesSeen) this.contact.lastByte = now;
    this.options.book.leave(this.contact, now);
  }
}

function endpointOf(address: string | undefined, port: number | undefined): Endpoint {
  const canonical = address === undefined ? null : canonicalAddress(address);
  if (canonical === null) throw new ClientGone();
  return { address: canonical, port: socketPort(port) };
}

/** The client was gone before it could be asked for its address. */
export class ClientGone extends Error {}
