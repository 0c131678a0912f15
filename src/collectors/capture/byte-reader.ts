import { closeSync, openSync, readSync } from 'node:fs';

const CHUNK = 1 << 20;

/** Reads a file from its beginning to its end, so many bytes at a time; holds little more than what is asked for. */
export class ByteReader {
  readonly #file: number;
  #held = Buffer.alloc(0);
  #position = 0;

  /** @throws node's error when the file cannot be opened */
  constructor(path: string) {
    this.#file = openSync(path, 'r');
  }

  /** Bytes taken so far. */
  get position(): number {
    return this.#position;
  }

  /** The next `count` bytes without taking them; fewer at the end of the file. */
  peek(count: number): Buffer {
    while (this.#held.length < count) {
      const chunk = Buffer.alloc(Math.max(CHUNK, count - this.#held.length));
      const read = readSync(this.#file, chunk);
      if (read === 0) break;
      const fresh = chunk.subarray(0, read);
      this.#held = this.#held.length === 0 ? fresh : Buffer.concat([this.#held, fresh]);
    }
    return this.#held.subarray(0, count);
  }

  /** The next `count` bytes; null when the file ends before. */
  take(count: number): Buffer | null {
    const bytes = this.peek(count);
    if (bytes.length < count) return null;
    this.#held = this.#held.subarray(count);
    this.#position += count;
    return bytes;
  }

  close(): void {
    closeSync(this.#file);
  }
}
