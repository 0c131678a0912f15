import { Registry, type Place } from '../platform/registry.ts';

/** Something that has until `deadline` (performance.now() milliseconds); Infinity for no limit. */
export interface Timed {
  deadline: number;
  /** Called when the deadline is over; sets a new one or takes itself out. */
  expire(): void;
}

/**
 * Time limits of many connections, kept by one sweep: moving a deadline is one store, which a request does several
 * times, where a timer of its own would be taken out and put in again each time (R11). A limit is kept to within the
 * sweep's period.
 */
export class Deadlines {
  readonly #all = new Registry<Timed>();
  #timer: NodeJS.Timeout | null = null;
  #period: number;

  /** @param shortestMs  the shortest limit in use */
  constructor(shortestMs: number) {
    this.#period = periodFor(shortestMs);
  }

  add(timed: Timed): Place {
    this.#timer ??= setInterval(() => this.#sweep(), this.#period);
    return this.#all.add(timed);
  }

  remove(place: Place): void {
    this.#all.remove(place);
    if (this.#all.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  /** After a change of the limits. */
  setShortest(shortestMs: number): void {
    this.#period = periodFor(shortestMs);
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#sweep(), this.#period);
  }

  #sweep(): void {
    const now = performance.now();
    this.#all.each((timed) => {
      if (timed.deadline <= now) timed.expire();
    });
  }
}

const LONGEST_PERIOD_MS = 500;
const SHORTEST_PERIOD_MS = 10;

function periodFor(shortestMs: number): number {
  return Math.min(LONGEST_PERIOD_MS, Math.max(SHORTEST_PERIOD_MS, Math.floor(shortestMs / 4)));
}
