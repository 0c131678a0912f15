import type { Socket } from 'node:net';
import type { ConnectionId } from '../../model/records.ts';
import type { Place } from '../../platform/registry.ts';
import { countRead } from '../../platform/young-buffers.ts';
import type { ListenerContext } from '../context.ts';
import type { Timed } from '../deadlines.ts';
import { Exchange } from '../exchange/exchange.ts';
import { clientPrefix } from '../guard/client-prefix.ts';
import type { SecurityKind } from '../guard/security-events.ts';
import { fieldValue, type HeaderBlock } from '../http1/header-block.ts';
import { RequestError } from '../http1/request-error.ts';
import { RequestParser, type RequestHandler, type RequestHead } from '../http1/request-parser.ts';
import { UpstreamSockets } from '../upstream/upstream-sockets.ts';
import type { ClientClaim } from './client-address.ts';
import type { ByteSink, ConnectionOrigin } from './connection-contract.ts';
import type { LiveContact } from './contact.ts';
import { REFUSAL_KINDS, refusalText } from './refusal.ts';

/** Bytes that may wait behind a request that is under way; beyond it the client is not read. */
const MAX_WAITING = 65_536;
/** A client that is still sending gets this long to read its answer before the connection is closed under it. */
const LINGER_MS = 2000;
/** When a half-closed client is asked again whether it is still there. */
const SECOND_PROBE_MS = 250;
const PROBE_MS = 5000;

const Phase = { Idle: 0, Head: 1, Body: 2, Answer: 3, Closing: 4, Tunnel: 5 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];

/**
 * A client's TCP or TLS connection: reads its requests, one at a time, so that an upstream connection never carries
 * two; keeps its time limits; and holds what is worked out once a connection (R11): contact, prefix, upstream sockets.
 */
export class ClientConnection implements RequestHandler, Timed {
  readonly origin: ConnectionOrigin;
  readonly listener: ListenerContext;
  readonly upstreams: UpstreamSockets;
  deadline: number;
  readonly #socket: Socket;
  readonly #parser: RequestParser;
  readonly #timed: Place;
  readonly #listed: Place;
  #contact: LiveContact | null = null;
  #prefix: string | null = null;
  #exchange: Exchange | null = null;
  #sink: ByteSink | null = null;
  #phase: Phase = Phase.Head;
  /** When the request that is being read began. */
  #began: number;
  /** The client has sent its FIN: it is served what it asked for, and nothing more comes. */
  #ended = false;
  #gone = false;
  /** What was written last waits for the client. */
  #blocked = false;
  /** The next request is read once it has taken that: its answer would only pile up behind. */
  #nextWaits = false;

  constructor(socket: Socket, listener: ListenerContext, origin: ConnectionOrigin) {
    this.#socket = socket;
    this.listener = listener;
    this.origin = origin;
    const { gateway } = listener;
    this.#began = origin.accepted;
    this.deadline = origin.accepted + gateway.settings.timeouts.requestHeadMs;
    this.#parser = new RequestParser(this, () => gateway.settings.limits);
    this.upstreams = new UpstreamSockets(this);
    this.#timed = gateway.deadlines.add(this);
    this.#listed = listener.connections.add(this);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('end', () => this.#onEnd());
    socket.on('drain', () => this.#onDrain());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#onClose());
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** The client has closed its half of the connection, and nothing that it asked waits. */
  get ended(): boolean {
    return this.#ended && this.#parser.buffered === 0;
  }

  /** Whether nothing is under way. */
  get idle(): boolean {
    return this.#exchange === null && this.#sink === null;
  }

  /** The contact of a client that speaks for itself, made with its first request. Null behind a trusted proxy. */
  contact(): LiveContact | null {
    const { claim, peer, own, from } = this.origin;
    if (claim === null) return null;
    const { book, parts } = this.listener.gateway;
    // Noticing a new opening of the recorder ends what was stored in an earlier one.
    void book.epoch;
    if (this.#contact !== null && !this.#contact.ended) return this.#contact;
    const again = this.#contact !== null;
    // The endpoints that the earlier contact was recorded with have ended with it.
    if (again) this.upstreams.closeIdle();
    this.#contact = book.direct(this.listener.name, peer, own, claim, again ? parts.clock() : from);
    return this.#contact;
  }

  /** The record that the connection's own endpoints belong to; null behind a trusted proxy. */
  get contactId(): ConnectionId | null {
    return this.#contact?.facts.id ?? null;
  }

  /** Who the client of a request is. */
  claimOf(block: HeaderBlock): ClientClaim {
    const { claim, peer } = this.origin;
    return claim ?? this.listener.trust.clientBehind(peer, (name) => fieldValue(block, name));
  }

  /** What limits and security events know the client by. */
  prefixOf(claim: ClientClaim): string {
    if (this.origin.claim !== claim) return clientPrefix(claim.client.address);
    this.#prefix ??= clientPrefix(claim.client.address);
    return this.#prefix;
  }

  note(kind: SecurityKind, claim: ClientClaim | null = this.origin.claim): void {
    const { address } = claim === null ? this.origin.peer : claim.client;
    this.listener.gateway.events.note(this.listener.name, address, kind);
  }

  /** Writes to the client; false asks to wait for the exchange's `onClientDrain`. */
  write(data: string | Buffer): boolean {
    const free = typeof data === 'string' ? this.#socket.write(data, 'latin1') : this.#socket.write(data);
    if (!free && !this.#blocked) {
      this.#blocked = true;
      this.#setDeadline();
    }
    return free;
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  /** Reads no more of the request's body for now. */
  hold(): void {
    this.#parser.hold();
    this.#setDeadline();
  }

  /** Reads on. */
  release(): void {
    try {
      this.#parser.release();
    } catch (error) {
      this.#onParserError(error);
    }
    if (this.#ended && !this.#parser.complete && !this.#parser.held && this.#exchange !== null) {
      this.#abort();
      return;
    }
    if (this.#parser.buffered === 0) this.#socket.resume();
    this.#setDeadline();
  }

  /** The exchange's answer is out. @param keep  whether the connection may carry another request */
  finish(keep: boolean): void {
    this.#exchange = null;
    const whole = this.#parser.complete;
    if (this.#gone) return;
    if (!keep || !whole || this.ended || this.listener.gateway.draining) {
      this.#close(whole);
      return;
    }
    this.#toNext();
  }

  /** Closes the client's side without another byte; `reset` so that no one can take it for an orderly end. */
  destroy(reset = false): void {
    if (reset) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /** From now on the bytes are not HTTP: they go to `sink`, first those that came already. */
  tunnel(sink: ByteSink): void {
    this.#exchange = null;
    this.#sink = sink;
    this.#phase = Phase.Tunnel;
    this.#setDeadline();
    const rest = this.#parser.takeRest();
    if (rest.length > 0) sink.onClientBytes(rest);
    if (this.#ended) sink.onClientEnd();
    else this.#socket.resume();
  }

  /** A byte went through the tunnel. */
  tunnelled(): void {
    this.#setDeadline();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Sends what was written, then ends the client's side. */
  end(): void {
    this.#setClosing();
    this.#socket.end();
  }

  /** The gateway stops: what is idle is closed at once, the rest with its answer. */
  drain(): void {
    if (this.idle && this.#phase !== Phase.Closing) this.#close(true);
  }

  expire(): void {
    // Also what is written last may find no reader.
    if (this.#blocked || (this.#phase === Phase.Closing && this.#socket.writableLength > 0)) {
      this.note('slow-read');
      this.#socket.destroy();
      return;
    }
    if (this.#ended && this.#exchange !== null) {
      this.#probe(PROBE_MS);
      return;
    }
    switch (this.#phase) {
      case Phase.Idle:
        this.#close(true);
        return;
      case Phase.Head:
        this.note('slow-head');
        if (this.#parser.buffered === 0) this.#socket.destroy();
        else
          this.refuse(
            new RequestError('gateway.request-timeout', 'The head of the request did not come in time.'),
          );
        return;
      case Phase.Body:
        this.note('slow-body');
        this.#fail(
          new RequestError('gateway.request-timeout', 'The body of the request did not come in time.'),
        );
        return;
      case Phase.Answer:
      case Phase.Closing:
      case Phase.Tunnel:
        this.#socket.destroy();
    }
  }

  onHead(head: RequestHead): void {
    this.#phase = head.hasBody ? Phase.Body : Phase.Answer;
    const exchange = new Exchange(this, head);
    this.#exchange = exchange;
    if (head.hasBody) this.#parser.hold();
    this.#setDeadline();
    exchange.start();
  }

  onBody(chunk: Buffer): void {
    this.#exchange?.onRequestBody(chunk);
  }

  onComplete(trailers: readonly string[]): void {
    if (this.#phase === Phase.Body) {
      this.#phase = Phase.Answer;
      this.#setDeadline();
    }
    this.#exchange?.onRequestEnd(trailers);
  }

  /** Answers what is no acceptable request; the connection ends with it. */
  refuse(error: RequestError): void {
    this.write(refusalText(error.code, error.message, true, this.#parser.isHead));
    this.#close(false);
  }

  #onData(chunk: Buffer): void {
    countRead(chunk.length);
    if (this.#contact !== null) this.#contact.lastByte = this.listener.gateway.parts.clock();
    if (this.#phase === Phase.Closing) return;
    if (this.#sink !== null) {
      this.#sink.onClientBytes(chunk);
      return;
    }
    if (this.#phase === Phase.Idle) {
      this.#phase = Phase.Head;
      this.#began = performance.now();
      this.#setDeadline(this.#began);
    } else if (this.#phase === Phase.Body) this.#setDeadline();
    try {
      this.#parser.execute(chunk);
    } catch (error) {
      this.#onParserError(error);
    }
    if (this.#parser.buffered > MAX_WAITING) this.#socket.pause();
  }

  #onParserError(error: unknown): void {
    if (!(error instanceof RequestError)) throw error;
    this.note(REFUSAL_KINDS[error.code] ?? 'malformed');
    this.#fail(error);
  }

  /** What came is no request, or not the rest of one. */
  #fail(error: RequestError): void {
    const exchange = this.#exchange;
    if (exchange === null) this.refuse(error);
    // It stands in the body of the request that is under way: this is its answer, unless that has begun.
    else if (exchange.abandon()) {
      this.#exchange = null;
      this.refuse(error);
    } else this.#socket.destroy();
  }

  #toNext(): void {
    this.#nextWaits = this.#blocked;
    if (this.#nextWaits) return;
    if (this.ended) {
      this.#close(true);
      return;
    }
    this.#began = performance.now();
    if (this.#parser.buffered === 0) {
      this.#phase = Phase.Idle;
      this.#setDeadline(this.#began);
      this.#parser.next();
      return;
    }
    this.#phase = Phase.Head;
    this.#setDeadline(this.#began);
    try {
      this.#parser.next();
    } catch (error) {
      this.#onParserError(error);
    }
    // Half a request is none.
    if (this.#ended && this.#exchange === null && this.#phase === Phase.Head) this.#close(true);
    else if (this.#parser.buffered <= MAX_WAITING) this.#socket.resume();
  }

  /** @param quiet  nothing more of the client is on its way that could make a reset overtake the answer */
  #close(quiet: boolean): void {
    this.#setClosing();
    if (quiet && !this.#blocked && this.#parser.buffered === 0) {
      // All is with the kernel, which sends it before the end; TLS has an end of its own to send.
      if (this.#socket.writableLength === 0 && this.listener.scheme === 'http') this.#socket.destroy();
      else this.#socket.destroySoon();
    } else {
      this.#socket.end();
      // What still comes in is read away, for a moment.
      this.#socket.resume();
    }
  }

  /** Nothing more is read of the client, and it has a moment to close; longer while it still takes the answer. */
  #setClosing(): void {
    this.#phase = Phase.Closing;
    const linger = (): void => {
      this.deadline = performance.now() + LINGER_MS;
    };
    if (this.#socket.writableLength === 0) {
      linger();
      return;
    }
    this.deadline = performance.now() + this.listener.gateway.settings.timeouts.sendIdleMs;
    this.#socket.once('finish', linger);
  }

  #setDeadline(now = performance.now()): void {
    const { timeouts } = this.listener.gateway.settings;
    if (this.#blocked) this.deadline = now + timeouts.sendIdleMs;
    else if (this.#phase === Phase.Body)
      this.deadline = this.#parser.held
        ? Number.POSITIVE_INFINITY
        : Math.min(now + timeouts.bodyIdleMs, this.#began + timeouts.requestMs);
    else if (this.#phase === Phase.Idle) this.deadline = this.#began + timeouts.keepAliveMs;
    else if (this.#phase === Phase.Head) this.deadline = this.#began + timeouts.requestHeadMs;
    else if (this.#phase === Phase.Answer)
      this.deadline = this.#ended ? now + PROBE_MS : Number.POSITIVE_INFINITY;
    else if (this.#phase === Phase.Tunnel) this.deadline = now + timeouts.tunnelIdleMs;
  }

  #onDrain(): void {
    this.#blocked = false;
    if (this.#nextWaits) {
      this.#toNext();
      return;
    }
    if (this.#phase !== Phase.Closing) this.#setDeadline();
    this.#exchange?.onClientDrain();
    if (this.#sink !== null) this.onTunnelDrain?.();
  }

  /** Set by a tunnel. */
  onTunnelDrain: (() => void) | null = null;

  #onEnd(): void {
    this.#ended = true;
    if (this.#sink !== null) this.#sink.onClientEnd();
    else if (this.#phase === Phase.Closing) this.#socket.end();
    else if (this.#exchange === null) {
      // The tail of an answer may still be on its way out.
      if (this.#socket.writableLength === 0) this.#socket.destroy();
      else if (!this.#nextWaits) this.#close(true);
    }
    // What waits may be the rest of the request.
    else if (this.#parser.complete || this.#parser.held) this.#probe(SECOND_PROBE_MS);
    else this.#abort();
  }

  /** The client has gone in the middle of its request. */
  #abort(): void {
    this.#socket.destroy();
  }

  /** The client closed its half: asks whether it still waits. The answer to one write shows with the next. */
  #probe(nextMs: number): void {
    this.#exchange?.onClientEnd();
    // One that is slow to take its answer is there as long as it may be slow.
    if (!this.#blocked) this.deadline = performance.now() + nextMs;
  }

  #onClose(): void {
    this.#gone = true;
    const { gateway } = this.listener;
    gateway.deadlines.remove(this.#timed);
    const exchange = this.#exchange;
    this.#exchange = null;
    if (exchange !== null) {
      this.note('client-abort');
      exchange.onClientGone();
    }
    this.#sink?.onClientEnd();
    this.upstreams.close();
    if (this.#contact !== null && this.#contact.facts.verdict !== 'aggregated')
      gateway.book.leave(this.#contact, gateway.parts.clock());
    // Last: who waits for it may count on all that was noted above.
    this.listener.connections.remove(this.#listed);
  }
}
