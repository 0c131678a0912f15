import { describe, expect, it } from 'vitest';
import { createSecurityEvents } from '../../../src/gateway/guard/security-events.ts';
import type { IpAddress } from '../../../src/model/address.ts';
import type { Millis } from '../../../src/model/time.ts';

const NOON = Date.parse('2026-11-20T12:00:00.000Z') as Millis;
const MINUTE = 60_000;

function events(start = NOON) {
  const clock = { now: start as number };
  const made = createSecurityEvents(() => clock.now as Millis);
  const note = (address: string, kind: Parameters<typeof made.note>[2] = 'rate', listener = 'main'): void =>
    made.note(listener, address as IpAddress, kind);
  const flush = (now: number | null) => made.flush(now as Millis | null);
  return { clock, events: made, note, flush };
}
const address = (index: number): string => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;

describe('security events', () => {
  it('are counted per listener, prefix, kind and minute', () => {
    const { clock, note, flush } = events();
    note('192.0.2.1');
    note('192.0.2.1');
    note('192.0.2.1', 'malformed');
    note('192.0.2.1', 'rate', 'other');
    note('2001:db8:1:2::1');
    clock.now += MINUTE - 1;
    note('2001:db8:1:2:ffff::2');
    clock.now += 1;
    note('192.0.2.1');
    const record = { type: 'refusal', listener: 'main', kind: 'rate', minute: NOON };
    expect(flush(null)).toEqual([
      { ...record, prefix: '192.0.2.1', count: 2 },
      { ...record, prefix: '192.0.2.1', kind: 'malformed', count: 1 },
      { ...record, prefix: '2001:db8:1:2::', count: 2 },
      { ...record, prefix: '192.0.2.1', listener: 'other', count: 1 },
      { ...record, prefix: '192.0.2.1', minute: NOON + MINUTE, count: 1 },
    ]);
  });

  it('a minute is given away once it is over, and only once', () => {
    const { clock, note, flush } = events();
    note('192.0.2.1');
    clock.now += MINUTE;
    note('192.0.2.2');
    expect(flush(NOON + MINUTE - 1)).toEqual([]);
    expect(flush(NOON + MINUTE)).toMatchObject([{ prefix: '192.0.2.1', minute: NOON }]);
    expect(flush(NOON + MINUTE)).toEqual([]);
    expect(flush(null)).toMatchObject([{ prefix: '192.0.2.2', minute: NOON + MINUTE }]);
    expect(flush(null)).toEqual([]);
  });

  it('beyond 4096 pairs a minute and listener the rest is counted together, and known ones go on by themselves', () => {
    const { clock, note, flush } = events();
    for (let index = 0; index < 10_000; index += 1) note(address(index));
    for (let index = 0; index < 10; index += 1) note(address(9999), 'malformed');
    note(address(0));
    note(address(0), 'tls');
    note(address(9000), 'rate', 'other');
    clock.now += MINUTE;
    note(address(9000));
    const all = flush(null);
    const of = (listener: string, minute: number) =>
      all.filter((record) => record.listener === listener && record.minute === minute);
    const main = of('main', NOON);
    expect(main.filter(({ prefix }) => prefix !== '*')).toHaveLength(4096);
    expect(main.filter(({ prefix }) => prefix === '*').map(({ kind, count }) => [kind, count])).toEqual([
      ['rate', 10_000 - 4096],
      ['malformed', 10],
      ['tls', 1],
    ]);
    expect(main.find(({ prefix }) => prefix === address(0))).toMatchObject({ kind: 'rate', count: 2 });
    expect(main.reduce((sum, { count }) => sum + count, 0)).toBe(10_012);
    expect(of('other', NOON)).toMatchObject([{ prefix: address(9000), count: 1 }]);
    expect(of('main', NOON + MINUTE)).toMatchObject([{ prefix: address(9000), count: 1 }]);
  });

  it('no more than ten minutes wait for a flush; what goes is counted', () => {
    const { clock, note, flush, events: made } = events();
    note('192.0.2.1');
    note('192.0.2.2');
    for (let index = 0; index < 10; index += 1) {
      expect(made.dropped).toBe(0);
      clock.now += MINUTE;
      note('192.0.2.1');
    }
    expect(made.dropped).toBe(2);
    expect(flush(null).map(({ minute }) => minute)).toEqual(
      Array.from({ length: 10 }, (_, index) => NOON + (index + 1) * MINUTE),
    );
  });

  it('totals go on over flushes', () => {
    const { note, flush, events: made } = events();
    note('192.0.2.1');
    flush(null);
    note('192.0.2.2');
    note('192.0.2.2', 'tls');
    expect([...made.totals()]).toEqual([
      ['rate', 2],
      ['tls', 1],
    ]);
  });
});
