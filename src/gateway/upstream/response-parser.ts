/**
 * A strict parser of HTTP/1.1 responses (RFC 9112): what it does not understand to the letter is an error, because a
 * response that two parsers read differently can reach another user. No bare CR or LF, no folded lines, no duplicate
 * or signed Content-Length, no Transfer-Encoding but `chunked`, never both.
 */

export type ParseFault =
  | 'status-line'
  | 'header'
  | 'head-too-large'
  | 'interim'
  | 'content-length'
  | 'transfer-encoding'
  | 'chunk'
  | 'trailer'
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
  /** `none` when no body follows, whatever the headers say (HEAD, 204, 304). */
  readonly framing: 'none' | 'length' | 'chunked' | 'until-close';
}

export interface ResponseHandler {
  /** A 1xx head; the final one is still to come. */
  onInformation(head: ResponseHead): void;
  onHead(head: ResponseHead): void;
  /** @param last  no more body follows this chunk */
  onBody(chunk: Buffer, last: boolean): void;
  onComplete(): void;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const LENGTH = /^\d{1,15}$/;
const CHUNK_LINE = /^([0-9A-Fa-f]{1,12})(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?$/;
const CRLF = '\r\n';
const MAX_CHUNK_LINE = 1024;

const State = {
  Idle: 0,
  Head: 1,
  Length: 2,
  ChunkSize: 3,
  ChunkData: 4,
  ChunkEnd: 5,
  Trailer: 6,
  UntilClose: 7,
} as const;
type State = (typeof State)[keyof typeof State];

export class ResponseParser {
  readonly #maxHead: number;
  #handler: ResponseHandler | null = null;
  #state: State = State.Idle;
  #headRequest = false;
  /** Bytes of a line or head that has not ended yet. */
  #partial: Buffer | null = null;
  #remaining = 0;
  #trailerBytes = 0;

  /** @param maxHead  the longest head or trailer section accepted, bytes */
  constructor(maxHead: number) {
    this.#maxHead = maxHead;
  }

  /** Expects the response to a request; `head` when its method was HEAD. */
  expect(handler: ResponseHandler, head: boolean): void {
    this.#handler = handler;
    this.#headRequest = head;
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
      this.#complete();
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
      case State.Length:
      case State.ChunkData:
        return this.#counted(data, at);
      case State.ChunkSize:
        return this.#chunkSize(data, at);
      case State.ChunkEnd:
        return this.#chunkEnd(data, at);
      case State.Trailer:
        return this.#trailer(data, at);
      case State.UntilClose:
        this.#handler?.onBody(at === 0 ? data : data.subarray(at), false);
        return data.length;
    }
  }

  #head(data: Buffer, at: number): number {
    const end = data.indexOf('\r\n\r\n', at, 'latin1');
    if (end === -1) {
      if (data.length - at > this.#maxHead) throw new ResponseParseError('head-too-large');
      return -1;
    }
    if (end - at > this.#maxHead) throw new ResponseParseError('head-too-large');
    const lines = data.toString('latin1', at, end).split(CRLF);
    const head = this.#parseHead(lines);
    if (head.status < 200) {
      if (head.status === 101) throw new ResponseParseError('unexpected-upgrade');
      // One that ends the connection: to some parsers nothing follows it, to others the final response does.
      if (!head.keepAlive) throw new ResponseParseError('interim');
      this.#handler?.onInformation(head);
      return end + 4;
    }
    this.#begin(head);
    return end + 4;
  }

  #parseHead(lines: readonly string[]): ResponseHead {
    const match = STATUS_LINE.exec(lines[0] ?? '');
    if (match === null) throw new ResponseParseError('status-line');
    const status = Number(match[2]);
    const headers: string[] = [];
    let length: string | null = null;
    let chunked = false;
    let close = match[1] === '0';
    for (let index = 1; index < lines.length; index += 1) {
      const line = lines[index] ?? '';
      const colon = line.indexOf(':');
      const name = line.slice(0, colon === -1 ? 0 : colon);
      const value = line.slice(colon + 1).replace(/^[\t ]+|[\t ]+$/g, '');
      if (!NAME.test(name) || !VALUE.test(value)) throw new ResponseParseError('header');
      headers.push(name, value);
      // The three names that decide framing have lengths of their own; only then is the name folded.
      if (name.length === 14 && name.toLowerCase() === 'content-length') {
        if (length !== null || !LENGTH.test(value)) throw new ResponseParseError('content-length');
        length = value;
      } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
        if (chunked || value.toLowerCase() !== 'chunked' || match[1] === '0')
          throw new ResponseParseError('transfer-encoding');
        chunked = true;
      } else if (name.length === 10 && name.toLowerCase() === 'connection') {
        const options = value.toLowerCase();
        if (/(?:^|,)[\t ]*close[\t ]*(?:,|$)/.test(options)) close = true;
        else if (match[1] === '0' && /(?:^|,)[\t ]*keep-alive[\t ]*(?:,|$)/.test(options)) close = false;
      }
    }
    if (chunked && length !== null) throw new ResponseParseError('transfer-encoding');
    const bodyless = this.#headRequest || status < 200 || status === 204 || status === 304;
    const framing = bodyless ? 'none' : chunked ? 'chunked' : length !== null ? 'length' : 'until-close';
    this.#remaining = framing === 'length' ? Number(length) : 0;
    return {
      status,
      reason: match[3] ?? '',
      headers,
      keepAlive: !close && framing !== 'until-close',
      framing,
    };
  }

  #begin(head: ResponseHead): void {
    const empty = head.framing === 'none' || (head.framing === 'length' && this.#remaining === 0);
    if (head.framing === 'length') this.#state = State.Length;
    else if (head.framing === 'chunked') this.#state = State.ChunkSize;
    else if (head.framing === 'until-close') this.#state = State.UntilClose;
    this.#handler?.onHead(head);
    if (empty) this.#complete();
  }

  #complete(): void {
    const handler = this.#handler;
    this.#handler = null;
    this.#state = State.Idle;
    handler?.onComplete();
  }

  #counted(data: Buffer, at: number): number {
    const end = Math.min(data.length, at + this.#remaining);
    this.#remaining -= end - at;
    const last = this.#remaining === 0 && this.#state === State.Length;
    this.#handler?.onBody(data.subarray(at, end), last);
    if (this.#remaining === 0) {
      if (last) this.#complete();
      else this.#state = State.ChunkEnd;
    }
    return end;
  }

  #chunkSize(data: Buffer, at: number): number {
    const end = data.indexOf(CRLF, at, 'latin1');
    if (end === -1) {
      if (data.length - at > MAX_CHUNK_LINE) throw new ResponseParseError('chunk');
      return -1;
    }
    const match = end - at > MAX_CHUNK_LINE ? null : CHUNK_LINE.exec(data.toString('latin1', at, end));
    if (match?.[1] === undefined) throw new ResponseParseError('chunk');
    this.#remaining = Number.parseInt(match[1], 16);
    this.#trailerBytes = 0;
    this.#state = this.#remaining === 0 ? State.Trailer : State.ChunkData;
    return end + 2;
  }

  #chunkEnd(data: Buffer, at: number): number {
    if (data[at] !== 0x0d) throw new ResponseParseError('chunk');
    if (data.length - at < 2) return -1;
    if (data[at + 1] !== 0x0a) throw new ResponseParseError('chunk');
    this.#state = State.ChunkSize;
    return at + 2;
  }

  /** Trailers are checked and dropped: nothing of them has been announced to the client. */
  #trailer(data: Buffer, at: number): number {
    const end = data.indexOf(CRLF, at, 'latin1');
    if (end === -1) {
      if (data.length - at + this.#trailerBytes > this.#maxHead) throw new ResponseParseError('trailer');
      return -1;
    }
    if (end === at) {
      this.#complete();
      return end + 2;
    }
    this.#trailerBytes += end - at;
    const line = data.toString('latin1', at, end);
    const colon = line.indexOf(':');
    const wellFormed = colon > 0 && NAME.test(line.slice(0, colon)) && VALUE.test(line.slice(colon + 1));
    if (!wellFormed || this.#trailerBytes > this.#maxHead) throw new ResponseParseError('trailer');
    return end + 2;
  }
}
