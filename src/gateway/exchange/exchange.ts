import { randomUUID } from 'node:crypto';
import type { Subject } from '../../model/accounts.ts';
import type { ErrorCode } from '../../model/error-codes.ts';
import { ShudiError } from '../../model/errors.ts';
import type { EgressRecord, RecordItem, RequestId } from '../../model/records.ts';
import type { ClientClaim } from '../client/client-address.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import type { BindingWanted } from '../client/contact-book.ts';
import type { LiveContact } from '../client/contact.ts';
import { httpDate, refusalText } from '../client/refusal.ts';
import type { SecurityKind } from '../guard/security-events.ts';
import type { RequestHead } from '../http1/request-parser.ts';
import type { Believed, Identified } from '../identity/identity.ts';
import type { OwnAnswer } from '../own-routes.ts';
import type { Route } from '../route-table.ts';
import type { UpstreamConnection } from '../upstream/upstream-connection.ts';
import { RequestRelay } from './request-relay.ts';
import { ResponseRelay } from './response-relay.ts';

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/** Calls `next` now when the value is here, later when it is a promise: the hot path makes no promise (R11). */
function whenReady<T>(value: T | Promise<T>, next: (value: T) => void, fail: (error: unknown) => void): void {
  if (value instanceof Promise) value.then(next).catch(fail);
  else next(value);
}

/**
 * One proxied request: route, identify, record, forward, bind, answer, in this order (R1). `docs/architecture.md` draws
 * the way; the way there is RequestRelay, the way back ResponseRelay.
 */
export class Exchange {
  readonly client: ClientConnection;
  readonly request: RequestHead;
  readonly requestId = randomUUID() as RequestId;
  readonly #there: RequestRelay;
  readonly #back: ResponseRelay;
  #route: Route | null = null;
  #claim: ClientClaim | null = null;
  #believed: Believed | null = null;
  #subject: Subject | null = null;
  #contact: LiveContact | null = null;
  #upstream: UpstreamConnection | null = null;
  /** Whether the upstream connection is of the pool: what decides it may have changed when it is given back. */
  #fromPool = false;
  #retried = false;
  #over = false;

  constructor(client: ClientConnection, request: RequestHead) {
    this.client = client;
    this.request = request;
    this.#there = new RequestRelay(this);
    this.#back = new ResponseRelay(this);
  }

  get route(): Route | null {
    return this.#route;
  }

  get believed(): Believed | null {
    return this.#believed;
  }

  get subject(): Subject | null {
    return this.#subject;
  }

  get over(): boolean {
    return this.#over;
  }

  get upstream(): UpstreamConnection | null {
    return this.#upstream;
  }

  /** Whether the whole request is with the upstream. */
  get bodySent(): boolean {
    return this.#there.sent;
  }

  /** Whether the request's id was recorded before it was forwarded. */
  get unsafe(): boolean {
    return !SAFE.has(this.request.method);
  }

  start(): void {
    const { request, client } = this;
    const { settings } = client.listener.gateway;
    const own = settings.own(request);
    if (own !== null) {
      this.#answerOwn(own);
      return;
    }
    const claim = client.claimOf(request.block);
    this.#claim = claim;
    if (settings.clientRate?.take(client.prefixOf(claim)) === false) {
      this.note('rate');
      this.refuse('gateway.too-many-requests', 'Too many requests from this address.');
      return;
    }
    const route = settings.routes.match(request.host, request.target);
    if (route === null) {
      this.refuse('gateway.no-route', 'No route serves this host and path.');
      return;
    }
    if (route === 'disputed') {
      this.refuse('gateway.bad-request', 'The path can be read as the path of another route.');
      return;
    }
    if (route.refuseUnderscores && request.block.underscores) {
      this.note('malformed');
      this.refuse('gateway.bad-request', 'A header name holds an underscore.');
      return;
    }
    this.#route = route;
    if ((request.block.contentLength ?? 0) > route.bodyBytes) {
      this.#refuseBody();
      return;
    }
    whenReady(
      route.identity.identify(request.block),
      (identified) => this.#identified(route, identified),
      (error) => this.unavailable(error),
    );
  }

  #identified(route: Route, identified: Identified): void {
    if (this.#over) return;
    if (identified === 'refuse') {
      this.refuse('gateway.unidentified', 'The token is missing, expired or not valid.');
      return;
    }
    if (identified === 'unavailable') {
      this.refuse('gateway.identity-unavailable', 'The account cannot be told now.');
      return;
    }
    this.#believed = identified;
    if (identified === null) {
      this.#named(route, null);
      return;
    }
    const { parts, settings } = this.client.listener.gateway;
    if (settings.accountRate?.take(`${route.site} ${identified.account}`) === false) {
      this.note('account-rate');
      this.refuse('gateway.too-many-requests', 'Too many requests of this account.');
      return;
    }
    const now = parts.clock();
    const known =
      parts.subjects.known(route.site, identified.account, now) ??
      parts.subjects.subjectOf(route.site, identified.account, now);
    whenReady(
      known,
      (subject) => this.#named(route, subject),
      (error) => this.unavailable(error),
    );
  }

  #named(route: Route, subject: Subject | null): void {
    if (this.#over) return;
    const { book } = this.client.listener.gateway;
    if (book.epoch === 0) {
      this.unavailable(new ShudiError('records.unavailable', 'The recorder is away.'));
      return;
    }
    this.#subject = subject;
    const contact = this.contactOf(subject);
    this.#use(contact);
    if (this.unsafe && !book.maySpend(contact.facts.client.address)) {
      this.note('records-refused');
      this.refuse('gateway.too-many-requests', 'Too many changes from this address.');
      return;
    }
    this.#fromPool = this.#pooled(route);
    const upstream = this.#fromPool
      ? this.client.listener.gateway.pool.take(route.key)
      : this.client.upstreams.idle(route.key);
    if (upstream !== null) this.#record(route, upstream, null);
    else this.#connect(route);
  }

  /** A client beyond its budget of records gets no endpoints of its own: each would be one more record. */
  #pooled(route: Route): boolean {
    return route.egress === 'pooled' || this.#contact?.facts.verdict === 'aggregated';
  }

  /** The contact of this request: the connection's own, or the claimed client's with this subject. */
  contactOf(subject: Subject | null): LiveContact {
    const { client } = this;
    const own = client.contact();
    if (own !== null) return own;
    const { listener, origin } = client;
    this.#claim ??= client.claimOf(this.request.block);
    return listener.gateway.book.claimed(listener.name, origin.peer, origin.own, this.#claim, subject);
  }

  /** The contact that the request is recorded with; one that has ended meanwhile is recorded anew. */
  contact(): LiveContact {
    if (this.#contact === null || this.#contact.ended) this.#use(this.contactOf(this.#subject));
    return this.#contact as LiveContact;
  }

  #use(contact: LiveContact): void {
    if (this.#contact !== null) this.#contact.uses -= 1;
    contact.uses += 1;
    contact.lastByte = this.client.listener.gateway.parts.clock();
    this.#contact = contact;
  }

  #connect(route: Route): void {
    this.#fromPool = this.#pooled(route);
    const sockets = this.#fromPool ? this.client.listener.gateway.pool : this.client.upstreams;
    sockets.open(route, (fault, upstream, egress) => {
      if (this.#over) {
        upstream?.destroy();
        return;
      }
      if (upstream === null)
        this.#back.refuseFault(fault ?? 'unreachable', 'The web service cannot be reached.');
      else this.#record(route, upstream, egress);
    });
  }

  /** Record before forward: waits for what is not durable yet, and for nothing otherwise. */
  #record(route: Route, upstream: UpstreamConnection, egress: EgressRecord | null): void {
    const { book } = this.client.listener.gateway;
    const contact = this.contact();
    this.#upstream = upstream;
    const binding: BindingWanted | null =
      this.#subject === null || this.#believed === null
        ? null
        : {
            site: route.site,
            subject: this.#subject,
            learned: this.#believed.learned,
            sessionSince: this.#believed.since,
          };
    const extra: RecordItem[] = [];
    if (egress !== null) extra.push(egress);
    if (this.unsafe && !this.#retried)
      extra.push(book.requestItem(this.requestId, contact, route.site, binding));
    const durable = book.ensure(contact, binding, extra);
    if (durable === null) this.#forward(route, upstream);
    else
      durable.then(() => this.#forward(route, upstream)).catch((error: unknown) => this.unavailable(error));
  }

  #forward(route: Route, upstream: UpstreamConnection): void {
    if (this.#over) return;
    if (!upstream.usable || upstream.epoch !== this.client.listener.gateway.book.epoch) {
      // It went while the record was being stored. Nothing was sent, so any request may go another way.
      upstream.destroy();
      this.#upstream = null;
      if (!this.retry(true)) this.#back.refuseFault('closed', 'The web service closed the connection.');
      return;
    }
    const contactLines = this.#contact?.forwardLines(route.language, this.client.listener.scheme) ?? '';
    this.#there.begin(route, upstream, contactLines, this.#back);
  }

  /** A security event of this request's client. */
  note(kind: SecurityKind): void {
    this.client.note(kind, this.#claim);
  }

  onRequestBody(chunk: Buffer): void {
    if (this.#over) return;
    this.#touch();
    if (!this.#there.onBody(chunk)) this.#refuseBody();
  }

  onRequestEnd(trailers: readonly string[]): void {
    if (this.#over || !this.request.hasBody) return;
    this.#touch();
    this.#there.onEnd(trailers);
  }

  /** The upstream takes more of the body. */
  onUpstreamDrain(): void {
    if (!this.#over && !this.#there.sent) this.client.release();
  }

  onClientDrain(): void {
    this.#upstream?.resume();
  }

  /**
   * The client has closed its half: either it waits for the answer, or it has gone altogether. An interim response tells
   * which: a client that waits must be able to read one (RFC 9110, 15.2), the other one's system answers with a reset.
   */
  onClientEnd(): void {
    if (!this.#back.begun && this.request.minor === 1) this.client.write('HTTP/1.1 102 Processing\r\n\r\n');
  }

  /** The client has gone: nothing more is wanted of the upstream. */
  onClientGone(): void {
    this.#end();
  }

  /** The rest of the request will not come. Returns whether something else may still be the answer. */
  abandon(): boolean {
    const free = !this.#back.begun;
    this.#end();
    return free;
  }

  /** Bytes of the client have arrived. */
  #touch(): void {
    if (this.#contact !== null) this.#contact.lastByte = this.client.listener.gateway.parts.clock();
  }

  /** The answer is whole and handed over. @param keepUpstream  whether the upstream connection may serve again */
  complete(keepUpstream: boolean): void {
    const upstream = this.#upstream;
    const route = this.#route;
    this.#upstream = null;
    if (upstream !== null) {
      upstream.release(keepUpstream && this.#there.sent);
      if (route !== null && this.#fromPool) this.client.listener.gateway.pool.giveBack(route.key, upstream);
    }
    const keep = this.#back.keep && this.#there.sent;
    this.#end();
    this.client.finish(keep);
  }

  /** The upstream connection is the tunnel's from now on, and the contact that it was recorded with. */
  handOver(): LiveContact | null {
    this.#upstream = null;
    this.#end();
    return this.#contact;
  }

  /** The upstream connection is gone. */
  lost(): void {
    this.#upstream = null;
  }

  /**
   * The upstream may have closed an idle connection just as it was used: once more, if that can do no harm.
   * @param unsent  not a byte was sent
   */
  retry(unsent: boolean): boolean {
    const harmless = unsent || (IDEMPOTENT.has(this.request.method) && !this.request.hasBody);
    if (this.#route === null || this.#retried || !harmless) return false;
    this.#retried = true;
    this.#connect(this.#route);
    return true;
  }

  unavailable(error: unknown): void {
    const code = error instanceof ShudiError ? error.code : 'internal.fault';
    this.note('unavailable');
    if (code === 'internal.fault')
      this.client.listener.gateway.parts.log.error('request.not-recorded', { code });
    if (!this.#over)
      this.refuse('records.unavailable', 'The request was not forwarded, because it could not be recorded.');
  }

  #refuseBody(): void {
    this.note('body-too-large');
    if (this.#back.begun) {
      this.#end();
      this.client.destroy();
    } else this.refuse('gateway.body-too-large', 'The body is longer than this route takes.');
  }

  /** Answers instead of the upstream. */
  refuse(code: ErrorCode, detail: string): void {
    if (this.#over) return;
    if (this.#back.begun) {
      this.#end();
      this.client.destroy();
      return;
    }
    if (!this.#there.sent) {
      // What has come of the body already is read away: if that is all of it, the connection can go on.
      this.#there.discard();
      this.client.release();
      if (this.#over) return;
    }
    const keep = this.#there.sent && this.request.keepAlive && code !== 'gateway.bad-request';
    const head = this.request.method === 'HEAD';
    this.client.write(refusalText(code, detail, !keep, head));
    this.#end();
    this.client.finish(keep);
  }

  #answerOwn(own: OwnAnswer): void {
    const keep = this.#there.sent && this.request.keepAlive && !own.close;
    const current = this.request.minor === 1;
    const connection = keep ? (current ? '' : 'Connection: keep-alive\r\n') : 'Connection: close\r\n';
    const head = `${own.head}Date: ${httpDate()}\r\n${connection}\r\n`;
    if (own.body === null || this.request.method === 'HEAD') this.client.write(head);
    else {
      const whole = Buffer.allocUnsafe(head.length + own.body.length);
      whole.write(head, 0, 'latin1');
      own.body.copy(whole, head.length);
      this.client.write(whole);
    }
    this.#end();
    this.client.finish(keep);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#contact !== null) this.#contact.uses -= 1;
    this.#upstream?.destroy();
    this.#upstream = null;
  }
}
