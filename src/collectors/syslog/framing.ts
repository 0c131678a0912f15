/** The longest frame, bytes. */
export const MOST_BYTES = 65_536;

const [NUL, LF, CR, SPACE, LESS] = [0, 10, 13, 32, 60] as const;
const [ZERO, ONE, NINE] = [48, 49, 57] as const;
/** Digits of the longest length. */
const MOST_DIGITS = 5;

/**
 * Cuts a stream into messages (RFC 6587, 3.4): a length before each, or LF, CR LF or NUL after each, whichever a frame
 * uses. A length counts as one only before a `<`, with which every message begins: a line of IOS XR begins with `1 `.
 */
export class SyslogFrames {
  readonly #onFrame: (frame: Buffer) => void;
  #bytes = Buffer.alloc(0);
  #length = 0;
  /** So far there is no end of a line. */
  #scanned = 0;
  #cut = 0;

  /** @param onFrame given each frame without what ends it; its bytes are good until it returns */
  constructor(onFrame: (frame: Buffer) => void) {
    this.#onFrame = onFrame;
  }

  /** Frames that never came to their end. */
  get cut(): number {
    return this.#cut;
  }

  /** @returns false when a frame is longer than allowed: nothing after it can be trusted */
  readonly data = (bytes: Buffer): boolean => {
    this.#append(bytes);
    let at = 0;
    for (;;) {
      at = this.#skipEnds(at);
      const end = this.#frame(at);
      if (end === 'too-long') {
        this.#cut += 1;
        this.#length = 0;
        return false;
      }
      if (end === 'more') break;
      at = end;
      this.#scanned = end;
    }
    this.#bytes.copyWithin(0, at, this.#length);
    this.#length -= at;
    this.#scanned = Math.max(0, this.#scanned - at);
    return true;
  };

  /** What has no end yet is dropped: half a line may hold half a port, which is another port. */
  readonly closed = (): void => {
    if (this.#length > 0) this.#cut += 1;
    this.#length = 0;
    this.#bytes = Buffer.alloc(0);
  };

  #append(bytes: Buffer): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(needed, 2 * this.#bytes.length));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    bytes.copy(this.#bytes, this.#length);
    this.#length = needed;
  }

  /** Some end a frame with a length by LF too. */
  #skipEnds(from: number): number {
    let at = from;
    while (at < this.#length && isEnd(this.#bytes[at])) at += 1;
    return at;
  }

  /** Hands on the frame at a place. Returns where the next begins. */
  #frame(at: number): number | 'more' | 'too-long' {
    const counted = this.#counted(at);
    if (counted === 'more') return 'more';
    if (counted === null) return this.#line(at);
    if (counted.length > MOST_BYTES) return 'too-long';
    const end = counted.start + counted.length;
    if (end > this.#length) return 'more';
    this.#onFrame(withoutEnd(this.#bytes.subarray(counted.start, end)));
    return end;
  }

  /** `MSG-LEN SP` before a `<`; null when the frame is a line. */
  #counted(at: number): { readonly start: number; readonly length: number } | 'more' | null {
    let place = at;
    let length = 0;
    for (; place < this.#length && place - at < MOST_DIGITS; place += 1) {
      const byte = this.#bytes[place] ?? 0;
      if (byte < (place === at ? ONE : ZERO) || byte > NINE) break;
      length = length * 10 + byte - ZERO;
    }
    if (place >= this.#length) return 'more';
    if (place === at || this.#bytes[place] !== SPACE) return null;
    if (place + 1 >= this.#length) return 'more';
    return this.#bytes[place + 1] === LESS ? { start: place + 1, length } : null;
  }

  #line(at: number): number | 'more' | 'too-long' {
    let end = Math.max(at, this.#scanned);
    while (end < this.#length && this.#bytes[end] !== LF && this.#bytes[end] !== NUL) end += 1;
    this.#scanned = end;
    if (end - at > MOST_BYTES) return 'too-long';
    if (end === this.#length) return 'more';
    this.#onFrame(withoutEnd(this.#bytes.subarray(at, end)));
    return end + 1;
  }
}

const isEnd = (byte: number | undefined): boolean => byte === LF || byte === NUL || byte === CR;

function withoutEnd(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && isEnd(bytes[end - 1])) end -= 1;
  return bytes.subarray(0, end);
}

/** The lines of a datagram: one message, or several with LF or NUL between them. Empty ones are left out. */
export function datagramLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let at = 0; at <= bytes.length; at += 1) {
    if (at < bytes.length && bytes[at] !== LF && bytes[at] !== NUL) continue;
    const line = withoutEnd(bytes.subarray(start, at));
    if (line.length > 0) lines.push(line);
    start = at + 1;
  }
  return lines;
}
