import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClockOffset } from '../../src/collectors/clock-offset.ts';
import { MAX_CLOCK_ERROR_MS } from '../../src/model/time.ts';
import { holds, PATIENCE } from '../support/fuzzing.ts';

const NOW = 1_750_000_000_000;

/** What an exporter whose clock must be moved by `offset` writes in a message that it sends at a time of ours. */
const stamp = (at: number, offset: number, granularity = 1000): number =>
  granularity === 0 ? at - offset : Math.floor((at - offset) / granularity) * granularity;

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
          for (const { told, received } of samples.sort((a, b) => a.received - b.received))
            clock.sample(told, received);
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

  it('a step is followed when the window is over', () => {
    const clock = new ClockOffset();
    const stepped = fed(clock, { seconds: 400, offset: 0 });
    const during = fed(clock, { from: stepped, seconds: 30, offset: 45_000 });
    expect(clock.current().errorMs).toBeGreaterThanOrEqual(45_000);
    fed(clock, { from: during, seconds: 300, offset: 45_000 });
    const { offsetMs, errorMs } = clock.current();
    expect(Math.abs(offsetMs - 45_000)).toBeLessThanOrEqual(1000);
    expect(errorMs).toBeLessThanOrEqual(1020);
  });

  it('begins anew when our own clock was set back', () => {
    const clock = new ClockOffset();
    fed(clock, { seconds: 100, offset: 0 });
    fed(clock, { from: NOW - 3_600_000, seconds: 5, offset: -3_600_000 });
    expect(Math.abs(clock.current().offsetMs + 3_600_000)).toBeLessThanOrEqual(1000);
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
