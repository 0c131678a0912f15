import { BodyDecoder, BodyError, type BodyFault, type BodyHandler } from './body-decoder.ts';
import { FIELD_LINES, hasBareLineFeed, LENGTH, splitFields } from './grammar.ts';

/**
 * A strict parser of HTTP/1.1 responses (RFC 9112): what it does not understand to the letter is an error, because a
 * response that two parsers read differently can reach another user. No bare CR or LF, no folded lines, no duplicate
 * or signed Content-Length, no Transfer-Encoding but `chunked`, never both.
 */

export type ParseFault =
  | BodyFault
  | 'status-line'
  | 'header'
  | 'head-too-large'
  | 'interim'
  | 'content-length'
  | 'transfer-encoding'
  | 'unexpected-upgrade'
  | 'unexpected-data';

export class ResponseParseError extends Error {
  readonly fault: ParseFault;
  constructor(fault: ParseFault) {
    super(`the upstream's response is malformed: ${fault}`);
    this.fault = fault;
  }
}

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** Names and values in turn, as received. */
  readonly headers: readonly string[];
  /** Whether the connection may carry another exchange after this one. */
  readonly keepAlive: boolean;
  /** `none` when no body follows, whatever the headers say (HEAD, 204, 304, 101). */
  readonly framing: 'none' | 'length' | 'chunked' | 'until-close';
}

export interface ResponseHandler extends BodyHandler {
  /** A 1xx head; the final one is still to come. */
  onInformation(head: ResponseHead): void;
  /** The final head, or the 101 that was asked for. */
  onHead(head: ResponseHead): void;
  /** What follows a 101 on the connection is not HTTP any more: `rest` is what has come of it already. */
  onUpgraded(rest: Buffer): void;
}

/** What a request allows its response to be. */
export interface Expected {
  /** The method was HEAD: no body, whatever the head says. */
  readonly head: boolean;
  /** The protocol that the request asked to change to, in lower case; null for none. */
  readonly upgrade: string | null;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const CLOSE = /(?:^|,)[\t ]*close[\t ]*(?:,|$)/i;
const KEEP_ALIVE = /(?:^|,)[\t ]*keep-alive[\t ]*(?:,|$)/i;

const State = { Idle: 0, Head: 1, Body: 2, UntilClose: 3, Upgraded: 4 } as const;
type State = (typeof State)[keyof typeof State];

export class ResponseParser {
  readonly #maxHead: number;
  readonly #body: BodyDecoder;
  #handler: ResponseHandler | null = null;
  #state: State = State.Idle;
  #expected: Expected = { head: false, upgrade: null };
  /** Bytes of a line or head that has not ended yet. */
  #partial: Buffer | null = null;
  #length = 0;

  /** @param maxHead  the longest head or trailer section accepted, bytes */
  constructor(maxHead: number) {
    this.#maxHead = maxHead;
    this.#body = new BodyDecoder(maxHead);
  }

  /** Expects the response to a request. */
  expect(handler: ResponseHandler, expected: Expected): void {
    this.#handler = handler;
    this.#expected = expected;
    this.#state = State.Head;
  }

  get idle(): boolean {
    return this.#state === State.Idle;
  }

  /** Feeds bytes. @throws ResponseParseError */
  execute(input: Buffer): void {
    let data = input;
    if (this.#partial !== null) {
      data = Buffer.concat([this.#partial, input]);
      this.#partial = null;
    }
    let at = 0;
    while (at < data.length) {
      const next = this.#step(data, at);
      if (next === -1) {
        this.#partial = at === 0 ? data : data.subarray(at);
        return;
      }
      at = next;
    }
  }

  /** The connection was closed by the upstream: completes a body that lasts until then. Returns whether all is whole. */
  finish(): boolean {
    if (this.#state === State.UntilClose) {
      this.#complete([]);
      return true;
    }
    return this.#state === State.Idle;
  }

  #step(data: Buffer, at: number): number {
    switch (this.#state) {
      case State.Idle:
        throw new ResponseParseError('unexpected-data');
      case State.Head:
        return this.#head(data, at);
      case State.Body:
        return this.#decode(data, at);
      case State.UntilClose:
        this.#handler?.onBody(at === 0 ? data : data.subarray(at), false);
        return data.length;
      case State.Upgraded:
        this.#handler?.onUpgraded(at === 0 ? data : data.subarray(at));
        return data.length;
    }
  }

  readonly #bodyHandler: BodyHandler = {
    onBody: (chunk, last) => this.#handler?.onBody(chunk, last),
    onComplete: (trailers) => this.#complete(trailers),
  };

  #decode(data: Buffer, at: number): number {
    try {
      return this.#body.step(data, at, this.#bodyHandler);
    } catch (error) {
      throw error instanceof BodyError ? new ResponseParseError(error.fault) : error;
    }
  }

  #head(data: Buffer, at: number): number {
    const end = data.indexOf('\r\n\r\n', at, 'latin1');
    if (end === -1) {
      if (data.length - at > this.#maxHead) throw new ResponseParseError('head-too-large');
      if (hasBareLineFeed(data, at)) throw new ResponseParseError('header');
      return -1;
    }
    if (end - at > this.#maxHead) throw new ResponseParseError('head-too-large');
    const head = this.#parseHead(data.toString('latin1', at, end + 2));
    if (head.status >= 200) this.#begin(head);
    else if (head.status === 101) this.#upgrade(head);
    // One that ends the connection: to some parsers nothing follows it, to others the final response does.
    else if (!head.keepAlive) throw new ResponseParseError('interim');
    else this.#handler?.onInformation(head);
    return end + 4;
  }

  /** @param text  the status line and the header lines, each ended by CRLF */
  #parseHead(text: string): ResponseHead {
    const lineEnd = text.indexOf('\r\n');
    const match = STATUS_LINE.exec(text.slice(0, lineEnd));
    if (match === null) throw new ResponseParseError('status-line');
    const lines = text.slice(lineEnd + 2);
    if (!FIELD_LINES.test(lines)) throw new ResponseParseError('header');
    const old = match[1] === '0';
    const headers = splitFields(lines);
    let length: string | null = null;
    let chunked = false;
    let close = old;
    for (let index = 0; index < headers.length; index += 2) {
      const name = headers[index] ?? '';
      const value = headers[index + 1] ?? '';
      // The three names that decide framing have lengths of their own; only then is the name folded.
      if (name.length === 14 && name.toLowerCase() === 'content-length') {
        if (length !== null || !LENGTH.test(value)) throw new ResponseParseError('content-length');
        length = value;
      } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
        if (chunked || old || value.toLowerCase() !== 'chunked')
          throw new ResponseParseError('transfer-encoding');
        chunked = true;
      } else if (name.length === 10 && name.toLowerCase() === 'connection') {
        if (CLOSE.test(value)) close = true;
        else if (old && KEEP_ALIVE.test(value)) close = false;
      }
    }
    if (chunked && length !== null) throw new ResponseParseError('transfer-encoding');
    const status = Number(match[2]);
    const bodyless = this.#expected.head || status < 200 || status === 204 || status === 304;
    const framing = bodyless ? 'none' : chunked ? 'chunked' : length !== null ? 'length' : 'until-close';
    this.#length = framing === 'length' ? Number(length) : 0;
    return {
      status,
      reason: match[3] ?? '',
      headers,
      keepAlive: !close && framing !== 'until-close',
      framing,
    };
  }

  /** RFC 9110, 7.8: only to the protocol that was asked for. */
  #upgrade(head: ResponseHead): void {
    const { upgrade } = this.#expected;
    let answered: string | null = null;
    for (let index = 0; index < head.headers.length; index += 2)
      if (head.headers[index]?.toLowerCase() === 'upgrade') {
        if (answered !== null) throw new ResponseParseError('unexpected-upgrade');
        answered = head.headers[index + 1]?.toLowerCase() ?? '';
      }
    if (upgrade === null || answered !== upgrade) throw new ResponseParseError('unexpected-upgrade');
    this.#state = State.Upgraded;
    this.#handler?.onHead(head);
  }

  #begin(head: ResponseHead): void {
    const empty = head.framing === 'none' || (head.framing === 'length' && this.#length === 0);
    this.#state = head.framing === 'until-close' ? State.UntilClose : State.Body;
    if (!empty && head.framing !== 'until-close')
      this.#body.begin(head.framing === 'chunked' ? null : this.#length);
    this.#handler?.onHead(head);
    if (empty) this.#complete([]);
  }

  #complete(trailers: readonly string[]): void {
    const handler = this.#handler;
    this.#handler = null;
    this.#state = State.Idle;
    handler?.onComplete(trailers);
  }
}
