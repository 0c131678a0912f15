import type { ErrorCode } from '../../model/error-codes.ts';
import { ShudiError } from '../../model/errors.ts';
import { filterResponse, type FilteredResponse } from '../http1/headers.ts';
import type { ResponseHead } from '../http1/response-parser.ts';
import { cookieValue } from '../identity/cookies.ts';
import type { UpstreamFault, UpstreamUser } from '../upstream/upstream-connection.ts';
import { AnnouncementError, applyAnnouncement } from './announce.ts';
import { Answer } from './answer.ts';
import type { Exchange } from './exchange.ts';
import { Tunnel } from './tunnel.ts';

const FAULT_CODES = {
  unreachable: 'gateway.upstream-unreachable',
  invalid: 'gateway.upstream-invalid',
  timeout: 'gateway.upstream-timeout',
  closed: 'gateway.upstream-unreachable',
} as const satisfies Record<UpstreamFault, ErrorCode>;

/** What came behind a head that waits for its binding. */
interface Held {
  readonly pieces: Buffer[];
  /** Of a body that is whole; null while it is not. */
  trailers: readonly string[] | null;
}

/** The way back of an exchange: bind before answer, then the response as it comes (R1). */
export class ResponseRelay implements UpstreamUser {
  readonly #exchange: Exchange;
  readonly #answer: Answer;
  #held: Held | null = null;
  #upstreamKeeps = true;
  #continued = false;
  #tunnel: Tunnel | null = null;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#answer = new Answer(exchange.client, exchange.request);
  }

  /** Whether the upstream's answer has begun, so that no other one can be given. */
  get begun(): boolean {
    return this.#answer.begun || this.#held !== null;
  }

  get keep(): boolean {
    return this.#answer.keep;
  }

  onInformation(head: ResponseHead): void {
    const { request, over } = this.#exchange;
    if (over || this.begun || request.minor === 0) return;
    if (head.status === 100) {
      if (!request.block.expectsContinue || this.#continued) return;
      this.#continued = true;
      this.#answer.information({ ...head, reason: 'Continue' }, '');
      return;
    }
    // What it would announce of an account is dropped: only a final response does.
    this.#answer.information(head, filterResponse(head.headers, true).lines);
  }

  onHead(head: ResponseHead): void {
    const exchange = this.#exchange;
    const { route, client } = exchange;
    if (exchange.over || route === null) return;
    this.#upstreamKeeps = head.keepAlive;
    const filtered = filterResponse(head.headers, head.status === 204 || head.status === 101);
    const { announcement } = filtered;
    if (announcement === null || route.identityMode === 'none') {
      this.#release(head, filtered);
      return;
    }
    this.#held = { pieces: [], trailers: null };
    exchange.upstream?.pause();
    const { parts, book } = client.listener.gateway;
    applyAnnouncement(
      {
        parts,
        book,
        route,
        contact: () => exchange.contact(),
        believed: exchange.believed,
        believedSubject: exchange.subject,
        requestId: exchange.requestId,
        credentials: exchange.request.block,
        requestCookie:
          route.sessionCookie === null
            ? null
            : cookieValue(exchange.request.block.cookie, route.sessionCookie),
        requestStored: exchange.unsafe,
        contactOf: (subject) => exchange.contactOf(subject),
      },
      announcement,
      filtered.cookies,
    )
      .then(() => this.#release(head, filtered))
      .catch((error: unknown) => this.#withhold(error));
  }

  /** Bind before answer: the head, and what was held behind it, goes out only now. */
  #release(head: ResponseHead, filtered: FilteredResponse): void {
    const exchange = this.#exchange;
    if (exchange.over) return;
    const { block } = exchange.request;
    // A body that the client was never asked for makes the rest of the connection unreadable.
    const asked = !block.expectsContinue || this.#continued || exchange.bodySent;
    const draining = exchange.client.listener.gateway.draining;
    this.#answer.begin(head, filtered, asked && !draining && !exchange.client.ended);
    const held = this.#held;
    this.#held = null;
    if (head.status === 101) this.#openTunnel();
    if (held === null) return;
    for (const piece of held.pieces) this.#relayPiece(piece);
    if (held.trailers !== null) {
      this.#complete(held.trailers);
      return;
    }
    if (this.#answer.flush()) exchange.upstream?.resume();
  }

  #openTunnel(): void {
    const { client, upstream } = this.#exchange;
    if (upstream === null) return;
    this.#answer.flush();
    const contact = this.#exchange.handOver();
    if (contact === null) return;
    this.#tunnel = new Tunnel(client, upstream, contact);
    upstream.resume();
    client.tunnel(this.#tunnel);
  }

  onUpgraded(rest: Buffer): void {
    if (this.#held !== null) this.#held.pieces.push(rest);
    else this.#tunnel?.onUpstreamBytes(rest);
  }

  /** The client sees the head as soon as it is there, also when the body takes its time (event streams). */
  onRead(): void {
    const { over, upstream } = this.#exchange;
    if (!over && !this.#answer.flush()) upstream?.pause();
  }

  onBody(chunk: Buffer): void {
    if (this.#exchange.over) return;
    if (this.#held !== null) this.#held.pieces.push(chunk);
    else this.#relayPiece(chunk);
  }

  #relayPiece(chunk: Buffer): void {
    if (this.#tunnel !== null) this.#tunnel.onUpstreamBytes(chunk);
    else if (!this.#answer.body(chunk)) this.#exchange.upstream?.pause();
  }

  onComplete(trailers: readonly string[]): void {
    if (this.#held !== null) this.#held.trailers = trailers;
    else this.#complete(trailers);
  }

  #complete(trailers: readonly string[]): void {
    if (this.#exchange.over) return;
    this.#answer.end(trailers);
    this.#exchange.complete(this.#upstreamKeeps);
  }

  onDrain(): void {
    if (this.#tunnel !== null) this.#tunnel.onUpstreamDrain();
    else this.#exchange.onUpstreamDrain();
  }

  onFault(fault: UpstreamFault): void {
    if (this.#tunnel !== null) {
      this.#tunnel.onUpstreamEnd();
      return;
    }
    const exchange = this.#exchange;
    const { upstream, client } = exchange;
    if (exchange.over) return;
    exchange.lost();
    if (fault === 'timeout') client.note('upstream-timeout');
    if (this.begun) {
      // Truncation stays truncation: the client must not take a part for the whole. Where the end of the connection
      // may be the end of the body, only a reset says so.
      exchange.abandon();
      client.destroy(this.#answer.framing === 'until-close');
      return;
    }
    if (
      fault === 'closed' &&
      upstream !== null &&
      upstream.used &&
      !upstream.received &&
      exchange.retry(false)
    )
      return;
    this.refuseFault(fault, 'The web service did not answer as it must.');
  }

  refuseFault(fault: UpstreamFault, detail: string): void {
    this.#exchange.refuse(FAULT_CODES[fault], detail);
  }

  /** The upstream has acted, but what it announced could not be stored: no answer, never a 503 (R1). */
  #withhold(error: unknown): void {
    const reason =
      error instanceof AnnouncementError
        ? error.message
        : error instanceof ShudiError
          ? error.code
          : 'internal.fault';
    const { client } = this.#exchange;
    client.listener.gateway.parts.log.error('response.withheld', { reason });
    client.destroy();
  }
}
