import { GATEWAY_SOURCE, type CoverageRecord, type Window } from '../model/records.ts';
import type { Millis } from '../model/time.ts';

/** One gateway worker's word: up to `until` it recorded all that it saw. */
export interface Voucher {
  until: Millis;
}

/** Crashes between two stored stretches; more of them are told as one long gap. */
const MAX_HOLES = 64;

/**
 * The coverage of several gateway workers as one. It goes as far as the worker that has vouched for least; time between
 * a crashed worker's last word and its end is left out. Without any worker nothing is forwarded, so that time counts.
 */
export class MergedCoverage {
  readonly #vouchers = new Set<Voucher>();
  #holes: Window[] = [];
  #stored: Millis;

  /** @param from  up to when coverage is stored already */
  constructor(from: Millis) {
    this.#stored = from;
  }

  get idle(): boolean {
    return this.#vouchers.size === 0;
  }

  /** A worker begins: before this moment it could forward nothing. */
  join(now: Millis): Voucher {
    const voucher = { until: now };
    this.#vouchers.add(voucher);
    return voucher;
  }

  /** A worker has recorded all that it saw up to `to`. */
  vouch(voucher: Voucher, to: Millis, now: Millis): void {
    voucher.until = Math.max(voucher.until, Math.min(to, now)) as Millis;
  }

  /** A worker has stopped in order. */
  leave(voucher: Voucher): void {
    this.#vouchers.delete(voucher);
  }

  /** A worker has gone without a word: what it saw since its last one is not known. Returns the gap's beginning. */
  lose(voucher: Voucher, now: Millis): Millis {
    this.#vouchers.delete(voucher);
    const from = Math.min(voucher.until, now) as Millis;
    if (now > from) this.#holes.push({ from, to: now });
    this.#holes.sort((a, b) => a.from - b.from);
    if (this.#holes.length > MAX_HOLES) {
      const last = Math.max(...this.#holes.map(({ to }) => to)) as Millis;
      this.#holes = this.#holes.slice(0, 1).map((hole) => ({ from: hole.from, to: last }));
    }
    return from;
  }

  /** The stretches that can be stored now. */
  advance(now: Millis): CoverageRecord[] {
    const until = Math.min(now, ...[...this.#vouchers].map((voucher) => voucher.until)) as Millis;
    const rows: CoverageRecord[] = [];
    const add = (from: Millis, to: Millis): void => {
      if (to > from) rows.push(coverage(from, to));
    };
    let from = this.#stored;
    for (const hole of this.#holes) {
      if (hole.from >= until) break;
      add(from, hole.from);
      from = Math.max(from, Math.min(hole.to, until)) as Millis;
    }
    add(from, until);
    this.#stored = Math.max(this.#stored, until) as Millis;
    this.#holes = this.#holes.filter((hole) => hole.to > until);
    return rows;
  }

  /** The mark from which a reader takes a running recorder's word, once a gap lies before it. */
  mark(now: Millis): CoverageRecord {
    return coverage(now, now);
  }
}

const coverage = (from: Millis, to: Millis): CoverageRecord => ({
  type: 'coverage',
  source: GATEWAY_SOURCE,
  from,
  to,
});
