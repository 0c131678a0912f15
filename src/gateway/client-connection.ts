import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { canonicalAddress, socketPort, type Endpoint } from '../model/address.ts';
import type { EgressRecord } from '../model/records.ts';
import type { Clock, Millis } from '../model/time.ts';
import type { ContactBook } from './contact-book.ts';
import type { LiveContact } from './contact.ts';
import type { AddressTrust } from './client-address.ts';
import {
  UpstreamConnection,
  type UpstreamFault,
  type UpstreamTarget,
  type UpstreamTimeouts,
} from './upstream/upstream-connection.ts';

/** More requests than this waiting on one connection (pipelining) close it. */
const MAX_PIPELINED = 100;

/** A client that is still sending gets this long to read its answer before the connection is reset under it. */
const LINGER_MS = 2000;

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
  /** The upstream connection in use to each upstream. */
  readonly #upstreams = new Map<string, UpstreamConnection>();
  /** All that are open, and since when. */
  readonly #open = new Map<UpstreamConnection, Millis>();
  readonly #queue: (() => void)[] = [];
  #last: { readonly request: IncomingMessage; readonly response: ServerResponse } | null = null;
  #busy = false;
  #gone = false;
  #bytesSeen = 0;

  constructor(socket: Socket, options: ClientConnectionOptions) {
    this.#socket = socket;
    this.options = options;
    const from = options.clock();
    this.peer = endpointOf(socket.remoteAddress, socket.remotePort);
    this.own = endpointOf(socket.localAddress, socket.localPort);
    this.contact = options.trust.trusts(this.peer.address)
      ? null
      : options.book.direct(options.listener, this.peer, this.own, from);
    socket.once('close', () => this.#close());
  }

  /** Runs one exchange after the other; `next` ends the one that runs. */
  run(request: IncomingMessage, response: ServerResponse, exchange: () => void): void {
    this.#last = { request, response };
    this.#after(exchange);
  }

  next(): void {
    // What stands behind an answer that closes the connection could not be answered, so it must not be forwarded.
    if (!this.#socket.writable) this.#queue.length = 0;
    const step = this.#queue.shift();
    if (step === undefined) this.#busy = false;
    else step();
  }

  #after(step: () => void): void {
    if (!this.#socket.writable) return;
    if (!this.#busy) {
      this.#busy = true;
      step();
    } else if (this.#queue.length < MAX_PIPELINED) this.#queue.push(step);
    else this.#socket.destroy();
  }

  /** Whether a request is under way. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Refuses bytes that are no request; what was asked before them is answered first, so that no answer is mistaken. */
  refuseUnread(refusal: () => void): void {
    const last = this.#last;
    if (!this.#busy || last === null || last.request.complete) this.#after(refusal);
    // They are in the body of the last request: this is its answer, unless that has begun, or another one's is due.
    else if (this.#queue.length === 0 && !last.response.headersSent) refusal();
    else this.#socket.destroy();
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** An upstream connection that is open and idle, or null. */
  idleUpstream(key: string): UpstreamConnection | null {
    const connection = this.#upstreams.get(key);
    return connection?.usable === true ? connection : null;
  }

  /**
   * Opens an upstream connection. `done` gets the record of its endpoint, which must be durable before a byte is
   * sent over it.
   */
  openUpstream(
    key: string,
    target: UpstreamTarget,
    done: (
      fault: UpstreamFault | null,
      connection: UpstreamConnection | null,
      egress: EgressRecord | null,
    ) => void,
  ): void {
    const { clock, maxHead, timeouts } = this.options;
    UpstreamConnection.open(
      target,
      { maxHead, timeouts, closed: (connection) => this.#upstreamClosed(connection) },
      (fault, connection) => {
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
        this.#upstreams.get(key)?.destroy();
        this.#upstreams.set(key, connection);
        this.#open.set(connection, from);
        done(null, connection, {
          type: 'egress',
          connection: this.contact?.facts.id ?? null,
          local: connection.local,
          remote: connection.remote,
          listener: this.options.listener,
          peer: this.peer,
          from,
        });
      },
    );
  }

  /** Closes the client's side without another byte; `reset` so that no one can take it for an orderly end. */
  destroy(reset = false): void {
    if (reset) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /** Closes the client's side once the response is out; what still comes in is read away, for a moment. */
  destroyAfter(response: ServerResponse): void {
    const end = (): void => {
      this.#socket.end();
      setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
    };
    response.req.resume();
    // Node destroys the socket behind a `Connection: close`; with bytes unread that is a reset, which may overtake the
    // answer.
    this.#socket.destroySoon = () => this.#socket.end();
    if (response.writableFinished) end();
    else response.once('finish', end);
  }

  #upstreamClosed(connection: UpstreamConnection): void {
    const from = this.#open.get(connection);
    if (from === undefined) return;
    this.#open.delete(connection);
    this.options.book.note({
      type: 'egress-end',
      connection: this.contact?.facts.id ?? null,
      local: connection.local,
      from,
      to: this.options.clock(),
    });
  }

  /** Notes that bytes of the client have arrived; called with every request and every piece of a body. */
  touch(): void {
    this.#bytesSeen = this.#socket.bytesRead;
    if (this.contact !== null) this.contact.lastByte = this.options.clock();
  }

  #close(): void {
    this.#gone = true;
    const now = this.options.clock();
    this.#queue.length = 0;
    for (const connection of this.#open.keys()) {
      connection.destroy();
      // With its client gone, the contact's end is the end of this endpoint too; a shared one has no such end.
      if (this.contact === null) this.#upstreamClosed(connection);
    }
    this.#open.clear();
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
