import type { RateOptions } from '../options.ts';
import { createKeyedHash, type KeyedHash } from './keyed-hash.ts';

export interface RateTableOptions extends RateOptions {
  /** Keys that have a bucket of their own at once; rounded up to 8 times a power of two, 12 bytes each. */
  readonly entries: number;
  /** Milliseconds, from anywhere; a step back counts as no time. */
  readonly now: () => number;
}

/** A bucket of tokens for each key, in a structure that does not grow. */
export interface RateTable {
  /**
   * Takes `cost` tokens (1), all or none; false when the key has not got so many. Then nothing is taken.
   * Never more than `burst` and `perMinute` for each minute is granted to a key.
   */
  take(key: string, cost?: number): boolean;
  /** The whole tokens that the key could take now. */
  remaining(key: string): number;
}

const WAYS = 8;
/** One token in the units of debt: `perMinute` of them are paid back each millisecond, so all sums are whole numbers. */
const TOKEN = 60_000;

/**
 * A set-associative table of buckets. A key belongs to one set of 8 places, by a hash under a random key.
 *
 * A bucket is kept as one number: when it will be full again, in units of debt. Once that is past, forgetting it
 * changes nothing, so only then may another key take its place. While all 8 places of a set are in debt, newcomers
 * share the set's ninth bucket; a key that leaves it takes that bucket's debt along. So a flood of keys can neither
 * push out a client nor give anybody a fresh bucket, and to fill the sets it must keep paying for every place.
 */
export function createRateTable(options: RateTableOptions): RateTable {
  return new Buckets(options);
}

class Buckets implements RateTable {
  readonly #burst: number;
  readonly #perMinute: number;
  readonly #now: () => number;
  readonly #hash: KeyedHash = createKeyedHash();
  readonly #mask: number;
  readonly #tags: Int32Array;
  /** When each place's bucket is full again; not later than `#time` when the place is free. */
  readonly #fullAt: Float64Array;
  readonly #sharedFullAt: Float64Array;
  /** What has been paid back since the beginning, in units of debt. */
  #time = 0;
  #last: number;

  constructor({ burst, perMinute, entries, now }: RateTableOptions) {
    this.#burst = burst * TOKEN;
    this.#perMinute = perMinute;
    this.#now = now;
    let sets = 1;
    while (sets * WAYS < entries) sets *= 2;
    this.#mask = sets - 1;
    this.#tags = new Int32Array(sets * WAYS);
    this.#fullAt = new Float64Array(sets * WAYS);
    this.#sharedFullAt = new Float64Array(sets);
    this.#last = Math.floor(now());
  }

  take(key: string, cost = 1): boolean {
    const time = this.#advance();
    const set = this.#setOf(key);
    const place = this.#placeOf(set);
    const after = this.#owedUntil(set, place) + cost * TOKEN;
    if (after - time > this.#burst) return false;
    if (place === -1) this.#sharedFullAt[set] = after;
    else {
      this.#tags[place] = this.#hash.high;
      this.#fullAt[place] = after;
    }
    return true;
  }

  remaining(key: string): number {
    const time = this.#advance();
    const set = this.#setOf(key);
    return Math.floor((this.#burst - (this.#owedUntil(set, this.#placeOf(set)) - time)) / TOKEN);
  }

  #advance(): number {
    const now = Math.floor(this.#now());
    if (now > this.#last) this.#time += (now - this.#last) * this.#perMinute;
    this.#last = now;
    return this.#time;
  }

  #setOf(key: string): number {
    this.#hash.hash(key);
    return this.#hash.low & this.#mask;
  }

  /** The place of the key that was hashed last; else a free one; -1 when all are in debt. */
  #placeOf(set: number): number {
    const tag = this.#hash.high;
    const time = this.#time;
    let free = -1;
    for (let place = set * WAYS; place < set * WAYS + WAYS; place += 1) {
      if ((this.#fullAt[place] ?? 0) <= time) free = place;
      else if (this.#tags[place] === tag) return place;
    }
    return free;
  }

  /** When the bucket that the key has, or would get, is full again: now at the earliest. */
  #owedUntil(set: number, place: number): number {
    const own = place === -1 ? 0 : (this.#fullAt[place] ?? 0);
    if (own > this.#time) return own;
    // A newcomer may have taken from the shared bucket before.
    return Math.max(this.#time, this.#sharedFullAt[set] ?? 0);
  }
}
