import type { Millis } from '../../model/time.ts';
import type { Waited } from '../feed.ts';
import type { Budget } from './budget.ts';
import type { MessageTimes } from './interpret.ts';

/** A data set that came before its template. */
export interface PendingSet extends Waited {
  readonly id: number;
  readonly bytes: Buffer;
  readonly times: MessageTimes;
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
  readonly #onGivenUp: (set: Waited) => void;
  readonly #budget: Budget;
  #sets: PendingSet[] = [];
  #bytes = 0;

  /** @param onGivenUp  told of each that is: others may have been read meanwhile, so that each is missing by itself */
  constructor(budget: Budget, onGivenUp: (set: Waited) => void) {
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
        this.#onGivenUp(set);
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
    else for (const set of this.take(id)) this.#onGivenUp(set);
  }

  #giveUpTo(index: number): void {
    if (index <= 0) return;
    const given = this.#sets.splice(0, index);
    this.#release(given);
    for (const set of given) this.#onGivenUp(set);
  }

  #release(sets: readonly PendingSet[]): void {
    for (const set of sets) {
      this.#bytes -= set.bytes.length;
      this.#budget.giveBack(sizeOf(set));
    }
  }
}

const sizeOf = ({ bytes }: PendingSet): number => bytes.length + SET_BYTES;
