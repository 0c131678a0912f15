import { describe, expect, it } from 'vitest';
import { canonicalAddress, type IpAddress } from '../../src/model/address.ts';
import { NOON } from '../records/items.ts';
import { message, openWorld, told } from './recorded-world.ts';

describe('two exporters of one source', () => {
  const [ONE, OTHER] = ['192.0.2.10', '192.0.2.11'].map((text) => canonicalAddress(text)) as [
    IpAddress,
    IpAddress,
  ];

  it('have each a clock of their own, and the status tells of the worse', async () => {
    const { source, rows, to } = openWorld();
    const says = (from: IpAddress, offset: number): Promise<boolean> => {
      const now = source.exporter(from);
      const sentMs = (source.heard ?? NOON) - offset;
      return now.take(message([told({ timeMs: sentMs })], { sentMs }));
    };
    for (let ms = 0; ms <= 10_000; ms += 1000) {
      to(ms);
      await says(ONE, 0);
      await says(OTHER, 30_000);
    }
    expect(
      rows('message')
        .map(({ offsetMs }) => offsetMs)
        .slice(-2),
    ).toEqual([0, 29_500]);
    for (const { clockErrorMs } of rows('message').slice(-2))
      expect(clockErrorMs ?? Infinity).toBeLessThanOrEqual(1000);
    expect(source.worstClock()).toBe(source.exporter(ONE).offset);
    // One that comes no more says nothing of the clocks there are.
    to(3_700_000);
    await says(OTHER, 30_000);
    expect(source.worstClock()).toBe(source.exporter(OTHER).offset);
    // Nothing came without an address.
    expect(source.offset.current().errorMs).toBeNull();
  });

  it('a loss of one lies since it was heard itself', async () => {
    const { source, to } = openWorld();
    await source.exporter(ONE).take(message([]));
    to(4000);
    await source.exporter(OTHER).take(message([]));
    to(5000);
    source.exporter(ONE).lost(2);
    expect(source.heard).toBe(NOON + 4000);
    expect(source.takeGaps()).toMatchObject([{ from: NOON, to: NOON + 5000, count: 2 }]);
  });

  it('are remembered up to 1024', () => {
    const { source } = openWorld();
    const first = source.exporter(ONE);
    expect(source.exporter(ONE)).toBe(first);
    for (let index = 0; index < 1024; index += 1)
      source.exporter(canonicalAddress(`198.18.${index >> 8}.${index & 255}`) as IpAddress);
    expect(source.exporter(ONE)).not.toBe(first);
  });

  it('one whose clock was set back by an hour leaves a gap over what it told by the old one', async () => {
    const { source, to } = openWorld();
    const exporter = source.exporter(ONE);
    const say = (ms: number, offset: number): Promise<boolean> =>
      exporter.take(message([], { sentMs: to(ms) - offset }));
    await say(0, 0);
    for (let ms = 1000; ms <= 10_000; ms += 1000) await say(ms, 3_600_000);
    expect(source.takeGaps()).toEqual([]);
    await say(11_000, 3_600_000);
    expect(source.takeGaps()).toMatchObject([{ reason: 'dropped', to: NOON + 11_000 }]);
  });
});
