type Counts = { readonly [key: string]: number };

/**
 * The sums of what several processes count. A process that died takes its counts along, and its replacement begins at
 * 0; a monitor takes a sum that goes down for a restart and counts all of it anew. So these never go down.
 */
export class Totals {
  readonly #last = new Map<string, number>();
  readonly #totals = new Map<string, number>();

  /**
   * @param counts  of each process that answered
   * @param all  whether every process did; else these tell nothing new: one that is only slow comes back with its counts
   */
  of(counts: readonly Counts[], all: boolean): Counts {
    if (all) this.#take(counts);
    return Object.fromEntries(this.#totals);
  }

  #take(counts: readonly Counts[]): void {
    const sums = new Map<string, number>([...this.#last.keys()].map((key) => [key, 0]));
    for (const its of counts)
      for (const [key, count] of Object.entries(its)) sums.set(key, (sums.get(key) ?? 0) + count);
    for (const [key, sum] of sums) {
      const more = Math.max(0, sum - (this.#last.get(key) ?? 0));
      this.#totals.set(key, (this.#totals.get(key) ?? 0) + more);
      this.#last.set(key, sum);
    }
  }
}
