import { describe, expect, it } from 'vitest';
import { createRecordBudget } from '../../../src/gateway/guard/record-budget.ts';
import type { IpAddress } from '../../../src/model/address.ts';

const A = '2001:db8:1:2::1' as IpAddress;
const SAME_64 = '2001:db8:1:2:ffff::9' as IpAddress;
const OTHER_64 = '2001:db8:1:3::1' as IpAddress;

describe('record budget', () => {
  it('is of a client, an IPv6 /64 being one, and comes back with time', () => {
    const clock = { now: 0 };
    const budget = createRecordBudget({
      rate: { burst: 6, perMinute: 60 },
      entries: 64,
      now: () => clock.now,
    });
    expect(budget.spend(A, 3)).toBe('single');
    expect(budget.spend(SAME_64, 3)).toBe('single');
    expect(budget.spend(A, 1)).toBe('aggregate');
    expect(budget.spend(OTHER_64, 3)).toBe('single');
    clock.now = 2000;
    expect(budget.spend(A, 3)).toBe('aggregate');
    expect(budget.spend(A, 2)).toBe('single');
  });

  it('has no end when there is no limit', () => {
    const budget = createRecordBudget({ rate: null, entries: 64, now: () => 0 });
    for (let index = 0; index < 10_000; index += 1) expect(budget.spend(A, 5)).toBe('single');
  });
});
