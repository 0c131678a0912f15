import { randomBytes } from 'node:crypto';

/** Hashes short texts under a secret of its own; the two halves of the last result are read at once. */
export interface KeyedHash {
  /** Computes; the result is in `low` and `high`. */
  hash(text: string): void;
  readonly low: number;
  readonly high: number;
}

/**
 * HalfSipHash-1-3 with 64 bits of result over the text's UTF-16 units, under a random key: who does not know the key
 * can neither aim at a place of a table nor make two texts meet there. Not for signatures.
 */
export function createKeyedHash(): KeyedHash {
  const secret = randomBytes(8);
  return new HalfSipHash(secret.readInt32LE(0), secret.readInt32LE(4));
}

class HalfSipHash implements KeyedHash {
  readonly #key0: number;
  readonly #key1: number;
  low = 0;
  high = 0;

  constructor(key0: number, key1: number) {
    this.#key0 = key0;
    this.#key1 = key1;
  }

  hash(text: string): void {
    let v0 = this.#key0;
    let v1 = this.#key1 ^ 0xee;
    let v2 = 0x6c796765 ^ this.#key0;
    let v3 = 0x74656462 ^ this.#key1;
    const { length } = text;
    // Two units make a word. The last word ends with the length, so that no text is another's beginning. Three more
    // rounds, and then three again, finish the two halves; the words' rounds and these are one loop.
    const words = (length >> 1) + 1;
    for (let round = 0; round < words + 6; round += 1) {
      let word = 0;
      if (round < words - 1) word = text.charCodeAt(2 * round) | (text.charCodeAt(2 * round + 1) << 16);
      else if (round === words - 1)
        word = (length << 16) | ((length & 1) === 1 ? text.charCodeAt(length - 1) : 0);
      else if (round === words) v2 ^= 0xee;
      else if (round === words + 3) {
        this.low = v1 ^ v3;
        v1 ^= 0xdd;
      }
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    this.high = v1 ^ v3;
  }
}
