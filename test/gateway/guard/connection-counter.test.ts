import { describe, expect, it } from 'vitest';
import { createConnectionCounter } from '../../../src/gateway/guard/connection-counter.ts';

describe('connection counter', () => {
  it('lets a client have so many connections open at once, each client its own', () => {
    const counter = createConnectionCounter();
    expect([
      counter.enter('a', 2),
      counter.enter('a', 2),
      counter.enter('a', 2),
      counter.enter('b', 2),
    ]).toEqual([true, true, false, true]);
    counter.leave('a');
    expect([counter.enter('a', 2), counter.enter('a', 2)]).toEqual([true, false]);
  });

  it('holds nothing of clients that are gone or were never let in', () => {
    const counter = createConnectionCounter();
    for (let index = 0; index < 1000; index += 1) {
      expect(counter.enter(`client-${index}`, 1)).toBe(true);
      expect(counter.enter(`client-${index}`, 1)).toBe(false);
      expect(counter.clients).toBe(1);
      counter.leave(`client-${index}`);
    }
    expect(counter.clients).toBe(0);
    expect(createConnectionCounter().enter('a', 0)).toBe(false);
  });

  it('a leave too many gives no connection away', () => {
    const counter = createConnectionCounter();
    counter.leave('a');
    expect([counter.enter('a', 1), counter.enter('a', 1)]).toEqual([true, false]);
  });
});
