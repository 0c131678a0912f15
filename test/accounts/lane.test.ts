import { describe, expect, it } from 'vitest';
import { createLane } from '../../src/accounts/lane.ts';

/** A run that waits until it is let go. */
function gated() {
  const runs: number[][] = [];
  const gates: (() => void)[] = [];
  const run = async (items: readonly number[]): Promise<number[]> => {
    runs.push([...items]);
    await new Promise<void>((resolve) => gates.push(resolve));
    if (items.includes(-1)) throw new Error('refused');
    return items.map((item) => item * 2);
  };
  const letGo = async (): Promise<void> => {
    gates.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { run, runs, letGo };
}

describe('a lane', () => {
  it('lets what comes during a run share the next', async () => {
    const { run, runs, letGo } = gated();
    const lane = createLane(run, { batch: 10, waiting: 100 });
    const early = [lane.add(1), lane.add(2)];
    await letGo();
    const first = Promise.all(early);
    const late = [lane.add(3), lane.add(4), lane.add(5)];
    await letGo();
    await letGo();
    await letGo();
    expect(await first).toEqual([2, 4]);
    expect(await Promise.all(late)).toEqual([6, 8, 10]);
    expect(runs).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
    expect(lane.stats()).toEqual({ runs: 2, failedRuns: 0, items: 5, waiting: 0, refused: 0 });
  });

  it('keeps to its batch and its bound', async () => {
    const lane = createLane(async (items: readonly number[]) => [...items], { batch: 2, waiting: 3 });
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map((item) => lane.add(item)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
    expect(lane.stats()).toMatchObject({ runs: 2, refused: 1 });
  });

  it('fails what shared a failed run, and goes on', async () => {
    const failing = async (items: readonly number[]): Promise<number[]> => {
      if (items.includes(-1)) throw new Error('refused');
      return [...items];
    };
    const lane = createLane(failing, { batch: 2, waiting: 100 });
    const outcomes = await Promise.allSettled([1, -1, 3].map((item) => lane.add(item)));
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    expect(lane.stats()).toMatchObject({ runs: 1, failedRuns: 1, items: 1 });
    await lane.drained();
  });
});
