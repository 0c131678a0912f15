import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBadgeTable, keyHalves, type BadgeTable } from '../../src/accounts/badge-table.ts';

/** Indexes of few different bytes, so that many land in the same or in neighbouring slots. */
const index = fc
  .array(fc.constantFrom(0, 1, 2, 0xfe, 0xff), { minLength: 8, maxLength: 8 })
  .map((bytes) => String.fromCharCode(...bytes) + 'rest of 32 bytes');
const value = fc.oneof(fc.nat(3), fc.constant(2 ** 32 - 2), fc.integer({ min: 0, max: 2 ** 32 - 2 }));
const step = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), index, value }),
  fc.record({ kind: fc.constant('add' as const), index, value }),
  fc.record({ kind: fc.constant('reserve' as const), accounts: fc.nat(5000) }),
);

function contentOf(table: BadgeTable, page: number): Map<string, number> {
  const content = new Map<string, number>();
  let count = 0;
  for (const { keys, values } of table.pages(page)) {
    expect(keys.length).toBe(values.length * 2);
    expect(values.length).toBeLessThanOrEqual(page);
    values.forEach((value, at) => {
      content.set(`${keys[2 * at]} ${keys[2 * at + 1]}`, value);
    });
    count += values.length;
  }
  expect(content.size).toBe(count);
  return content;
}

describe('the badge table', () => {
  it('is a map of the first 64 bits to numbers', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 3000, size: 'max' }),
        fc.integer({ min: 1, max: 400 }),
        (steps, page) => {
          const table = createBadgeTable();
          const model = new Map<string, number>();
          for (const one of steps) {
            if (one.kind === 'reserve') {
              table.reserve(one.accounts);
            } else if (one.kind === 'set') {
              table.set(one.index, one.value);
              model.set(one.index, one.value);
            } else {
              const [high, low] = keyHalves(one.index);
              table.addKey(high, low, one.value);
              if (!model.has(one.index)) model.set(one.index, one.value);
            }
            if (one.kind !== 'reserve') expect(table.get(one.index)).toBe(model.get(one.index));
          }
          expect(table.size).toBe(model.size);
          for (const [key, value] of model) expect(table.get(key)).toBe(value);
          expect(table.get('absent!!')).toBe(-1);
          expect(contentOf(table, page)).toEqual(
            new Map([...model].map(([key, value]) => [keyHalves(key).join(' '), value])),
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  it('holds many, through every growth', () => {
    const table = createBadgeTable();
    const spread = (i: number): [number, number] => [
      Math.imul(i, 0x9e3779b1) >>> 0,
      Math.imul(i, 0x85ebca6b) >>> 0,
    ];
    for (let i = 0; i < 60_000; i++) table.setKey(...spread(i), i);
    expect(table.size).toBe(60_000);
    const content = contentOf(table, 1000);
    for (let i = 0; i < 60_000; i += 7) expect(content.get(spread(i).join(' '))).toBe(i);
  });

  it('can be read in pages while it grows', () => {
    const table = createBadgeTable();
    for (let i = 0; i < 400; i++) table.setKey(i, i, 1);
    const pages = table.pages(100);
    const seen = new Map<number, number>();
    for (let next = 1000, page = pages.next(); page.done !== true; page = pages.next()) {
      page.value.keys.forEach((key, at) => {
        if (at % 2 === 0) seen.set(key, page.value?.values[at / 2] ?? -1);
      });
      for (const end = next + 500; next < end; next++) table.setKey(next, next, 2);
      for (let i = 0; i < 400; i++) table.setKey(i, i, 3);
    }
    for (let i = 0; i < 400; i++) expect([1, 3]).toContain(seen.get(i));
    expect([...contentOf(table, 64).values()].filter((value) => value === 3)).toHaveLength(400);
  });
});
