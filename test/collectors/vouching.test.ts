import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Millis } from '../../src/model/time.ts';
import { byDay, VOUCH_MS, Vouching, type VouchedSource } from '../../src/collectors/vouching.ts';
import { LIVE_SOURCE_MS } from '../../src/model/records.ts';
import { at, NOON, plus } from '../records/items.ts';
import { SEEDED } from '../support/seed.ts';
import { NAME, openWorld, type World } from './recorded-world.ts';

const MIDNIGHT = at('2026-11-21T00:00:00.000Z');
/** Whole seconds after the start of the test. */
const s = (seconds: number): number => seconds * 1000;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

interface Vouched extends World {
  readonly vouching: Vouching;
  /** Something comes, so many ms after the start. */
  readonly hear: (ms: number) => void;
  /** So many ms after the start it is time to say how far it went. */
  readonly vouchAt: (ms: number) => Promise<void>;
  /** Coverage and gaps as `covered 0-20000`, `silent 0-5000`, from the start, in the order of storing. */
  readonly said: () => string[];
}

async function vouched(
  {
    silentAfterMs = s(300),
    isRunning = () => true,
    waitingSince = () => null,
  }: Partial<Omit<VouchedSource, 'source'>> = {},
  { start = NOON, refuses = false } = {},
): Promise<Vouched> {
  const world = openWorld({}, start);
  world.writer.refuses = refuses;
  // As if our clock was never set ahead, however far the test sets it.
  let passed = 0;
  const vouching = new Vouching(world.writer, world.clock, () => (passed += s(10_000_000)));
  await vouching.begin({ source: world.source, silentAfterMs, isRunning, waitingSince });
  const text = (word: string, { from, to }: { from: Millis; to: Millis }): string =>
    `${word} ${from - start}-${to - start}`;
  return {
    ...world,
    vouching,
    hear: (ms) => {
      world.to(ms);
      world.source.hear(null);
    },
    vouchAt: (ms) => {
      world.to(ms);
      return vouching.vouch();
    },
    said: () => [
      ...world
        .rows('coverage')
        .slice(1)
        .map((row) => text('covered', row)),
      ...world.rows('gap').map((row) => text(row.reason, row)),
    ],
  };
}

describe('coverage', () => {
  it('begins with a start and goes on without a hole, each time by itself', async () => {
    const { source, reader, rows, to } = await vouched();
    expect(rows('lifecycle')).toEqual([{ type: 'lifecycle', source: NAME, event: 'start', at: NOON }]);
    expect(rows('coverage')).toEqual([{ type: 'coverage', source: NAME, from: NOON, to: NOON }]);
    for (let round = 1; round <= 5; round += 1) {
      to(round * VOUCH_MS);
      source.hear(null);
      await vi.advanceTimersByTimeAsync(VOUCH_MS);
    }
    expect(rows('coverage').map(({ from, to: end }) => [from - NOON, end - NOON])).toEqual([
      [0, 0],
      ...[0, 1, 2, 3, 4].map((round) => [round * VOUCH_MS, (round + 1) * VOUCH_MS]),
    ]);
    expect(await reader.gaps(NAME, { from: NOON, to: plus(NOON, 5 * VOUCH_MS) })).toEqual([]);
    expect(rows('gap')).toEqual([]);
  });

  it('is told often enough for a source to count as live', () => {
    expect(VOUCH_MS * 3).toBe(LIVE_SOURCE_MS);
  });

  it('says nothing while our clock is set back', async () => {
    const { said, vouchAt } = await vouched();
    await vouchAt(s(20));
    await vouchAt(s(10));
    await vouchAt(s(20));
    await vouchAt(s(30));
    expect(said()).toEqual(['covered 0-20000', 'covered 20000-30000']);
  });

  it('does not go beyond what waits to be read, and takes it in when it is', async () => {
    let waits: Millis | null = null;
    const { said, hear, vouchAt } = await vouched({ silentAfterMs: s(60), waitingSince: () => waits });
    hear(s(15));
    waits = plus(NOON, s(12));
    await vouchAt(s(20));
    hear(s(40));
    await vouchAt(s(40));
    expect(said()).toEqual(['covered 0-12000']);
    waits = plus(NOON, s(30));
    await vouchAt(s(60));
    waits = null;
    await vouchAt(s(80));
    expect(said()).toEqual(['covered 0-12000', 'covered 12000-30000', 'covered 30000-80000']);
    // Silence in between is told as ever.
    waits = plus(NOON, s(85));
    hear(s(90));
    await vouchAt(s(160));
    await vouchAt(s(180));
    waits = null;
    hear(s(190));
    await vouchAt(s(200));
    expect(said().slice(3)).toEqual([
      'covered 80000-85000',
      'covered 190000-200000',
      'silent 90000-160000',
      'silent 160000-180000',
      'silent 180000-190000',
    ]);
  });

  it('does not reach up to now while something waits to be read', async () => {
    let waits: Millis | null = null;
    const { hear, vouchAt, reader, rows, writer } = await vouched({ waitingSince: () => waits });
    const lacking = async (ms: number): Promise<string[]> =>
      (await reader.gaps(NAME, { from: plus(NOON, ms), to: plus(NOON, ms) })).map(({ reason }) => reason);
    const turns = (): string[] =>
      rows('lifecycle')
        .filter(({ source }) => source === NAME)
        .map(({ event }) => event);
    hear(s(15));
    await vouchAt(s(20));
    hear(s(25));
    expect(await lacking(s(24))).toEqual([]);
    waits = plus(NOON, s(22));
    await vouchAt(s(40));
    await vouchAt(s(60));
    expect(await lacking(s(24))).toEqual(['not-running']);
    expect(turns()).toEqual(['start', 'stop']);
    // A recorder that begins anew hears it again.
    writer.epoch += 1;
    await vouchAt(s(80));
    expect(turns()).toEqual(['start', 'stop', 'start', 'stop']);
    expect(await lacking(s(24))).toEqual(['not-running']);
    waits = null;
    await vouchAt(s(100));
    expect(await lacking(s(24))).toEqual([]);
    hear(s(110));
    expect(await lacking(s(109))).toEqual([]);
    expect(turns().slice(4)).toEqual(['start']);
  });

  it('is cut at midnight, and so are silence and gaps: each part lies on its day, the count on the first', async () => {
    const start = plus(MIDNIGHT, -s(30));
    const { source, rows, hear, vouchAt } = await vouched({ silentAfterMs: s(30) }, { start });
    hear(s(10));
    await vouchAt(s(20));
    source.lost(4);
    await vouchAt(s(40));
    hear(s(45));
    source.lost(2);
    await vouchAt(s(60));
    expect(rows('coverage').map(({ from, to }) => [from - MIDNIGHT, to - MIDNIGHT])).toEqual([
      [-s(30), -s(30)],
      [-s(30), -s(10)],
      [-s(10), 0],
      [0, s(10)],
      [s(10), s(30)],
    ]);
    hear(s(65));
    await vouchAt(s(90));
    const across = await vouched({ silentAfterMs: s(30) }, { start });
    across.to(s(50));
    across.source.lost(4);
    await across.vouching.vouch();
    expect(
      across
        .rows('gap')
        .map(({ reason, from, to, count }) => [reason, from - MIDNIGHT, to - MIDNIGHT, count]),
    ).toEqual([
      ['lost', -s(30), 0, 4],
      ['lost', 0, s(20), 0],
      ['silent', -s(30), 0, 0],
      ['silent', 0, s(20), 0],
    ]);
    const heard = await vouched({ silentAfterMs: s(300) }, { start });
    heard.hear(s(10));
    heard.to(s(50));
    heard.source.lost(4);
    await heard.vouching.vouch();
    expect(heard.rows('gap').map(({ from, to, count }) => [from - MIDNIGHT, to - MIDNIGHT, count])).toEqual([
      [-s(20), 0, 4],
      [0, s(20), 0],
    ]);
  });
});

describe('silence', () => {
  it('is told once, from what was last heard on, though part of it was vouched for', async () => {
    const { said, hear, vouchAt, reader } = await vouched({ silentAfterMs: s(60) });
    hear(s(10));
    for (const seconds of [20, 40, 60, 80, 100, 120]) await vouchAt(s(seconds));
    expect(said()).toEqual([
      'covered 0-20000',
      'covered 20000-40000',
      'covered 40000-60000',
      'silent 10000-80000',
      'silent 80000-100000',
      'silent 100000-120000',
    ]);
    const gaps = await reader.gaps(NAME, { from: plus(NOON, s(30)), to: plus(NOON, s(35)) });
    expect(gaps.map(({ reason }) => reason)).toEqual(['silent']);
    expect(await reader.gaps(NAME, { from: NOON, to: plus(NOON, s(9)) })).toEqual([]);
  });

  it('of a source that never came begins when it was begun with', async () => {
    const { said, vouchAt } = await vouched({ silentAfterMs: s(30) });
    await vouchAt(s(20));
    await vouchAt(s(40));
    expect(said()).toEqual(['covered 0-20000', 'silent 0-40000']);
  });

  it('ends with the first that comes', async () => {
    const { said, hear, vouchAt } = await vouched({ silentAfterMs: s(30) });
    await vouchAt(s(40));
    hear(s(47));
    hear(s(58));
    await vouchAt(s(60));
    await vouchAt(s(80));
    expect(said()).toEqual([
      'covered 47000-60000',
      'covered 60000-80000',
      'silent 0-40000',
      'silent 40000-47000',
    ]);
  });

  it('that ends and begins again between two words leaves what was recorded in between', async () => {
    const { said, hear, vouchAt } = await vouched({ silentAfterMs: s(5) });
    hear(s(10));
    await vouchAt(s(20));
    hear(s(25));
    hear(s(30));
    await vouchAt(s(40));
    expect(said()).toEqual([
      'covered 0-10000',
      'covered 25000-30000',
      'silent 10000-20000',
      'silent 20000-25000',
      'silent 30000-40000',
    ]);
  });

  it('is not told of a source that sends again until it is answered', async () => {
    const { said, vouchAt } = await vouched({ silentAfterMs: null });
    await vouchAt(s(1_000_000));
    expect(said().filter((text) => text.startsWith('silent'))).toEqual([]);
  });

  it('of a program that does not run begins with its last word; what it told before is covered', async () => {
    let runs = true;
    const { said, hear, vouchAt } = await vouched({ silentAfterMs: null, isRunning: () => runs });
    hear(s(15));
    runs = false;
    await vouchAt(s(20));
    runs = true;
    await vouchAt(s(40));
    await vouchAt(s(60));
    expect(said()).toEqual([
      'covered 0-15000',
      'covered 40000-60000',
      'silent 15000-20000',
      'silent 20000-40000',
    ]);
  });
});

describe('a recorder', () => {
  it('that began anew gets the start again, once', async () => {
    const { rows, writer, vouchAt, said } = await vouched();
    await vouchAt(s(20));
    writer.epoch += 1;
    await vouchAt(s(40));
    await vouchAt(s(60));
    expect(rows('lifecycle').map(({ event, at: time }) => [event, time - NOON])).toEqual([
      ['start', 0],
      ['start', s(20)],
    ]);
    expect(said()).toEqual(['covered 0-20000', 'covered 20000-40000', 'covered 40000-60000']);
  });

  it('that refuses leaves a gap, and gets afterwards what was to be told meanwhile', async () => {
    const { source, writer, reader, said, hear, vouchAt } = await vouched();
    await vouchAt(s(20));
    hear(s(30));
    source.lost(5);
    writer.refuses = true;
    await vouchAt(s(40));
    await vouchAt(s(60));
    writer.refuses = false;
    expect(said()).toEqual(['covered 0-20000']);
    await vouchAt(s(80));
    expect(said()).toEqual(['covered 0-20000', 'covered 60000-80000', 'lost 30000-30000']);
    const gaps = await reader.gaps(NAME, { from: NOON, to: plus(NOON, s(80)) });
    expect(gaps.map(({ reason, from, to }) => [reason, from - NOON, to - NOON])).toEqual([
      ['not-running', s(20), s(60)],
      ['lost', s(30), s(30)],
    ]);
  });

  it('that refused the start gets it with the first word that it takes', async () => {
    const { writer, rows, said, vouchAt } = await vouched({}, { refuses: true });
    expect(rows('lifecycle')).toEqual([]);
    writer.refuses = false;
    await vouchAt(s(20));
    expect(rows('lifecycle').map(({ event, at: time }) => [event, time - NOON])).toEqual([['start', 0]]);
    expect(rows('coverage').map(({ from, to }) => [from - NOON, to - NOON])).toEqual([[0, s(20)]]);
    expect(said()).toEqual([]);
  });
});

describe('the end', () => {
  it('stores the last word and a stop, and nothing afterwards', async () => {
    const { vouching, rows, to, said } = await vouched();
    to(s(7));
    await vouching.end();
    expect(rows('lifecycle').map(({ event, at: time }) => [event, time - NOON])).toEqual([
      ['start', 0],
      ['stop', s(7)],
    ]);
    to(s(100));
    await vi.advanceTimersByTimeAsync(10 * VOUCH_MS);
    await vouching.vouch();
    expect(said()).toEqual(['covered 0-7000']);
  });

  it('is when nobody listens any more, however long it takes to store what came, and makes nobody silent', async () => {
    let runs = true;
    const { vouching, rows, to, said } = await vouched({ isRunning: () => runs });
    to(s(7));
    vouching.stop();
    runs = false;
    to(s(12));
    await vouching.end();
    expect(said()).toEqual(['covered 0-7000']);
    expect(rows('lifecycle').map(({ event, at: time }) => [event, time - NOON])).toEqual([
      ['start', 0],
      ['stop', s(7)],
    ]);
  });

  it('comes also when nothing can be stored any more', async () => {
    const { vouching, writer, rows, to } = await vouched();
    writer.refuses = true;
    to(s(7));
    await vouching.end();
    expect(rows('lifecycle').map(({ event }) => event)).toEqual(['start']);
  });
});

describe('whatever comes when', () => {
  const step = fc.record({
    afterMs: fc.integer({ min: 0, max: s(40) }),
    does: fc.constantFrom('hear', 'hear', 'vouch', 'run', 'fail'),
  });
  it('each moment is either covered or told as silent, and nothing was heard within a silence', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        let runs = true;
        const { rows, hear, vouchAt } = await vouched({ silentAfterMs: s(30), isRunning: () => runs });
        let now = 0;
        const heard: number[] = [];
        for (const { afterMs, does } of steps) {
          now += afterMs;
          if (does === 'hear') {
            hear(now);
            heard.push(NOON + now);
          } else if (does === 'vouch') await vouchAt(now);
          else runs = does === 'run';
        }
        await vouchAt(now);
        const silences = rows('gap');
        let reached: number = NOON;
        for (const { from, to } of [...rows('coverage'), ...silences].sort((a, b) => a.from - b.from)) {
          expect(from).toBeLessThanOrEqual(reached);
          reached = Math.max(reached, to);
        }
        expect(reached).toBe(NOON + now);
        for (const { from, to } of silences)
          expect(heard.filter((time) => time > from && time < to)).toEqual([]);
      }),
      { numRuns: 300, ...SEEDED },
    );
  });

  it('a stretch of time that is cut at midnights loses nothing', () => {
    fc.assert(
      fc.property(fc.nat(3_000_000_000), fc.nat(300_000_000), (from, length) => {
        const parts = byDay(from as Millis, (from + length) as Millis);
        expect(parts[0]?.from).toBe(from);
        expect(parts.at(-1)?.to).toBe(from + length);
        for (const [index, part] of parts.entries()) {
          if (index > 0) expect(part.from).toBe(parts[index - 1]?.to);
          expect(Math.floor(part.from / 86_400_000)).toBe(
            Math.floor(Math.max(part.from, part.to - 1) / 86_400_000),
          );
        }
      }),
      SEEDED,
    );
  });
});
