import type { ClientConnection } from '../client/client-connection.ts';
import { httpDate } from '../client/refusal.ts';
import { trailerLines, type FilteredResponse } from '../http1/headers.ts';
import type { RequestHead } from '../http1/request-parser.ts';
import type { ResponseHead } from '../http1/response-parser.ts';

/** Pieces up to this size are copied into one write; larger ones are handed over as they are, bytes. */
const COPIED = 16_384;
const CRLF = '\r\n';

type Framing = 'none' | 'length' | 'chunked' | 'until-close';

/**
 * The response as the client gets it: framed for the client's version, head and first piece of the body in one write.
 */
export class Answer {
  readonly #client: ClientConnection;
  readonly #request: RequestHead;
  #framing: Framing = 'none';
  /** What has not been written yet: text (the head, what frames a piece), one piece, text. */
  #before = '';
  #chunk: Buffer | null = null;
  #after = '';
  #begun = false;
  #keep = true;

  constructor(client: ClientConnection, request: RequestHead) {
    this.#client = client;
    this.#request = request;
  }

  /** Whether the final head has been given: then nothing else can be the answer. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Whether the client's connection may carry another request behind this answer. */
  get keep(): boolean {
    return this.#keep;
  }

  get framing(): Framing {
    return this.#framing;
  }

  /** A 1xx; goes out at once. */
  information(head: ResponseHead, lines: string): void {
    this.#client.write(`HTTP/1.1 ${head.status} ${head.reason}${CRLF}${lines}${CRLF}`);
  }

  /**
   * The final head (or a 101). It goes out with the first piece of the body, or with `flush`.
   * @param keep  whether the connection may go on behind it, as far as the request's side is concerned
   */
  begin(head: ResponseHead, filtered: FilteredResponse, keep: boolean): void {
    const current = this.#request.minor === 1;
    this.#begun = true;
    this.#framing =
      head.framing === 'chunked' || head.framing === 'until-close'
        ? current
          ? 'chunked'
          : 'until-close'
        : head.framing;
    this.#keep = keep && this.#request.keepAlive && this.#framing !== 'until-close';
    let text = `HTTP/1.1 ${head.status} ${head.reason}${CRLF}${filtered.lines}`;
    if (!filtered.dated && head.status >= 200) text += `Date: ${httpDate()}${CRLF}`;
    if (this.#framing === 'chunked') text += `Transfer-Encoding: chunked${CRLF}`;
    if (head.status === 101)
      text += `Connection: upgrade${CRLF}Upgrade: ${this.#request.block.upgrade}${CRLF}`;
    else if (!this.#keep) text += `Connection: close${CRLF}`;
    else if (!current) text += `Connection: keep-alive${CRLF}`;
    this.#before = text + CRLF;
  }

  /** A piece of the body; it goes out with the next one, with `flush` or with the end. False asks to wait. */
  body(chunk: Buffer): boolean {
    if (this.#framing === 'none' || chunk.length === 0) return true;
    const free = this.#chunk === null ? true : this.flush();
    if (this.#framing === 'chunked') {
      this.#before += `${chunk.length.toString(16)}${CRLF}`;
      this.#after = CRLF;
    }
    this.#chunk = chunk;
    return free;
  }

  /** Sends what waits; false asks to wait for the client. */
  flush(): boolean {
    const chunk = this.#chunk;
    const before = this.#before;
    const after = this.#after;
    this.#chunk = null;
    this.#before = '';
    this.#after = '';
    if (chunk === null) return before === '' || this.#client.write(before);
    if (before === '' && after === '') return this.#client.write(chunk);
    if (chunk.length <= COPIED) {
      const end = before.length + chunk.length;
      const whole = Buffer.allocUnsafe(end + after.length);
      whole.write(before, 0, 'latin1');
      chunk.copy(whole, before.length);
      whole.write(after, end, 'latin1');
      return this.#client.write(whole);
    }
    this.#client.cork();
    if (before !== '') this.#client.write(before);
    let free = this.#client.write(chunk);
    if (after !== '') free = this.#client.write(after);
    this.#client.uncork();
    return free;
  }

  /** The body is whole. @param trailers  as received */
  end(trailers: readonly string[]): void {
    if (this.#framing === 'chunked') {
      const last = `0${CRLF}${this.#request.block.takesTrailers ? trailerLines(trailers) : ''}${CRLF}`;
      if (this.#chunk === null) this.#before += last;
      else this.#after += last;
    }
    this.flush();
  }
}
