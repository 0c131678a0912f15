import type { Millis } from '../../model/time.ts';
import type { Budget } from './budget.ts';
import type { MessageTimes } from './interpret.ts';

/** A data set that came before its template. */
export interface PendingSet {
  readonly id: number;
  readonly bytes: Buffer;
  readonly times: MessageTimes;
  /** By our clock. */
  readonly came: Millis;
  /** What it tells may have happened from then on, by our clock. */
  readonly since: Millis;
}

/** What one domain may keep waiting: a refresh interval's worth of a slow exporter, not a store. */
const MOST_BYTES = 262_144;
const MOST_SETS = 512;
/** Besides its bytes a set takes about so much memory. */
const SET_BYTES = 512;
/** Exporters repeat their templates every half an hour at the latest, as they come from the factory. */
const LONGEST_MS = 3_600_000;

/** Data sets that wait for their template, bounded: beyond it the oldest are given up. */
export class PendingSets {
  readonly #onGivenUp: (sets: number, since: Millis) => void;
  readonly #budget: Budget;
  #sets: PendingSet[] = [];
  #bytes = 0;

  /** @param onGivenUp  told how many sets were, and since when what they tell may have happened */
  constructor(budget: Budget, onGivenUp: (sets: number, since: Millis) => void) {
    this.#budget = budget;
    this.#onGivenUp = onGivenUp;
  }

  get size(): number {
    return this.#sets.length;
  }

  /** What waits may have happened from then on; null when nothing does. */
  get since(): Millis | null {
    return this.#sets[0]?.since ?? null;
  }

  /** Keeps a copy of the set. */
  add(set: PendingSet): void {
    const size = sizeOf(set);
    while (!this.#budget.take(size)) {
      if (this.#sets.length === 0) {
        this.#onGivenUp(1, set.since);
        return;
      }
      this.#giveUpTo(1);
    }
    this.#sets.push({ ...set, bytes: Buffer.from(set.bytes) });
    this.#bytes += set.bytes.length;
    let first = 0;
    for (let over = this.#bytes - MOST_BYTES; over > 0; first += 1)
      over -= this.#sets[first]?.bytes.length ?? 0;
    this.#giveUpTo(Math.max(first, this.#sets.length - MOST_SETS));
  }

  /** Takes out the sets of one template, in the order in which they came. */
  take(id: number): PendingSet[] {
    const taken = this.#sets.filter((set) => set.id === id);
    if (taken.length === 0) return taken;
    this.#sets = this.#sets.filter((set) => set.id !== id);
    this.#release(taken);
    return taken;
  }

  /** Gives up what has waited for too long: its template will not come any more. */
  expire(now: Millis): void {
    const first = this.#sets[0];
    if (first === undefined || now - first.came <= LONGEST_MS) return;
    const young = this.#sets.findIndex(({ came }) => now - came <= LONGEST_MS);
    this.#giveUpTo(young === -1 ? this.#sets.length : young);
  }

  /** Gives up all, or those of one template. */
  giveUp(id?: number): void {
    if (id === undefined) this.#giveUpTo(this.#sets.length);
    else this.#tell(this.take(id));
  }

  #giveUpTo(index: number): void {
    if (index <= 0) return;
    const given = this.#sets.splice(0, index);
    this.#release(given);
    this.#tell(given);
  }

  #release(sets: readonly PendingSet[]): void {
    for (const set of sets) {
      this.#bytes -= set.bytes.length;
      this.#budget.giveBack(sizeOf(set));
    }
  }

  #tell(given: readonly PendingSet[]): void {
    if (given.length === 0) return;
    const since = given.reduce((least, set) => Math.min(least, set.since), Infinity) as Millis;
    this.#onGivenUp(given.length, since);
  }
}

const sizeOf = ({ bytes }: PendingSet): number => bytes.length + SET_BYTES;
