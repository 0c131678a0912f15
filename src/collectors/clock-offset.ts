import { MAX_CLOCK_ERROR_MS } from '../model/time.ts';

export interface ClockOffsetOptions {
  /** How far the exporter rounds the time it writes down, ms: IPFIX and NetFlow v9 heads have whole seconds. */
  readonly granularityMs?: number;
  /** How far back is looked, ms. */
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

/** Messages in a row that would all be late by the same, if the clock was not set. */
interface Run {
  readonly start: number;
  messages: number;
  min: number;
  max: number;
}

/** What was measured before the clock was set ahead, if it was. */
interface Before {
  readonly buckets: Bucket[];
  readonly until: number;
  /** Messages by the new clock. */
  messages: number;
}

/** The first messages of an exporter. */
interface First {
  /** The difference that the very first one was stamped by. */
  readonly most: number;
  /** Since when, and for how many messages, the least difference has been this. */
  readonly since: number;
  readonly least: number;
  messages: number;
}

const UNMEASURED: MeasuredOffset = { offsetMs: 0, errorMs: null };
/** What is further off than this, besides the rounding, is another clock or a message that was late, ms. */
const STEP_MS = 5000;
/** So many messages in a row, over a bucket's time at least, are not all late by the same. */
const STEP_MESSAGES = 5;
/** And the same is that within so much, besides the rounding, ms. */
const STEADY_MS = 1000;
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
 * A clock that was set makes what was measured before wrong, and must not widen the error until the window is over:
 * - Set ahead, the difference is smaller by far than ever. No delay makes it so, hence the old samples go at once: if the
 *   clock was not set, all of them were late, and they are no loss either. Only where it is so much smaller that no error
 *   would tell of it, one message may be forged, or be of a second clock behind the address: when the next ones fit what
 *   was measured for a minute before, that counts again.
 * - Set back, the difference is larger, as it is for a message that was late. So it needs several in a row over some time
 *   that are larger by the same: what was held up comes late by less and less, and then in time. Until then a message
 *   counts as late, and its times are by the old clock. An exporter that was late by as much before it was in time is late
 *   again: where the error covers both, that stays so until the window is over.
 *
 * What was measured last stands through a silence, until newer messages fit it, or none has for a window: an exporter that
 * was cut off delivers what it held when it is back, and by that alone its clock would be as far off as it was away. Where
 * nothing was measured before, such a backlog looks like a wrong clock: until some messages have come the error holds a
 * right clock too, and when they come less and less late the first ones are told to be misplaced.
 *
 * A clock that may be right is held to be right: moving it by half a second each way would be noise.
 */
export class ClockOffset {
  readonly #granularityMs: number;
  readonly #windowMs: number;
  readonly #bucketMs: number;
  /** Oldest first; never more than window / bucket + 1. */
  #buckets: Bucket[] = [];
  #before: Before | null = null;
  #run: Run | null = null;
  /** Of messages that do not fit what was measured before: how many in a row, since when. */
  #misfits: { readonly since: number; messages: number } | null = null;
  /** Of one that nothing was known of before; null: enough has come by one clock. */
  #first: First | null = null;
  /** The largest difference of those that turned out to be late, or of another clock. */
  #late: { readonly most: number; readonly until: number } | null = null;

  constructor({ granularityMs = 1000, windowMs = 300_000, bucketMs = 10_000 }: ClockOffsetOptions = {}) {
    this.#granularityMs = granularityMs;
    this.#windowMs = windowMs;
    this.#bucketMs = bucketMs;
  }

  /**
   * @param sentMs  by the exporter's clock
   * @param receivedMs  by ours
   * @returns when it shows that messages before were misplaced by more than an error tells: as far back they may lie, or
   * be missing, ms; else 0
   */
  sample(sentMs: number, receivedMs: number): number {
    const difference = receivedMs - sentMs;
    if (!Number.isFinite(difference)) return 0;
    const last = this.#buckets.at(-1);
    // Our own clock was set back: what was measured by it before says nothing now.
    if (last !== undefined && receivedMs < last.start - this.#bucketMs) this.#beginWith([]);
    let misplacedMs = 0;
    if (this.#buckets.length === 0)
      this.#first = { most: difference, since: receivedMs, least: difference, messages: 0 };
    else misplacedMs = this.#followStep(difference, receivedMs);
    misplacedMs = Math.max(misplacedMs, this.#followFirst(difference, receivedMs));
    const bucket = this.#buckets.at(-1);
    if (bucket !== undefined && receivedMs - bucket.start < this.#bucketMs) {
      if (difference < bucket.min) {
        bucket.min = difference;
        bucket.minAt = receivedMs;
      }
      bucket.max = Math.max(bucket.max, difference);
      return misplacedMs;
    }
    this.#buckets.push({ start: receivedMs, min: difference, minAt: receivedMs, max: difference });
    this.#prune(receivedMs - this.#windowMs);
    return misplacedMs;
  }

  /** What is too old goes when newer messages fit it. */
  #prune(oldest: number): void {
    const kept = this.#buckets.findIndex(({ start }) => start >= oldest);
    if (kept <= 0) return;
    const fits = leastOf(this.#buckets.slice(kept)) <= leastOf(this.#buckets) + STEP_MS + this.#granularityMs;
    // Of the old ones the best is enough: there are never more than a window's.
    this.#buckets.splice(0, kept, ...(fits ? [] : [bestOf(this.#buckets.slice(0, kept))]));
  }

  /** @returns as `sample` does */
  #followStep(difference: number, receivedMs: number): number {
    const step = STEP_MS + this.#granularityMs;
    const least = leastOf(this.#buckets);
    if (this.#before !== null && receivedMs > this.#before.until && this.#before.messages >= STEP_MESSAGES)
      this.#before = null;
    if (difference < least - step) {
      const before = least - difference > 2 * MAX_CLOCK_ERROR_MS ? this.#established(receivedMs) : null;
      this.#late = { most: mostOf(this.#buckets), until: receivedMs + this.#windowMs };
      this.#beginWith([], this.#before ?? before);
      return 0;
    }
    if (difference <= least + step) {
      this.#run = null;
      this.#misfits = null;
      if (this.#before !== null) this.#before.messages += 1;
      return 0;
    }
    if (this.#before !== null && difference >= leastOf(this.#before.buckets) - step) {
      this.#beginWith(this.#before.buckets);
      return 0;
    }
    return this.#followRun(difference, receivedMs, least);
  }

  /** Those that came less and less late: the first ones were stamped as if they had come in time. */
  #followFirst(difference: number, receivedMs: number): number {
    const first = this.#first;
    if (first === null) return 0;
    if (difference < first.least - this.#granularityMs - STEADY_MS) {
      this.#first = { ...first, since: receivedMs, least: difference, messages: 1 };
      return first.most - difference > MAX_CLOCK_ERROR_MS ? first.most - difference : 0;
    }
    first.messages += 1;
    if (first.messages > STEP_MESSAGES && receivedMs - first.since >= this.#bucketMs) this.#first = null;
    return 0;
  }

  /** What was measured for so long that one message does not refute it. */
  #established(now: number): Before | null {
    const [first] = this.#buckets;
    if (first === undefined || now - first.start < DRIFT_NEEDS_MS) return null;
    return { buckets: this.#buckets, until: now + this.#bucketMs, messages: 0 };
  }

  #followRun(difference: number, receivedMs: number, least: number): number {
    const run = (this.#run ??= { start: receivedMs, messages: 0, min: difference, max: difference });
    run.messages += 1;
    run.min = Math.min(run.min, difference);
    run.max = Math.max(run.max, difference);
    const misfits = (this.#misfits ??= { since: receivedMs, messages: 0 });
    misfits.messages += 1;
    // However they differ: nothing has fitted for too long.
    const isOver = misfits.messages > STEP_MESSAGES && receivedMs - misfits.since > this.#windowMs;
    if (!isOver && run.max - run.min > this.#granularityMs + STEADY_MS) {
      this.#run = { start: receivedMs, messages: 1, min: difference, max: difference };
      return 0;
    }
    if (!isOver && (run.messages < STEP_MESSAGES || receivedMs - run.start < this.#bucketMs)) return 0;
    const { min, max } = run;
    const start = misfits.since;
    const shift = max - (least - this.#granularityMs);
    const isTold = shift <= 2 * MAX_CLOCK_ERROR_MS;
    // It was late by as much before, and messages in time came after it.
    const isLate = this.#late !== null && receivedMs < this.#late.until && min <= this.#late.most + STEADY_MS;
    if (isTold && isLate) return 0;
    this.#beginWith([{ start, min, minAt: start, max }]);
    return isTold ? 0 : shift + receivedMs - start;
  }

  #beginWith(buckets: Bucket[], before: Before | null = null): void {
    this.#buckets = buckets;
    this.#before = before;
    this.#run = null;
    this.#misfits = null;
  }

  current(): MeasuredOffset {
    if (this.#buckets.length === 0) return UNMEASURED;
    let min = Infinity;
    let max = -Infinity;
    for (const bucket of this.#buckets) {
      min = Math.min(min, bucket.min);
      max = Math.max(max, bucket.max);
    }
    let low = min - this.#granularityMs;
    // Perhaps they were late, and the clock is right: where one error can tell of both, it does.
    if (this.#first !== null && Math.max(min, 0) - Math.min(low, 0) <= 2 * MAX_CLOCK_ERROR_MS) {
      low = Math.min(low, 0);
      max = Math.max(max, 0);
    }
    // Beyond what can be worked with the smallest differences count: the others are of messages that were late.
    const high = Math.min(max, low + 2 * MAX_CLOCK_ERROR_MS);
    const isRight = low <= 0 && high >= 0 && low >= -MAX_CLOCK_ERROR_MS && min <= MAX_CLOCK_ERROR_MS;
    const offsetMs = isRight ? 0 : Math.round((low + high) / 2);
    const error = Math.ceil(Math.max(high - offsetMs, offsetMs - low, isRight ? this.#granularityMs : 0));
    const isUnsure = this.#first !== null && !isRight;
    return { offsetMs, errorMs: isUnsure ? MAX_CLOCK_ERROR_MS : Math.min(error, MAX_CLOCK_ERROR_MS) };
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

const bestOf = ([first, ...more]: readonly Bucket[]): Bucket =>
  more.reduce((best, bucket) => (bucket.min < best.min ? bucket : best), first ?? NO_BUCKET);
const NO_BUCKET: Bucket = { start: 0, min: Infinity, minAt: 0, max: -Infinity };

const mostOf = (buckets: readonly Bucket[]): number =>
  buckets.reduce((most, { max }) => Math.max(most, max), -Infinity);

const leastOf = (buckets: readonly Bucket[]): number =>
  buckets.reduce((least, { min }) => Math.min(least, min), Infinity);
