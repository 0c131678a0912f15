import { MAX_CLOCK_ERROR_MS } from '../model/time.ts';

export interface ClockOffsetOptions {
  /** How far the exporter rounds the time it writes down, ms: IPFIX and NetFlow v9 heads have whole seconds. */
  readonly granularityMs?: number;
  /** How far back is looked, ms. A step of the clock is followed after so long. */
  readonly windowMs?: number;
  readonly bucketMs?: number;
}

export interface MeasuredOffset {
  /** To be added to the exporter's times to get ours, whole ms. */
  readonly offsetMs: number;
  /** How far a corrected time may be off, whole ms; null when it was not measured. */
  readonly errorMs: number | null;
}

interface Bucket {
  /** When its first sample came. */
  readonly start: number;
  min: number;
  minAt: number;
  max: number;
}

const UNMEASURED: MeasuredOffset = { offsetMs: 0, errorMs: null };
/** A shorter stretch tells more of the delays than of the clock. */
const DRIFT_NEEDS_MS = 60_000;

/**
 * Measures how far an exporter's clock is off (R4), from the time that each message says it was sent and when it came.
 *
 * For a message, received - sent = offset + delay + rounding, with a delay of at least 0 and a rounding from 0 to the
 * granularity. The smallest difference of all is thus an upper bound of the offset. There is no lower one without an
 * assumption: that one message of the window, at least, came so fast that its delay and rounding together were within
 * the granularity. Then the offset lies in [min - granularity, min]; the interval that is told reaches up to max, so
 * that an exporter that holds messages back gets the larger error. A delay that is always there, such as an exporter's
 * buffer of constant age, cannot be told from a wrong clock by anybody who only listens.
 *
 * A clock that may be right is held to be right: moving it by half a second each way would be noise.
 */
export class ClockOffset {
  readonly #granularityMs: number;
  readonly #windowMs: number;
  readonly #bucketMs: number;
  /** Oldest first; never more than window / bucket + 1. */
  #buckets: Bucket[] = [];

  constructor({ granularityMs = 1000, windowMs = 300_000, bucketMs = 10_000 }: ClockOffsetOptions = {}) {
    this.#granularityMs = granularityMs;
    this.#windowMs = windowMs;
    this.#bucketMs = bucketMs;
  }

  /** @param sentMs  by the exporter's clock @param receivedMs  by ours */
  sample(sentMs: number, receivedMs: number): void {
    const difference = receivedMs - sentMs;
    if (!Number.isFinite(difference)) return;
    const last = this.#buckets.at(-1);
    // Our own clock was set back: what was measured by it before says nothing now.
    if (last !== undefined && receivedMs < last.start - this.#bucketMs) this.#buckets = [];
    const bucket = this.#buckets.at(-1);
    if (bucket !== undefined && receivedMs - bucket.start < this.#bucketMs) {
      if (difference < bucket.min) {
        bucket.min = difference;
        bucket.minAt = receivedMs;
      }
      bucket.max = Math.max(bucket.max, difference);
      return;
    }
    this.#buckets.push({ start: receivedMs, min: difference, minAt: receivedMs, max: difference });
    const oldest = receivedMs - this.#windowMs;
    while ((this.#buckets[0]?.start ?? receivedMs) < oldest) this.#buckets.shift();
  }

  current(): MeasuredOffset {
    if (this.#buckets.length === 0) return UNMEASURED;
    let min = Infinity;
    let max = -Infinity;
    for (const bucket of this.#buckets) {
      min = Math.min(min, bucket.min);
      max = Math.max(max, bucket.max);
    }
    const low = min - this.#granularityMs;
    const isRight = low <= 0 && max >= 0;
    const offsetMs = isRight ? 0 : Math.round((low + max) / 2);
    const error = Math.ceil(Math.max(max - offsetMs, offsetMs - low, isRight ? this.#granularityMs : 0));
    // What is known to be worse than can be worked with is not as good as what nobody has measured.
    return { offsetMs, errorMs: Math.min(error, MAX_CLOCK_ERROR_MS) };
  }

  /**
   * How much slower the exporter's clock runs than ours, parts per million (negative: faster): the slope of the
   * smallest differences, least squares. Null before a minute was measured.
   */
  driftPpm(): number | null {
    const [first] = this.#buckets;
    const last = this.#buckets.at(-1);
    if (first === undefined || last === undefined || last.minAt - first.minAt < DRIFT_NEEDS_MS) return null;
    // Both are told from the first one: squares of times since 1970 would leave no digits for the slope.
    const points = this.#buckets.map(({ min, minAt }) => ({ x: minAt - first.minAt, y: min - first.min }));
    const meanX = points.reduce((sum, { x }) => sum + x, 0) / points.length;
    const meanY = points.reduce((sum, { y }) => sum + y, 0) / points.length;
    const over = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0);
    const under = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
    return (over / under) * 1_000_000;
  }
}
