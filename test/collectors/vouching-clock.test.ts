import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RecordItem, RecordWriter } from '../../src/model/records.ts';
import type { Millis } from '../../src/model/time.ts';
import { Source } from '../../src/collectors/source.ts';
import { Vouching } from '../../src/collectors/vouching.ts';
import { NOON, plus } from '../records/items.ts';
import { SEEDED } from '../support/seed.ts';
import { NAME } from './recorded-world.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

/** So much more than time has passed a clock may move that is only steered. */
const TOLERATED_MS = 1000;

interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** A source whose clock is set, and a writer that takes its time and refuses. Times are ms after the start. */
class SetClock implements RecordWriter {
  readonly epoch = 1;
  readonly stored: RecordItem[] = [];
  readonly source: Source;
  readonly vouching: Vouching;
  /** When it was looked at how much time had passed, and at our clock. */
  readonly #looks: { readonly elapsed: number; readonly now: number }[] = [];
  isSlow = false;
  /** Items that are being stored at once, at most. */
  most = 0;
  #elapsed = 0;
  #skew = 0;
  #waiting: ((accepts: boolean) => void)[] = [];

  constructor() {
    const clock = (): Millis => plus(NOON, this.now);
    this.source = new Source({
      name: NAME,
      realm: '',
      writer: this,
      clock,
      isOwn: () => false,
      live: true,
      granularityMs: 1000,
      retainedFrom: null,
    });
    this.vouching = new Vouching(this, clock, () => {
      this.#looks.push({ elapsed: this.#elapsed, now: this.now });
      return this.#elapsed;
    });
  }

  /** What our clock has shown while time passed, as far as looks can tell: set and set back between two it was not. */
  get lived(): Stretch[] {
    return this.#looks.flatMap(({ elapsed, now }, index) => {
      const next = this.#looks[index + 1];
      if (next === undefined || next.now - now > next.elapsed - elapsed + TOLERATED_MS) return [];
      return [{ from: now, to: next.now }];
    });
  }

  get now(): number {
    return this.#elapsed + this.#skew;
  }

  begin(silentAfterMs: number | null = null): Promise<void> {
    return this.vouching.begin({ source: this.source, silentAfterMs, isRunning: () => true });
  }

  pass(ms: number): void {
    this.#elapsed += ms;
  }

  set(ms: number): void {
    this.#skew += ms;
  }

  async append(items: readonly RecordItem[]): Promise<void> {
    if (this.isSlow) {
      const accepts = await new Promise<boolean>((resolve) => {
        this.#waiting.push(resolve);
        this.most = Math.max(this.most, this.#waiting.length);
      });
      if (!accepts) throw new Error('refused');
    }
    this.stored.push(...items);
  }

  /** What waits is stored, or refused. */
  async answer(accepts: boolean): Promise<void> {
    for (const resolve of this.#waiting.splice(0)) resolve(accepts);
    await new Promise((resolve) => setImmediate(resolve));
  }

  stretches(type: 'coverage' | 'gap', reason = 'covered'): Stretch[] {
    return this.stored
      .flatMap((item) =>
        item.type === type && (item.type === 'coverage' || item.reason === reason)
          ? { from: item.from - NOON, to: item.to - NOON }
          : [],
      )
      .sort((a, b) => a.from - b.from);
  }

  nextConnection(): never {
    throw new Error('Nothing comes.');
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Whether a stretch is part of others together. */
function isWithin({ from, to }: Stretch, others: readonly Stretch[]): boolean {
  let reached = from;
  for (const other of [...others].sort((a, b) => a.from - b.from))
    if (other.from <= reached) reached = Math.max(reached, other.to);
  return reached >= to;
}

describe('our clock', () => {
  it('that is set back hides no loss, and no silence', async () => {
    const world = new SetClock();
    await world.begin(60_000);
    world.pass(20_000);
    world.source.hear(null);
    await world.vouching.vouch();
    world.set(-3_600_000);
    world.pass(1000);
    world.source.lost(3);
    await world.vouching.vouch();
    expect(world.stretches('gap', 'lost')).toEqual([{ from: -3_579_000, to: -3_579_000 }]);
    for (let round = 0; round < 5; round += 1) {
      world.pass(20_000);
      await world.vouching.vouch();
    }
    expect(world.stretches('gap', 'silent')).toEqual([
      { from: -3_579_000, to: -3_499_000 },
      { from: -3_499_000, to: -3_479_000 },
    ]);
    expect(world.stretches('coverage')).toEqual([
      { from: 0, to: 0 },
      { from: 0, to: 20_000 },
    ]);
  });

  it('that is set ahead, or slept, leaves what it skipped uncovered', async () => {
    const world = new SetClock();
    await world.begin();
    world.pass(20_000);
    await world.vouching.vouch();
    world.set(600_000);
    world.pass(20_000);
    await world.vouching.vouch();
    world.pass(20_000);
    await world.vouching.vouch();
    expect(world.stretches('coverage').slice(1)).toEqual([
      { from: 0, to: 20_000 },
      { from: 640_000, to: 660_000 },
    ]);
  });

  it('that is set ahead after the recorder refused leaves what it skipped uncovered', async () => {
    const world = new SetClock();
    world.isSlow = true;
    const begun = world.begin();
    world.pass(60_000);
    await world.answer(false);
    await begun;
    world.isSlow = false;
    world.set(50_000);
    await world.vouching.vouch();
    world.pass(20_000);
    await world.vouching.vouch();
    expect(world.stretches('coverage')).toEqual([{ from: 110_000, to: 130_000 }]);
  });
});

it('the end waits for what is being stored, and stores what was noticed meanwhile', async () => {
  const world = new SetClock();
  await world.begin();
  world.pass(20_000);
  world.isSlow = true;
  const round = world.vouching.vouch();
  world.pass(1000);
  world.source.lost(1);
  const end = world.vouching.end();
  await world.answer(true);
  await round;
  world.isSlow = false;
  await world.answer(true);
  await end;
  expect(world.stretches('gap', 'lost')).toHaveLength(1);
  expect(world.stretches('coverage').at(-1)).toEqual({ from: 20_000, to: 21_000 });
  expect(world.stored.at(-1)).toMatchObject({ type: 'lifecycle', event: 'stop' });
});

const step = fc.oneof(
  fc.record({ does: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 40_000 }) }),
  fc.record({
    does: fc.constant('set' as const),
    ms: fc.oneof(fc.integer({ min: -7_200_000, max: 7_200_000 }), fc.integer({ min: -30_000, max: 30_000 })),
  }),
  fc.record({
    does: fc.constantFrom('vouch', 'vouch', 'lose', 'hear', 'accept', 'refuse'),
    ms: fc.constant(0),
  }),
);

it('whatever our clock and the recorder do: losses are stored, and time that was lived through is covered once', async () => {
  const seen = { covered: 0, lost: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const world = new SetClock();
      world.isSlow = true;
      const noticed: Stretch[] = [];
      const begun = world.begin(30_000);
      for (const { does, ms } of steps) {
        if (does === 'pass') world.pass(ms);
        else if (does === 'set') world.set(ms);
        else if (does === 'vouch') void world.vouching.vouch();
        else if (does === 'hear') world.source.hear(null);
        else if (does === 'lose') {
          const heard = world.source.heard ?? plus(NOON, world.now);
          noticed.push({ from: Math.min(heard - NOON, world.now), to: world.now });
          world.source.lost(1);
        } else {
          if (does === 'refuse') seen.refused += 1;
          await world.answer(does === 'accept');
        }
      }
      await world.answer(true);
      await begun;
      world.isSlow = false;
      await world.vouching.vouch();
      const lost = world.stretches('gap', 'lost');
      for (const gap of noticed) expect(isWithin(gap, lost)).toBe(true);
      const count = world.stored.reduce((sum, item) => sum + (item.type === 'gap' ? item.count : 0), 0);
      expect(count).toBe(noticed.length);
      const covered = world.stretches('coverage');
      for (const [index, stretch] of covered.entries()) {
        expect(stretch.from).toBeGreaterThanOrEqual(index === 0 ? 0 : (covered[index - 1]?.to ?? 0));
        expect(stretch.to).toBeGreaterThanOrEqual(stretch.from);
        expect(isWithin(stretch, world.lived)).toBe(true);
      }
      expect(world.most).toBeLessThanOrEqual(1);
      seen.covered += covered.length;
      seen.lost += noticed.length;
    }),
    { numRuns: 500, ...SEEDED },
  );
  expect(seen.covered).toBeGreaterThan(50);
  expect(seen.lost).toBeGreaterThan(100);
  expect(seen.refused).toBeGreaterThan(100);
});
