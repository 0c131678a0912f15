import { FIELD_LINES, splitFields } from './grammar.ts';

export type BodyFault = 'chunk' | 'trailer';

/** A body that is not framed to the letter. */
export class BodyError extends Error {
  readonly fault: BodyFault;
  constructor(fault: BodyFault) {
    super(`the body is malformed: ${fault}`);
    this.fault = fault;
  }
}

export interface BodyHandler {
  /** @param last  no more of the body follows this piece */
  onBody(chunk: Buffer, last: boolean): void;
  /** @param trailers  names and values in turn; empty for a body that is not chunked */
  onComplete(trailers: readonly string[]): void;
}

/**
 * `chunk-size [ chunk-ext ]` (RFC 9112, 7.1): up to 2^48. Extensions, each a token with a token or a quoted text or
 * without a value, are read to the letter and dropped.
 */
const CHUNK_LINE =
  /^([0-9A-Fa-f]{1,12})(?:[\t ]*;[\t ]*[\w!#$%&'*+\-.^`|~]+(?:[\t ]*=[\t ]*(?:[\w!#$%&'*+\-.^`|~]+|"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"))?)*$/;
const MAX_CHUNK_LINE = 1024;
const NO_TRAILERS: readonly string[] = [];

const State = { Done: 0, Length: 1, ChunkSize: 2, ChunkData: 3, ChunkEnd: 4, Trailer: 5 } as const;
type State = (typeof State)[keyof typeof State];

/**
 * Decodes a body by its length or in chunks (RFC 9112, 6 and 7), the same for requests and responses, so that both
 * sides of the gateway draw the same line between two messages.
 */
export class BodyDecoder {
  readonly #maxTrailers: number;
  #state: State = State.Done;
  #remaining = 0;
  #trailers = '';

  /** @param maxTrailers  the longest trailer section accepted, bytes */
  constructor(maxTrailers: number) {
    this.#maxTrailers = maxTrailers;
  }

  /** Expects a body of so many bytes (at least one), or in chunks when `length` is null. */
  begin(length: number | null): void {
    this.#state = length === null ? State.ChunkSize : State.Length;
    this.#remaining = length ?? 0;
    this.#trailers = '';
  }

  get done(): boolean {
    return this.#state === State.Done;
  }

  /**
   * Reads on from `at`. Returns where it stopped; -1 when it needs more than what is there from `at` on.
   * @throws BodyError
   */
  step(data: Buffer, at: number, handler: BodyHandler): number {
    switch (this.#state) {
      case State.Done:
        return at;
      case State.Length:
      case State.ChunkData:
        return this.#counted(data, at, handler);
      case State.ChunkSize:
        return this.#chunkSize(data, at);
      case State.ChunkEnd:
        return this.#chunkEnd(data, at);
      case State.Trailer:
        return this.#trailer(data, at, handler);
    }
  }

  #counted(data: Buffer, at: number, handler: BodyHandler): number {
    const end = Math.min(data.length, at + this.#remaining);
    this.#remaining -= end - at;
    const last = this.#remaining === 0 && this.#state === State.Length;
    if (this.#remaining === 0) this.#state = last ? State.Done : State.ChunkEnd;
    handler.onBody(at === 0 && end === data.length ? data : data.subarray(at, end), last);
    if (last) handler.onComplete(NO_TRAILERS);
    return end;
  }

  #chunkSize(data: Buffer, at: number): number {
    const end = data.indexOf('\r\n', at, 'latin1');
    if (end === -1) {
      if (data.length - at > MAX_CHUNK_LINE || data.indexOf(0x0a, at) !== -1) throw new BodyError('chunk');
      return -1;
    }
    const match = end - at > MAX_CHUNK_LINE ? null : CHUNK_LINE.exec(data.toString('latin1', at, end));
    if (match?.[1] === undefined) throw new BodyError('chunk');
    this.#remaining = Number.parseInt(match[1], 16);
    this.#state = this.#remaining === 0 ? State.Trailer : State.ChunkData;
    return end + 2;
  }

  #chunkEnd(data: Buffer, at: number): number {
    if (data[at] !== 0x0d) throw new BodyError('chunk');
    if (data.length - at < 2) return -1;
    if (data[at + 1] !== 0x0a) throw new BodyError('chunk');
    this.#state = State.ChunkSize;
    return at + 2;
  }

  #trailer(data: Buffer, at: number, handler: BodyHandler): number {
    const end = data.indexOf('\r\n', at, 'latin1');
    if (end === -1) {
      if (data.length - at + this.#trailers.length > this.#maxTrailers || data.indexOf(0x0a, at) !== -1)
        throw new BodyError('trailer');
      return -1;
    }
    if (end === at) {
      this.#state = State.Done;
      handler.onComplete(this.#trailers === '' ? NO_TRAILERS : splitFields(this.#trailers));
      return end + 2;
    }
    const line = data.toString('latin1', at, end + 2);
    this.#trailers += line;
    if (this.#trailers.length > this.#maxTrailers || !FIELD_LINES.test(line)) throw new BodyError('trailer');
    return end + 2;
  }
}
