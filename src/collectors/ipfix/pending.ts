import type { MessageTimes } from './interpret.ts';

/** A data set that came before its template. */
export interface PendingSet {
  readonly id: number;
  readonly bytes: Buffer;
  readonly times: MessageTimes;
}

/** What one domain may keep waiting: a refresh interval's worth of a slow exporter, not a store. */
const MOST_BYTES = 262_144;
const MOST_SETS = 512;

/** Data sets that wait for their template, bounded: beyond it the oldest go, and are counted by the caller. */
export class PendingSets {
  #sets: PendingSet[] = [];
  #bytes = 0;

  get size(): number {
    return this.#sets.length;
  }

  /** Keeps a copy of the set. Returns how many older ones had to go. */
  add(set: PendingSet): number {
    this.#sets.push({ ...set, bytes: Buffer.from(set.bytes) });
    this.#bytes += set.bytes.length;
    let dropped = 0;
    while (this.#bytes > MOST_BYTES || this.#sets.length > MOST_SETS) {
      const oldest = this.#sets.shift();
      if (oldest === undefined) break;
      this.#bytes -= oldest.bytes.length;
      dropped += 1;
    }
    return dropped;
  }

  /** Takes out the sets of one template, in the order in which they came. */
  take(id: number): PendingSet[] {
    const taken = this.#sets.filter((set) => set.id === id);
    if (taken.length === 0) return taken;
    this.#sets = this.#sets.filter((set) => set.id !== id);
    for (const { bytes } of taken) this.#bytes -= bytes.length;
    return taken;
  }
}
