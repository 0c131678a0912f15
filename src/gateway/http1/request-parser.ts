import { BodyDecoder, BodyError, type BodyHandler } from './body-decoder.ts';
import { hasBareLineFeed } from './grammar.ts';
import { isHost, readHeaderBlock, type HeaderBlock } from './header-block.ts';
import { malformed, RequestError } from './request-error.ts';

/**
 * A strict parser of HTTP/1.1 and HTTP/1.0 requests (RFC 9112). It reads one message, then waits until it is told to go
 * on, so that what stands behind a request is not looked at before that one is answered.
 */

export interface RequestHead {
  readonly method: string;
  /** What follows the method on the request line to the upstream: origin form or `*`. */
  readonly target: string;
  /** Of the Host, or of the target in absolute form (RFC 9112, 3.2.2). */
  readonly host: string;
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  readonly minor: 0 | 1;
  readonly block: HeaderBlock;
  readonly hasBody: boolean;
  /** Whether the client wants the connection for another request. */
  readonly keepAlive: boolean;
}

/** `onComplete` is for bodies: a request without one is complete with its head. */
export interface RequestHandler extends BodyHandler {
  onHead(head: RequestHead): void;
}

/** Read at each request, so that a reload counts from the next one on. */
export interface RequestLimits {
  readonly headerBytes: number;
  readonly headerCount: number;
  readonly targetBytes: number;
}

const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}) ([\x21-\x7e]+) HTTP\/1\.([01])$/;
const ABSOLUTE = /^https?:\/\/([^/?#]+)(\/[^#]*|\?[^#]*)?$/i;
/** The methods of the IANA registry that are forwarded, and some of old; an unknown one is refused. */
const KNOWN_METHODS: ReadonlySet<string> = new Set(
  (
    'ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL MOVE NOTIFY ' +
    'OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK ' +
    'UNLOCK UNSUBSCRIBE'
  ).split(' '),
);
/** A first byte that no request line and no empty line before it has: TLS on a plain port, say. */
const FIRST = /^[!#$%&'*+\-.^_`|~0-9A-Za-z\r]/;
/** Empty lines before a request (RFC 9112, 2.2: at least one should be ignored), bytes. */
const MAX_LEADING = 4;
const CR = 0x0d;
const LF = 0x0a;
const H = 0x48;
const EMPTY = Buffer.alloc(0);

const State = { Head: 0, Body: 1, Complete: 2, Failed: 3 } as const;
type State = (typeof State)[keyof typeof State];

export class RequestParser {
  readonly #handler: RequestHandler;
  readonly #limits: () => RequestLimits;
  /** Made with the first body: most connections have none. */
  #body: { readonly decoder: BodyDecoder; readonly handler: BodyHandler } | null = null;
  #state: State = State.Head;
  #held = false;
  /** Bytes that wait: of a line or head that has not ended yet, or behind a message that is not answered yet. */
  #waiting: Buffer = EMPTY;
  #at = 0;
  /** How far the waiting bytes were looked through for the end of a head. */
  #searched = 0;
  #lastBlock: HeaderBlock | null = null;
  #isHead = false;
  #running = false;

  constructor(handler: RequestHandler, limits: () => RequestLimits) {
    this.#handler = handler;
    this.#limits = limits;
  }

  /** Feeds bytes. @throws RequestError, after which nothing more is read */
  execute(input: Buffer): void {
    if (this.#at === this.#waiting.length) this.#waiting = input;
    else this.#waiting = Buffer.concat([this.#waiting.subarray(this.#at), input]);
    this.#at = 0;
    this.#run();
  }

  /** Whether the request that is being read, or was read last, is HEAD: no answer to it has a body, nor a refusal. */
  get isHead(): boolean {
    return this.#isHead;
  }

  /** Bytes that were received and not read yet. */
  get buffered(): number {
    return this.#waiting.length - this.#at;
  }

  /** Between two messages, with no byte of the next one. */
  get idle(): boolean {
    return this.#state === State.Head && this.buffered === 0;
  }

  /** Whether the last message was read to its end. */
  get complete(): boolean {
    return this.#state === State.Complete;
  }

  get held(): boolean {
    return this.#held;
  }

  /** Gives away what was received and not read: the connection is not HTTP any more. */
  takeRest(): Buffer {
    const rest = this.#waiting.subarray(this.#at);
    this.#waiting = EMPTY;
    this.#at = 0;
    this.#state = State.Failed;
    return rest;
  }

  /** Reads no more of a body until `release`. */
  hold(): void {
    this.#held = true;
  }

  /** @throws RequestError */
  release(): void {
    this.#held = false;
    this.#run();
  }

  /** The message was answered: goes on with the next. @throws RequestError */
  next(): void {
    if (this.#state !== State.Complete) return;
    this.#state = State.Head;
    this.#run();
  }

  #run(): void {
    // A handler may release or go on from within a call: the loop that runs takes it from there.
    if (this.#running) return;
    this.#running = true;
    try {
      while (this.#at < this.#waiting.length) {
        if (this.#state === State.Complete || this.#state === State.Failed) return;
        if (this.#state === State.Body && this.#held) return;
        const next =
          this.#state === State.Head
            ? this.#head(this.#waiting, this.#at)
            : this.#step(this.#waiting, this.#at);
        if (next === -1) return;
        this.#at = next;
        this.#searched = 0;
      }
      // What was read need not be kept in memory while the connection idles.
      this.#waiting = EMPTY;
      this.#at = 0;
    } catch (error) {
      this.#state = State.Failed;
      this.#waiting = EMPTY;
      this.#at = 0;
      throw error instanceof BodyError ? malformed('The body is malformed.') : error;
    } finally {
      this.#running = false;
    }
  }

  #expectBody(length: number | null): void {
    this.#body ??= {
      decoder: new BodyDecoder(this.#limits().headerBytes),
      handler: {
        onBody: (chunk, last) => this.#handler.onBody(chunk, last),
        onComplete: (trailers) => {
          this.#state = State.Complete;
          this.#handler.onComplete(trailers);
        },
      },
    };
    this.#body.decoder.begin(length);
  }

  #step(data: Buffer, at: number): number {
    return this.#body?.decoder.step(data, at, this.#body.handler) ?? -1;
  }

  /** Returns the place behind the head, or -1 when it is not whole. */
  #head(data: Buffer, at: number): number {
    const limits = this.#limits();
    const start = skipLeading(data, at);
    this.#isHead = data[start] === H && data.toString('latin1', start, start + 5) === 'HEAD ';
    if (start === data.length) return -1;
    if (this.#searched === 0 && !FIRST.test(String.fromCharCode(data[start] ?? 0)))
      throw malformed('This is no HTTP request.');
    const from = Math.max(start, at + this.#searched - 3);
    const end = data.indexOf('\r\n\r\n', from, 'latin1');
    if ((end === -1 ? data.length : end) - start > limits.headerBytes)
      throw new RequestError('gateway.head-too-large', 'The head of the request is too long.');
    if (end === -1) {
      if (hasBareLineFeed(data, from)) throw malformed('A line does not end in CRLF.');
      this.#searched = data.length - at;
      return -1;
    }
    const head = this.#readHead(data, start, end, limits);
    this.#state = head.hasBody ? State.Body : State.Complete;
    if (head.hasBody) this.#expectBody(head.block.chunked ? null : head.block.contentLength);
    // Before the handler: it may go on with the next message from within.
    this.#at = end + 4;
    this.#searched = 0;
    this.#handler.onHead(head);
    return this.#at;
  }

  #readHead(data: Buffer, start: number, end: number, limits: RequestLimits): RequestHead {
    const lineEnd = data.indexOf(CR, start);
    if (lineEnd - start > limits.targetBytes + 64)
      throw new RequestError('gateway.target-too-long', 'The request target is too long.');
    const line = REQUEST_LINE.exec(data.toString('latin1', start, lineEnd));
    if (line === null || data[lineEnd + 1] !== LF) throw malformed('The request line is malformed.');
    const [, method = '', target = '', minor] = line;
    if (target.length > limits.targetBytes)
      throw new RequestError('gateway.target-too-long', 'The request target is too long.');
    if (!KNOWN_METHODS.has(method)) throw malformed('The method is not known.');
    const block = this.#block(data, lineEnd + 2, end + 2, limits);
    if (method === 'TRACE' || method === 'CONNECT')
      throw new RequestError('gateway.method', `${method} is not forwarded.`);
    const old = minor === '0';
    if (old && block.chunked) throw malformed('HTTP/1.0 has no transfer codings.');
    if (!old && block.host === '') throw malformed('There is no Host.');
    const hasBody = block.chunked || (block.contentLength ?? 0) > 0;
    const keepAlive = old ? block.connection.has('keep-alive') : !block.connection.has('close');
    if (target.charCodeAt(0) === SLASH && !target.includes('#'))
      return { method, target, host: block.host, minor: old ? 0 : 1, block, hasBody, keepAlive };
    const form = otherForm(method, target, block.host);
    return { method, ...form, minor: old ? 0 : 1, block, hasBody, keepAlive };
  }

  /** The header lines of the request before, when these are the same ones. */
  #block(data: Buffer, from: number, to: number, limits: RequestLimits): HeaderBlock {
    const text = data.toString('latin1', from, to);
    const last = this.#lastBlock;
    if (last?.text === text) return last;
    const block = readHeaderBlock(text, limits.headerCount);
    this.#lastBlock = block;
    return block;
  }
}

const SLASH = 0x2f;

/** The place behind the empty lines before a request; the end when that is not known yet. */
function skipLeading(data: Buffer, from: number): number {
  let at = from;
  while (data[at] === CR && data[at + 1] === LF && at < from + MAX_LEADING) at += 2;
  // A lone CR may still become an empty line.
  if (at + 1 === data.length && data[at] === CR) return data.length;
  if (data[at] === CR) throw malformed('There are too many empty lines, or a bare CR, before the request.');
  return at;
}

/** A target that is not in origin form (RFC 9112, 3.2). */
function otherForm(method: string, target: string, host: string): { target: string; host: string } {
  if (target === '*') {
    if (method !== 'OPTIONS') throw malformed('Only OPTIONS may ask for *.');
    return { target, host };
  }
  if (target.startsWith('/')) throw malformed('The request target holds a fragment.');
  // Absolute form: its authority counts, the Host is ignored.
  const match = ABSOLUTE.exec(target);
  if (match?.[1] === undefined || !isHost(match[1]))
    throw malformed('The request target is in no known form.');
  const path = match[2] ?? '/';
  return { target: path.startsWith('/') ? path : `/${path}`, host: match[1] };
}
