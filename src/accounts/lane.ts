import { ShudiError } from '../model/errors.ts';

export interface LaneStats {
  /** Runs that succeeded. */
  readonly runs: number;
  readonly failedRuns: number;
  /** Items of the runs that succeeded. */
  readonly items: number;
  /** Items that wait now. */
  readonly waiting: number;
  /** Items that were refused because too many waited. */
  readonly refused: number;
}

/** A bounded queue in front of something that is cheaper for many than for one. */
export interface Lane<Item, Result> {
  /** @throws ShudiError vault.busy when too many wait; whatever the run throws */
  add(item: Item): Promise<Result>;
  stats(): LaneStats;
  /** Resolves when everything that was added is done. */
  drained(): Promise<void>;
}

/**
 * Runs one batch at a time, in the order of `add`; what is added meanwhile goes with the next. So a commit costs one
 * fsync, however many wait for it.
 * @param run  one result for each item, in their order
 */
export function createLane<Item, Result>(
  run: (items: readonly Item[]) => Promise<readonly Result[]>,
  limits: { readonly batch: number; readonly waiting: number },
): Lane<Item, Result> {
  interface Waiter {
    readonly item: Item;
    readonly resolve: (result: Result) => void;
    readonly reject: (error: unknown) => void;
  }
  let queue: Waiter[] = [];
  let working: Promise<void> | null = null;
  const count = { runs: 0, failedRuns: 0, items: 0, refused: 0 };

  const runBatch = async (batch: readonly Waiter[]): Promise<void> => {
    try {
      const results = await run(batch.map(({ item }) => item));
      count.runs++;
      count.items += batch.length;
      batch.forEach(({ resolve }, at) => resolve(results[at] as Result));
    } catch (error) {
      count.failedRuns++;
      for (const { reject } of batch) reject(error);
    }
  };
  const work = async (): Promise<void> => {
    // Calls of the same turn share the first run.
    await Promise.resolve();
    while (queue.length > 0) {
      const batch = queue.slice(0, limits.batch);
      queue = queue.slice(limits.batch);
      await runBatch(batch);
    }
    working = null;
  };

  return {
    add: (item) =>
      new Promise<Result>((resolve, reject) => {
        if (queue.length >= limits.waiting) {
          count.refused++;
          reject(new ShudiError('vault.busy', 'Too many calls wait for the vault.'));
          return;
        }
        queue.push({ item, resolve, reject });
        working ??= work();
      }),
    stats: () => ({ ...count, waiting: queue.length }),
    drained: async () => {
      for (let run = working; run !== null; run = working) await run;
    },
  };
}
