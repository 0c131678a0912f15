import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Subject } from '../model/accounts.ts';
import type { ErrorCode } from '../model/error-codes.ts';
import { ShudiError } from '../model/errors.ts';
import type { EgressRecord, RecordItem, RequestId } from '../model/records.ts';
import { applyAnnouncement, AnnouncementError } from './announce.ts';
import type { ClientConnection } from './client-connection.ts';
import type { BindingWanted, ContactBook } from './contact-book.ts';
import type { LiveContact } from './contact.ts';
import { cookieValue } from './cookies.ts';
import { filterResponse, requestHead } from './headers.ts';
import type { Believed, Identified } from './identity.ts';
import type { GatewayParts } from './options.ts';
import { sendRefusal } from './refusal.ts';
import { checkRequest } from './request-check.ts';
import type { Route, RouteTable } from './route-table.ts';
import type { ResponseHead } from './upstream/response-parser.ts';
import type { UpstreamConnection, UpstreamFault, UpstreamUser } from './upstream/upstream-connection.ts';

const UNSAFE = (method: string): boolean => method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

const FAULT_CODES = {
  unreachable: 'gateway.upstream-unreachable',
  invalid: 'gateway.upstream-invalid',
  timeout: 'gateway.upstream-timeout',
  closed: 'gateway.upstream-unreachable',
} as const satisfies Record<UpstreamFault, ErrorCode>;

export interface ExchangeContext {
  readonly parts: GatewayParts;
  readonly book: ContactBook;
  readonly routes: RouteTable;
  readonly connection: ClientConnection;
  readonly scheme: 'http' | 'https';
}

/** Calls `next` now when the value is here, later when it is a promise: the hot path makes no promise (R11). */
function whenReady<T>(value: T | Promise<T>, next: (value: T) => void, fail: (error: unknown) => void): void {
  if (value instanceof Promise) value.then(next).catch(fail);
  else next(value);
}

/**
 * One proxied request and its response: check, route, identify, record, forward, bind, answer — in this order (R1).
 * `docs/architecture.md` draws the way.
 */
export class Exchange implements UpstreamUser {
  readonly #context: ExchangeContext;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #expectsContinue: boolean;
  readonly #requestId = randomUUID() as RequestId;
  #target = '';
  #host = '';
  #route: Route | null = null;
  #believed: Believed | null = null;
  #subject: Subject | null = null;
  #contact: LiveContact | null = null;
  #upstream: UpstreamConnection | null = null;
  #retried = false;
  #bodySent = false;
  #upstreamKeeps = true;
  #continued = false;
  #released = false;
  #over = false;
  #resumesOnDrain = false;
  /** Whether the head has gone out: it waits for the first piece of the body that came with it. */
  #flushed = false;
  /** Body that arrived while the head waits for its binding. */
  #held: Buffer[] | null = null;
  #heldComplete = false;

  constructor(
    context: ExchangeContext,
    request: IncomingMessage,
    response: ServerResponse,
    expectsContinue: boolean,
  ) {
    this.#context = context;
    this.#request = request;
    this.#response = response;
    this.#expectsContinue = expectsContinue;
  }

  start(url: string): void {
    const { connection, routes } = this.#context;
    this.#response.once('close', () => this.#finish());
    connection.touch();
    const checked = checkRequest(this.#request, url);
    if ('code' in checked) {
      this.#refuse(checked.code, checked.detail, true);
      return;
    }
    this.#target = checked.target;
    this.#host = checked.host;
    const route = routes.match(checked.host, checked.target);
    if (route === null) {
      this.#refuse('gateway.no-route', 'No route serves this host and path.', false);
      return;
    }
    if (route === 'disputed') {
      this.#refuse('gateway.bad-request', 'The path can be read as the path of another route.', false);
      return;
    }
    this.#route = route;
    whenReady(
      route.identify(this.#request),
      (identified) => this.#identified(route, identified),
      (error) => this.#unavailable(error),
    );
  }

  #identified(route: Route, identified: Identified): void {
    if (this.#over) return;
    if (identified === 'refuse') {
      this.#refuse('gateway.unidentified', 'The token is missing, expired or not valid.', false);
      return;
    }
    this.#believed = identified;
    if (identified === null) {
      this.#named(route, null);
      return;
    }
    const { parts } = this.#context;
    const now = parts.clock();
    const known =
      parts.subjects.known(route.site, identified.account, now) ??
      parts.subjects.subjectOf(route.site, identified.account, now);
    whenReady(
      known,
      (subject) => this.#named(route, subject),
      (error) => this.#unavailable(error),
    );
  }

  #named(route: Route, subject: Subject | null): void {
    if (this.#over) return;
    const { connection } = this.#context;
    this.#subject = subject;
    this.#use(this.#contactOf(subject));
    const upstream = connection.idleUpstream(route.key);
    if (upstream !== null) this.#record(route, upstream, null);
    else this.#connect(route);
  }

  /** The contact of this request: the connection's own, or the claimed client's with this subject. */
  #contactOf(subject: Subject | null): LiveContact {
    const { connection, book } = this.#context;
    if (connection.contact !== null) return connection.contact;
    const claim = connection.options.trust.clientBehind(connection.peer, this.#request.headers);
    return book.claimed(connection.options.listener, connection.peer, connection.own, claim, subject);
  }

  #use(contact: LiveContact): void {
    if (this.#contact !== null) this.#contact.uses -= 1;
    contact.uses += 1;
    contact.lastByte = this.#context.parts.clock();
    this.#contact = contact;
  }

  #connect(route: Route): void {
    this.#context.connection.openUpstream(route.key, route.upstream, (fault, upstream, egress) => {
      if (this.#over) return;
      if (upstream === null)
        this.#refuse(FAULT_CODES[fault ?? 'unreachable'], 'The web service cannot be reached.', false);
      else this.#record(route, upstream, egress);
    });
  }

  /** Record before forward: waits for what is not durable yet, and for nothing otherwise. */
  #record(route: Route, upstream: UpstreamConnection, egress: EgressRecord | null): void {
    const { book } = this.#context;
    // A claimed client may have been evicted while its upstream connection opened: then it is recorded anew.
    if (this.#contact?.ended === true && this.#context.connection.contact === null)
      this.#use(this.#contactOf(this.#subject));
    const contact = this.#contact;
    if (contact === null) return;
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
    const extra: RecordItem[] = egress === null ? [] : [egress];
    if (UNSAFE(this.#request.method ?? 'GET') && !this.#retried)
      extra.push(book.requestItem(this.#requestId, contact, route.site, binding));
    const durable = book.ensure(contact, binding, extra);
    if (durable === null) this.#forward(route, upstream);
    else
      durable.then(() => this.#forward(route, upstream)).catch((error: unknown) => this.#unavailable(error));
  }

  #forward(route: Route, upstream: UpstreamConnection): void {
    if (this.#over) return;
    const { connection, scheme } = this.#context;
    if (!upstream.usable) {
      // It went while the record was being stored. Nothing was sent, so any request may go another way.
      this.#upstream = null;
      this.#retryOrRefuse('closed', true);
      return;
    }
    const request = this.#request;
    const chunked = request.headers['transfer-encoding'] !== undefined;
    const hasBody = chunked || (request.headers['content-length'] ?? '0') !== '0';
    upstream.begin(this, request.method === 'HEAD');
    upstream.write(
      requestHead({
        method: request.method ?? 'GET',
        target: this.#target,
        host: this.#host === '' ? route.upstream.host : this.#host,
        rawHeaders: request.rawHeaders,
        connection: request.headers.connection,
        own: this.#contact?.forwardLines(route.language, scheme) ?? '',
        requestId: this.#requestId,
        chunked,
        claims: connection.options.trust.claims,
      }),
    );
    if (hasBody) this.#sendBody(upstream, chunked);
    else this.#bodySent = true;
  }

  /** Bytes of the client have arrived. */
  #touch(): void {
    this.#context.connection.touch();
    if (this.#contact !== null) this.#contact.lastByte = this.#context.parts.clock();
  }

  #sendBody(upstream: UpstreamConnection, chunked: boolean): void {
    this.#request.on('data', (chunk: Buffer) => {
      if (this.#over || this.#upstream !== upstream) return;
      this.#touch();
      upstream.cork();
      if (chunked) upstream.write(`${chunk.length.toString(16)}\r\n`);
      let free = upstream.write(chunk);
      if (chunked) free = upstream.write('\r\n');
      upstream.uncork();
      if (!free) this.#request.pause();
    });
    this.#request.on('end', () => {
      this.#bodySent = true;
      this.#touch();
      if (!this.#over && chunked && this.#upstream === upstream) upstream.write('0\r\n\r\n');
    });
  }

  onDrain(): void {
    if (!this.#over) this.#request.resume();
  }

  onInformation(head: ResponseHead): void {
    if (this.#over || this.#response.headersSent || this.#request.httpVersion !== '1.1') return;
    if (head.status === 100) {
      if (!this.#expectsContinue || this.#continued) return;
      this.#continued = true;
      this.#response.writeContinue();
      return;
    }
    // What it would announce of an account is dropped: only a final response does.
    this.#response.writeInformation(head.status, filterResponse(head.headers, true).headers);
  }

  onHead(head: ResponseHead): void {
    const route = this.#route;
    if (this.#over || route === null) return;
    this.#upstreamKeeps = head.keepAlive;
    const filtered = filterResponse(head.headers, head.status === 204);
    if (filtered.announcement === null || route.identity.mode === 'none') {
      this.#release(head, filtered.headers);
      return;
    }
    this.#held = [];
    this.#upstream?.pause();
    const { parts, book } = this.#context;
    const contact = this.#contact;
    if (contact === null) return;
    applyAnnouncement(
      {
        parts,
        book,
        route,
        contact,
        believed: this.#believed,
        believedSubject: this.#subject,
        requestId: this.#requestId,
        requestCookie:
          route.identity.mode === 'header'
            ? cookieValue(this.#request.headers.cookie, route.identity.cookie)
            : null,
        requestStored: UNSAFE(this.#request.method ?? 'GET'),
        contactOf: (subject) => this.#contactOf(subject),
      },
      filtered.announcement,
      filtered.cookies,
    )
      .then(() => this.#release(head, filtered.headers))
      .catch((error: unknown) => this.#withhold(error));
  }

  /** Bind before answer: the head, and what was held behind it, goes out only now. */
  #release(head: ResponseHead, headers: string[]): void {
    if (this.#over) return;
    this.#released = true;
    // A body that the client was never asked for makes the rest of the connection unreadable.
    if (this.#expectsContinue && !this.#continued) headers.push('Connection', 'close');
    this.#response.writeHead(head.status, head.reason, headers);
    const held = this.#held;
    this.#held = null;
    if (held === null) return;
    for (const chunk of held) this.#response.write(chunk);
    this.#flushed = held.length > 0;
    if (this.#heldComplete) {
      this.#complete();
      return;
    }
    this.onRead();
    this.#upstream?.resume();
  }

  /** The client sees the head as soon as it is there, also when the body takes its time (event streams). */
  onRead(): void {
    if (!this.#released || this.#flushed || this.#over) return;
    this.#flushed = true;
    this.#response.flushHeaders();
  }

  onBody(chunk: Buffer, last: boolean): void {
    if (this.#over) return;
    if (this.#held !== null) {
      this.#held.push(chunk);
      return;
    }
    if (last) {
      // The end follows at once (onComplete); one write carries both.
      this.#response.end(chunk);
      return;
    }
    this.#flushed = true;
    if (this.#response.write(chunk)) return;
    this.#upstream?.pause();
    // One listener an exchange: what was read already may hold many more pieces, each of them over the mark.
    if (this.#resumesOnDrain) return;
    this.#resumesOnDrain = true;
    this.#response.on('drain', () => this.#upstream?.resume());
  }

  onComplete(): void {
    if (this.#held !== null) this.#heldComplete = true;
    else this.#complete();
  }

  #complete(): void {
    if (this.#over) return;
    const upstream = this.#upstream;
    this.#upstream = null;
    upstream?.release(this.#bodySent && this.#upstreamKeeps);
    if (!this.#response.writableEnded) this.#response.end();
    // The upstream answered before it had the whole body: what is left of it belongs to nobody.
    if (!this.#bodySent) this.#context.connection.destroyAfter(this.#response);
  }

  onFault(fault: UpstreamFault): void {
    if (this.#over) return;
    const upstream = this.#upstream;
    this.#upstream = null;
    if (this.#released || this.#held !== null) {
      // Truncation stays truncation: the client must not take a part for the whole. To HTTP/1.0 a plain end of the
      // connection may be the end of the body.
      this.#context.connection.destroy(this.#request.httpVersion !== '1.1');
      return;
    }
    if (fault === 'closed' && upstream !== null && upstream.used && !upstream.received)
      this.#retryOrRefuse(fault, false);
    else this.#refuse(FAULT_CODES[fault], 'The web service did not answer as it must.', false);
  }

  /** The upstream may have closed an idle connection just as we used it: once more, if that can do no harm. */
  #retryOrRefuse(fault: UpstreamFault, unsent: boolean): void {
    const route = this.#route;
    const { method, headers } = this.#request;
    const harmless =
      unsent ||
      (IDEMPOTENT.has(method ?? '') &&
        headers['content-length'] === undefined &&
        headers['transfer-encoding'] === undefined);
    if (route === null || this.#retried || !harmless) {
      this.#refuse(FAULT_CODES[fault], 'The web service closed the connection.', false);
      return;
    }
    this.#retried = true;
    this.#bodySent = false;
    this.#connect(route);
  }

  #unavailable(error: unknown): void {
    this.#context.parts.log.error('request.not-recorded', {
      code: error instanceof ShudiError ? error.code : 'internal.fault',
    });
    if (!this.#over)
      this.#refuse(
        'records.unavailable',
        'The request was not forwarded, because it could not be recorded.',
        false,
      );
  }

  /** The upstream has acted, but what it announced could not be stored: no answer, never a 503 (R1). */
  #withhold(error: unknown): void {
    const reason =
      error instanceof AnnouncementError
        ? error.message
        : error instanceof ShudiError
          ? error.code
          : 'internal.fault';
    this.#context.parts.log.error('response.withheld', { reason });
    this.#context.connection.destroy();
  }

  #refuse(code: ErrorCode, detail: string, close: boolean): void {
    if (this.#response.headersSent) {
      this.#context.connection.destroy();
      return;
    }
    const unread =
      !this.#request.complete &&
      (this.#request.headers['content-length'] !== undefined ||
        this.#request.headers['transfer-encoding'] !== undefined);
    sendRefusal(this.#response, code, detail, close || unread);
    if (unread) this.#context.connection.destroyAfter(this.#response);
  }

  /** The response was sent whole, or the client has gone: in both cases nothing more is wanted of the upstream. */
  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#contact !== null) this.#contact.uses -= 1;
    this.#upstream?.destroy();
    this.#upstream = null;
    this.#context.connection.next();
  }
}
