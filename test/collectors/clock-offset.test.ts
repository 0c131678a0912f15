import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClockOffset } from '../../src/collectors/clock-offset.ts';
import { MAX_CLOCK_ERROR_MS } from '../../src/model/time.ts';
import { holds, PATIENCE } from '../support/fuzzing.ts';

const NOW = 1_750_000_000_000;

/** What an exporter whose clock must be moved by `offset` writes in a message that it sends at a time of ours. */
const stamp = (at: number, offset: number, granularity = 1000): number =>
  granularity === 0 ? at - offset : Math.floor((at - offset) / granularity) * granularity;

/** Whether five in a row are all late by about the same, which nobody can tell from a clock that was set back. */
const isLateByTheSame = (
  samples: readonly { readonly told: number; readonly received: number }[],
  granularity: number,
): boolean =>
  samples.some((_sample, index) => {
    const late = samples.slice(index, index + 5).map(({ told, received }) => received - told);
    return late.length === 5 && Math.max(...late) - Math.min(...late) <= granularity + 1000;
  });

/** Samples every so often, with delays in turn. */
function fed(
  clock: ClockOffset,
  {
    from = NOW,
    seconds,
    offset,
    everyMs = 700,
  }: { from?: number; seconds: number; offset: number; everyMs?: number },
): number {
  let at = from;
  for (; at < from + seconds * 1000; at += everyMs) clock.sample(stamp(at, offset), at + 20);
  return at;
}

describe('the offset of a clock', () => {
  it('is not measured before a first sample', () => {
    const clock = new ClockOffset();
    expect(clock.current()).toEqual({ offsetMs: 0, errorMs: null });
    clock.sample(NaN, NOW);
    clock.sample(Infinity, NOW);
    expect(clock.current()).toEqual({ offsetMs: 0, errorMs: null });
  });

  it('is none for a clock that may be right', () => {
    const clock = new ClockOffset();
    fed(clock, { seconds: 60, offset: 0 });
    expect(clock.current().offsetMs).toBe(0);
    expect(clock.current().errorMs).toBeGreaterThanOrEqual(1000);
    expect(clock.current().errorMs).toBeLessThanOrEqual(1020);
  });

  it.each([-3_600_000, -8000, 3000, 7_200_000])('of %i ms is found within a second', (offset) => {
    const clock = new ClockOffset();
    fed(clock, { seconds: 60, offset });
    const { offsetMs, errorMs } = clock.current();
    expect(Math.abs(offsetMs - offset)).toBeLessThanOrEqual(errorMs ?? -1);
    expect(errorMs).toBeLessThanOrEqual(1020);
  });

  it('a message that was held back widens the error, as far as is worked with', () => {
    const clock = new ClockOffset();
    fed(clock, { seconds: 10, offset: 0 });
    clock.sample(NOW, NOW + 10_000);
    expect(clock.current()).toEqual({ offsetMs: 0, errorMs: 10_000 });
    clock.sample(NOW - MAX_CLOCK_ERROR_MS, NOW + 10_000);
    expect(clock.current()).toEqual({ offsetMs: 0, errorMs: MAX_CLOCK_ERROR_MS });
  });

  it('a corrected time is within the error of the truth', PATIENCE, async () => {
    const seen = { moved: 0, kept: 0 };
    const delays = fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 1, maxLength: 40 });
    await holds(
      fc.asyncProperty(
        fc.oneof(fc.integer({ min: -5000, max: 5000 }), fc.integer({ min: -86_400_000, max: 86_400_000 })),
        fc.constantFrom(0, 1, 100, 1000),
        delays,
        fc.nat(999),
        fc.nat(5000),
        (offset, granularityMs, held, phase, everyMs) => {
          const clock = new ClockOffset({ granularityMs });
          const start = NOW + phase;
          // What is assumed of an exporter: one message of the window came within the granularity.
          const fast = stamp(start, offset, granularityMs);
          const sent = held.map((delay, index) => ({ at: start + (index + 1) * everyMs, delay }));
          const samples = [
            { told: fast, received: fast + offset + granularityMs },
            ...sent.map(({ at, delay }) => ({
              told: stamp(at, offset, granularityMs),
              received: at + delay,
            })),
          ];
          samples.sort((a, b) => a.received - b.received);
          fc.pre(!isLateByTheSame(samples, granularityMs));
          for (const { told, received } of samples) clock.sample(told, received);
          const { offsetMs, errorMs } = clock.current();
          expect(Number.isInteger(offsetMs)).toBe(true);
          if (errorMs !== null) {
            expect(Math.abs(offsetMs - offset)).toBeLessThanOrEqual(errorMs);
            expect(errorMs).toBeLessThanOrEqual(MAX_CLOCK_ERROR_MS);
          }
          if (offsetMs === 0) seen.kept += 1;
          else seen.moved += 1;
          return Promise.resolve();
        },
      ),
      1,
    );
    expect(seen.moved).toBeGreaterThan(50);
    expect(seen.kept).toBeGreaterThan(50);
  });

  it('begins anew when our own clock was set back', () => {
    const clock = new ClockOffset();
    fed(clock, { seconds: 100, offset: 0 });
    fed(clock, { from: NOW - 3_600_000, seconds: 5, offset: -3_600_000 });
    expect(Math.abs(clock.current().offsetMs + 3_600_000)).toBeLessThanOrEqual(1000);
  });
});

describe('a clock that is set', () => {
  /** Five minutes of a right clock. */
  function right(): { clock: ClockOffset; at: number } {
    const clock = new ClockOffset();
    return { clock, at: fed(clock, { seconds: 400, offset: 0 }) };
  }
  const isMeasured = (clock: ClockOffset, offset: number): void => {
    const { offsetMs, errorMs } = clock.current();
    expect(Math.abs(offsetMs - offset)).toBeLessThanOrEqual(errorMs ?? -1);
    expect(errorMs).toBeLessThanOrEqual(1020);
  };

  it.each([-8000, -45_000, -3_600_000])('ahead (%i ms) is followed at once', (offset) => {
    const { clock, at } = right();
    expect(clock.sample(stamp(at, offset), at + 20)).toBe(0);
    isMeasured(clock, offset);
    fed(clock, { from: at + 700, seconds: 30, offset });
    isMeasured(clock, offset);
  });

  it.each([8000, 45_000, 3_600_000])('back (%i ms) is followed after ten seconds', (offset) => {
    const { clock, at } = right();
    const during = fed(clock, { from: at, seconds: 9, offset });
    expect(clock.current().errorMs).toBeGreaterThan(4000);
    fed(clock, { from: during, seconds: 3, offset });
    isMeasured(clock, offset);
  });

  it('back by more than an error tells: says how far off the times in between may be', () => {
    for (const [offset, most] of [
      [45_000, 0],
      [3_600_000, 3_613_000],
    ] as const) {
      const { clock, at } = right();
      let misplaced = 0;
      for (let ms = 0; ms < 12_000; ms += 700)
        misplaced = Math.max(misplaced, clock.sample(stamp(at + ms, offset), at + ms + 20));
      expect(misplaced).toBeLessThanOrEqual(most);
      expect(misplaced).toBeGreaterThanOrEqual(most === 0 ? 0 : offset);
    }
  });

  it('is no message that was late, nor many that were held up for half a minute', () => {
    const { clock, at } = right();
    clock.sample(stamp(at, 0), at + 30_000);
    let last = fed(clock, { from: at + 30_020, seconds: 20, offset: 0 });
    // All that was sent in half a minute comes within some seconds, the oldest first.
    for (let sent = last; sent < last + 30_000; sent += 100)
      clock.sample(stamp(sent, 0), last + 30_000 + (sent - last) / 3);
    last = fed(clock, { from: last + 40_000, seconds: 20, offset: 0 });
    const { offsetMs, errorMs } = clock.current();
    expect(offsetMs).toBe(0);
    expect(errorMs).toBeGreaterThanOrEqual(29_000);
  });

  it('is none when messages that come in time lie between those that are late', () => {
    const { clock, at } = right();
    for (let ms = 0; ms < 60_000; ms += 500)
      clock.sample(stamp(at + ms, 0), at + ms + (ms % 5000 === 0 ? 20 : 20_000));
    expect(clock.current().offsetMs).toBe(0);
  });

  it.each([-20_000, -86_400_000])(
    'by forged messages (%i ms) is told with an error that covers it',
    (offset) => {
      const { clock, at } = right();
      for (let ms = 0; ms < 60_000; ms += 1000) {
        clock.sample(stamp(at + ms, offset - ms), at + ms + 5);
        clock.sample(stamp(at + ms + 100, 0), at + ms + 120);
        expect(Math.abs(clock.current().offsetMs)).toBeLessThanOrEqual(clock.current().errorMs ?? -1);
      }
    },
  );

  it('is none of an exporter that is always late by the same, but for a message now and then', () => {
    const clock = new ClockOffset();
    for (let ms = 0; ms < 240_000; ms += 500) {
      clock.sample(stamp(NOW + ms, 0), NOW + ms + (ms % 90_000 === 70_000 ? 20 : 8000));
      if (ms < 70_000) continue;
      expect(Math.abs(clock.current().offsetMs)).toBeLessThanOrEqual(clock.current().errorMs ?? -1);
    }
  });

  it('and messages that come hours late do not move the others', () => {
    const { clock, at } = right();
    for (let ms = 0; ms < 30_000; ms += 100) clock.sample(stamp(at - 7_200_000 + ms * 100, 0), at + ms);
    const { offsetMs, errorMs } = clock.current();
    expect(Math.abs(offsetMs)).toBeLessThanOrEqual(errorMs ?? -1);
  });
});

describe('an exporter that was cut off', () => {
  const HOUR = 3_600_000;
  /** What it held meanwhile comes at once, the oldest first. */
  function backlog(clock: ClockOffset, from: number, until: number): { at: number; misplaced: number } {
    let at = until;
    let misplaced = 0;
    for (let sent = from; sent < until; sent += 10_000, at += 5)
      misplaced = Math.max(misplaced, clock.sample(stamp(sent, 0), at));
    return { at, misplaced };
  }
  const isCovered = (clock: ClockOffset, offset = 0): void =>
    expect(Math.abs(clock.current().offsetMs - offset)).toBeLessThanOrEqual(clock.current().errorMs ?? -1);

  it.each([2000, 400_000])('for two hours, after %i ms, has the clock that it had', (known) => {
    const clock = new ClockOffset();
    const left = fed(clock, { seconds: known / 1000, offset: 0, everyMs: 100 });
    const { at } = backlog(clock, left, left + 2 * HOUR);
    expect(clock.current().offsetMs).toBe(0);
    isCovered(clock);
    fed(clock, { from: at, seconds: 600, offset: 0 });
    expect(clock.current()).toMatchObject({ offsetMs: 0 });
    expect(clock.current().errorMs).toBeLessThanOrEqual(1020);
  });

  it('and whose clock was set meanwhile is followed', () => {
    const clock = new ClockOffset();
    const left = fed(clock, { seconds: 400, offset: 0 });
    fed(clock, { from: left + 2 * HOUR, seconds: 15, offset: HOUR });
    isCovered(clock, HOUR);
    expect(clock.current().errorMs).toBeLessThanOrEqual(1020);
  });

  it('is followed, too, where no five messages in a row are late by the same', () => {
    const clock = new ClockOffset();
    const left = fed(clock, { seconds: 400, offset: 0 });
    let misplaced = 0;
    for (let at = left; at < left + 310_000; at += 1000)
      misplaced = Math.max(misplaced, clock.sample(stamp(at, HOUR), at + ((at - left) % 3000) * 3));
    expect(misplaced).toBeGreaterThan(HOUR);
    isCovered(clock, HOUR);
  });

  it.each([
    [30_000, 10_000],
    [HOUR, 10_000],
    [HOUR, 1500],
    [HOUR, HOUR],
  ])('for %i ms, and was not known before: it is told that what it held is misplaced', (away, everyMs) => {
    const clock = new ClockOffset();
    let at = NOW;
    const differences: number[] = [];
    let misplaced = 0;
    for (let sent = NOW - away; sent < NOW + 20_000; sent += everyMs, at = Math.max(at + 5, sent)) {
      misplaced = Math.max(misplaced, clock.sample(stamp(sent, 0), at + 20));
      // An hour cannot be told by an error.
      differences.push(Math.abs(clock.current().offsetMs) - (clock.current().errorMs ?? NaN));
    }
    isCovered(clock);
    const worst = Math.max(...differences);
    expect(worst > 0).toBe(away > 2 * MAX_CLOCK_ERROR_MS);
    expect(misplaced).toBeGreaterThanOrEqual(worst);
  });

  it('is not taken for one whose clock is wrong from the start', () => {
    const clock = new ClockOffset();
    fed(clock, { seconds: 5, offset: HOUR });
    expect(clock.current().errorMs).toBe(MAX_CLOCK_ERROR_MS);
    isCovered(clock, HOUR);
    fed(clock, { from: NOW + 5000, seconds: 10, offset: HOUR });
    isCovered(clock, HOUR);
    expect(clock.current().errorMs).toBeLessThanOrEqual(1020);
  });
});

describe('the drift of a clock', () => {
  it('is told after a minute', () => {
    const clock = new ClockOffset();
    const at = fed(clock, { seconds: 59, offset: 0 });
    expect(clock.driftPpm()).toBe(null);
    fed(clock, { from: at, seconds: 60, offset: 0 });
    expect(clock.driftPpm()).not.toBe(null);
  });

  it.each([-400, 0, 250])('of %i ppm is found', (ppm) => {
    const clock = new ClockOffset({ granularityMs: 1 });
    for (let at = 0; at < 300_000; at += 500) {
      const offset = (at * ppm) / 1_000_000;
      // Every third message is held back: the smallest differences are not moved by it.
      clock.sample(Math.floor(NOW + at - offset), NOW + at + 5 + (at % 1500 === 0 ? 900 : 0));
    }
    expect(Math.abs((clock.driftPpm() ?? NaN) - ppm)).toBeLessThan(20);
  });
});

it('what is kept does not grow with what comes', () => {
  const clock = new ClockOffset();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < 2_000_000; index += 1) clock.sample(index * 997, NOW + index * 997);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
  // A window's worth of old samples has gone: only the newest offset is seen.
  expect(clock.current().errorMs).toBeLessThanOrEqual(1000);
});
