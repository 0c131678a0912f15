import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKeyedHash } from '../../../src/gateway/guard/keyed-hash.ts';
import { createRateTable, type RateTable } from '../../../src/gateway/guard/rate-table.ts';
import { SEEDED } from '../../support/seed.ts';

/** A table under a clock that the test moves. */
function table(options: { burst: number; perMinute: number; entries: number }, start = 1_700_000_000_000) {
  const clock = { now: start };
  return { clock, rate: createRateTable({ ...options, now: () => clock.now }) };
}

/** Takes until it is refused; a table that never refuses gets no further than 1000. */
function drain(rate: RateTable, key: string): number {
  let granted = 0;
  while (granted < 1000 && rate.take(key)) granted += 1;
  return granted;
}

describe('rate table', () => {
  it('grants the burst at once, then what a minute brings, one by one', () => {
    const { clock, rate } = table({ burst: 10, perMinute: 6, entries: 1024 });
    expect(rate.remaining('a')).toBe(10);
    expect(drain(rate, 'a')).toBe(10);
    expect(rate.remaining('a')).toBe(0);
    clock.now += 9999;
    expect(rate.take('a')).toBe(false);
    clock.now += 1;
    expect(rate.take('a')).toBe(true);
    expect(rate.take('a')).toBe(false);
    clock.now += 3_600_000;
    expect(drain(rate, 'a')).toBe(10);
  });

  it('keeps each key its own', () => {
    const { rate } = table({ burst: 3, perMinute: 1, entries: 1024 });
    expect(drain(rate, 'a')).toBe(3);
    expect(rate.remaining('b')).toBe(3);
    expect(drain(rate, 'b')).toBe(3);
  });

  it('takes all of a cost or nothing', () => {
    const { rate } = table({ burst: 5, perMinute: 1, entries: 8 });
    expect(rate.take('a', 6)).toBe(false);
    expect(rate.take('a', 4)).toBe(true);
    expect(rate.take('a', 2)).toBe(false);
    expect(rate.remaining('a')).toBe(1);
    expect(rate.take('a', 1)).toBe(true);
  });

  it('takes a step back of the clock as no time, and goes on from there', () => {
    const { clock, rate } = table({ burst: 2, perMinute: 60, entries: 8 });
    expect(drain(rate, 'a')).toBe(2);
    clock.now -= 3_600_000;
    expect(rate.take('a')).toBe(false);
    clock.now += 1000;
    expect(drain(rate, 'a')).toBe(1);
  });

  it('an exhausted client stays exhausted while a million other keys rotate through', () => {
    const { clock, rate } = table({ burst: 20, perMinute: 1, entries: 1024 });
    expect(drain(rate, 'exhausted')).toBe(20);
    let granted = 0;
    for (let index = 0; index < 1_000_000; index += 1) {
      rate.take(`rotating-${index}`);
      if (index % 100 === 0) clock.now += 1;
      if (index % 1000 === 0 && rate.take('exhausted')) granted += 1;
    }
    // 10 s have gone by, which bring no token at one a minute.
    expect(granted).toBe(0);
    clock.now += 60_000;
    expect(rate.take('exhausted')).toBe(true);
  });

  it('an honest client that is known keeps its own bucket meanwhile', () => {
    const { clock, rate } = table({ burst: 20, perMinute: 600, entries: 1024 });
    expect(rate.take('honest', 10)).toBe(true);
    let refused = 0;
    let floodGranted = 0;
    for (let index = 0; index < 1_000_000; index += 1) {
      if (rate.take(`rotating-${index}`, 5)) floodGranted += 1;
      if (index % 1000 !== 0) continue;
      clock.now += 100;
      if (!rate.take('honest')) refused += 1;
    }
    expect(refused).toBe(0);
    // The flood does not get a burst for every name that it makes up.
    expect(floodGranted).toBeLessThan(500_000);
  });

  it('a flood of new keys gets no more than the places and one shared bucket a set', () => {
    const { rate } = table({ burst: 10, perMinute: 1, entries: 64 });
    let granted = 0;
    for (let index = 0; index < 100_000; index += 1) if (rate.take(`rotating-${index}`)) granted += 1;
    // 64 places take one token each before the 8 sets share 10 each.
    expect(granted).toBe(64 + 8 * 10);
  });

  it('a key that comes out of the shared bucket does not get a fresh one', () => {
    const { clock, rate } = table({ burst: 10, perMinute: 60, entries: 8 });
    for (let index = 0; index < 8; index += 1) expect(rate.take(`filler-${index}`)).toBe(true);
    expect(drain(rate, 'late')).toBe(10);
    // The fillers owe nothing any more, so there is a place; the debt comes along.
    clock.now += 1000;
    expect(drain(rate, 'late')).toBe(1);
    clock.now += 60_000;
    expect(drain(rate, 'late')).toBe(10);
  });

  it('a full bucket may be forgotten, a debtor never', () => {
    const { clock, rate } = table({ burst: 10, perMinute: 60, entries: 8 });
    expect(rate.take('debtor', 10)).toBe(true);
    for (let index = 0; index < 7; index += 1) rate.take(`small-${index}`);
    clock.now += 1000;
    for (let index = 0; index < 7; index += 1) expect(rate.take(`next-${index}`, 10)).toBe(true);
    expect(rate.remaining('debtor')).toBe(1);
    for (let index = 0; index < 7; index += 1) expect(rate.remaining(`next-${index}`)).toBe(0);
  });

  it('never grants a key more than burst and rate allow, in whatever order keys and time come', () => {
    const step = fc.record({
      key: fc.integer({ min: 0, max: 20 }),
      cost: fc.integer({ min: 1, max: 4 }),
      wait: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3000 })),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 0, max: 400 }),
        fc.array(step, { maxLength: 300 }),
        (burst, perMinute, steps) => {
          const { clock, rate } = table({ burst, perMinute, entries: 8 });
          const start = clock.now;
          const grants = new Map<number, { readonly at: number; readonly cost: number }[]>();
          for (const { key, cost, wait } of steps) {
            clock.now += wait;
            const before = rate.remaining(`k${key}`);
            const taken = rate.take(`k${key}`, cost);
            expect(taken).toBe(before >= cost);
            if (!taken) continue;
            const own = grants.get(key) ?? [];
            own.push({ at: clock.now - start, cost });
            grants.set(key, own);
          }
          // Over every stretch of time between two grants of a key.
          for (const own of grants.values())
            for (const [first, { at: from }] of own.entries()) {
              let sum = 0;
              for (const { at, cost } of own.slice(first)) {
                sum += cost;
                expect(sum * 60_000).toBeLessThanOrEqual(burst * 60_000 + (at - from) * perMinute);
              }
            }
        },
      ),
      { ...SEEDED, numRuns: 300 },
    );
  });
});

describe('keyed hash', () => {
  it('is the same for the same text, and another under another key', () => {
    const [one, other] = [createKeyedHash(), createKeyedHash()];
    one.hash('2001:db8::');
    const { low, high } = one;
    one.hash('something else');
    expect(one.low === low && one.high === high).toBe(false);
    one.hash('2001:db8::');
    expect([one.low, one.high]).toEqual([low, high]);
    other.hash('2001:db8::');
    expect(other.low === low && other.high === high).toBe(false);
  });

  it('spreads neighbouring addresses evenly, and gives no two texts the same 64 bits', () => {
    const hash = createKeyedHash();
    const sets = new Uint32Array(256);
    const seen = new Set<string>();
    const count = 65_536;
    for (let index = 0; index < count; index += 1) {
      hash.hash(`10.0.${index >> 8}.${index & 255}`);
      sets[hash.low & 255] = (sets[hash.low & 255] ?? 0) + 1;
      seen.add(`${hash.low} ${hash.high}`);
    }
    expect(seen.size).toBe(count);
    // 256 a set on average, with a deviation of 16: seven of those on either side.
    expect(Math.min(...sets)).toBeGreaterThan(256 - 112);
    expect(Math.max(...sets)).toBeLessThan(256 + 112);
  });

  it('tells texts apart that differ in length only, and any one unit', () => {
    const hash = createKeyedHash();
    const of = (text: string): string => {
      hash.hash(text);
      return `${hash.low} ${hash.high}`;
    };
    const texts = ['', '\0', '\0\0', '\0\0\0', 'a', 'a\0', 'ab', 'ba', 'abc', 'abd', '\u0101', '\u0201'];
    expect(new Set(texts.map(of)).size).toBe(texts.length);
  });
});
