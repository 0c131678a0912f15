import { LRUCache } from 'lru-cache';
import type { Clock, Millis } from '../model/time.ts';
import { ShudiError } from '../model/errors.ts';
import type { Rate } from './parts.ts';

const REMEMBERED = 10_000;

interface Bucket {
  left: number;
  at: Millis;
}

/** A token bucket for each key; the longest unused are forgotten, which gives them a full one again. */
export class RateLimit {
  readonly #buckets = new LRUCache<string, Bucket>({ max: REMEMBERED });
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes one; 0 when it was there, else after how many seconds to come again. */
  take(key: string, { perSecond, burst }: Rate): number {
    const now = this.#clock();
    const bucket = this.#buckets.get(key) ?? { left: burst, at: now };
    // A clock that steps back neither gives nor takes.
    const since = Math.max(0, now - bucket.at) / 1000;
    bucket.left = Math.min(burst, bucket.left + since * perSecond);
    bucket.at = now;
    this.#buckets.set(key, bucket);
    if (bucket.left < 1) return Math.max(1, Math.ceil((1 - bucket.left) / perSecond));
    bucket.left -= 1;
    return 0;
  }
}

/** Refused for now: come again after `seconds`. */
export class TooFast extends ShudiError {
  readonly seconds: number;

  constructor(seconds: number) {
    super('auth.rate', 'The token is used too fast.');
    this.seconds = seconds;
  }
}
