import { describe, expect, it } from 'vitest';
import { createBreaker } from '../../../src/gateway/identity/breaker.ts';
import type { Millis } from '../../../src/model/time.ts';

function breaker() {
  const clock = { now: 1_000_000 };
  return { clock, breaker: createBreaker(() => clock.now as Millis) };
}

describe('breaker', () => {
  it('pauses after five failures in a row, then lets a single question through', () => {
    const { clock, breaker: own } = breaker();
    for (let index = 0; index < 5; index += 1) {
      expect(own.allows()).toBe(true);
      own.failed();
    }
    expect(own.allows()).toBe(false);
    clock.now += 999;
    expect(own.allows()).toBe(false);
    clock.now += 1;
    expect([own.allows(), own.allows()]).toEqual([true, false]);
    own.failed();
    expect(own.allows()).toBe(false);
    clock.now += 1000;
    expect(own.allows()).toBe(true);
    own.succeeded();
    expect([own.allows(), own.allows()]).toEqual([true, true]);
  });

  it('counts only failures in a row', () => {
    const { breaker: own } = breaker();
    for (let index = 0; index < 20; index += 1) {
      expect(own.allows()).toBe(true);
      if (index % 5 === 4) own.succeeded();
      else own.failed();
    }
    expect(own.allows()).toBe(true);
  });

  it('a clock that is set back does not prolong the pause', () => {
    const { clock, breaker: own } = breaker();
    for (let index = 0; index < 5; index += 1) own.failed();
    clock.now -= 3_600_000;
    expect(own.allows()).toBe(true);
  });
});
