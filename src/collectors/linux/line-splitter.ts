/** The longest line, bytes; real ones have under 1000. */
export const MOST_LINE_BYTES = 2048;

const LF = 10;

/** Why a line is not handed over; `line-cut`: its end never came. */
export type LineFault = 'line-too-long' | 'line-cut';

/**
 * Splits a stream of bytes into lines. It keeps no more than one line: of a longer one nothing is handed over, since a
 * number that was cut off is another number.
 */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #onFault: (fault: LineFault) => void;
  #rest = Buffer.alloc(0);
  /** Whether what comes is dropped until the next line end. */
  #skipping = false;

  constructor(onLine: (line: string) => void, onFault: (fault: LineFault) => void) {
    this.#onLine = onLine;
    this.#onFault = onFault;
  }

  /** Empty lines are passed over. */
  push(bytes: Buffer): void {
    let start = 0;
    for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, start)) {
      this.#end(bytes.subarray(start, end));
      start = end + 1;
    }
    this.#keep(bytes.subarray(start));
  }

  /** What has no line end yet is dropped. */
  drop(): void {
    if (this.#rest.length > 0) this.#onFault('line-cut');
    this.#begin();
  }

  /** What comes until the next line end is the rest of a line that nobody saw begin. */
  skipRest(): void {
    this.#rest = Buffer.alloc(0);
    this.#skipping = true;
  }

  #end(tail: Buffer): void {
    if (!this.#skipping && this.#fits(tail)) {
      const line = this.#rest.length === 0 ? tail : Buffer.concat([this.#rest, tail]);
      if (line.length > 0) this.#onLine(line.toString('utf8'));
    }
    this.#begin();
  }

  #begin(): void {
    this.#rest = Buffer.alloc(0);
    this.#skipping = false;
  }

  #keep(tail: Buffer): void {
    if (this.#skipping || tail.length === 0) return;
    // A copy: the rest of what was read is not to be held for it.
    if (this.#fits(tail)) this.#rest = Buffer.concat([this.#rest, tail]);
    else this.skipRest();
  }

  #fits(tail: Buffer): boolean {
    if (this.#rest.length + tail.length <= MOST_LINE_BYTES) return true;
    this.#onFault('line-too-long');
    return false;
  }
}
