import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { grows, trendOf } from '../../bench/soak/trend.ts';

const line = (count: number, at: (index: number) => number) =>
  Array.from({ length: count }, (_, index) => ({ at: index * 10, value: at(index) }));

test('the slope of a straight line is found, whatever the line', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -500, max: 500 }),
      fc.integer({ min: 0, max: 1000 }),
      fc.integer({ min: 3, max: 100 }),
      (perSample, start, count) => {
        const trend = trendOf(line(count, (index) => start + perSample * index));
        expect(trend?.perHour).toBeCloseTo(perSample * 360, 3);
        expect(trend?.rise).toBeCloseTo(perSample * (count - 1), 3);
      },
    ),
  );
});

test('too few samples, or samples of one moment, have no trend', () => {
  expect(trendOf(line(2, () => 5))).toBeNull();
  expect(trendOf([1, 2, 3].map((value) => ({ at: 7, value })))).toBeNull();
});

test('a leak of a megabyte a minute is growth', () => {
  const trend = trendOf(line(30, (index) => 100 + index / 6 + (index % 2)));
  expect(trend !== null && grows(trend)).toBe(true);
});

test('a heap that goes up and down is no growth', () => {
  const trend = trendOf(line(30, (index) => 100 + (index % 7) * 3));
  expect(trend !== null && grows(trend)).toBe(false);
});

test('a straight but tiny rise is no growth', () => {
  const trend = trendOf(line(30, (index) => 100 + index * 0.01));
  expect(trend !== null && grows(trend)).toBe(false);
});
