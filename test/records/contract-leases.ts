import { describe, expect, it } from 'vitest';
import type { IpAddress } from '../../src/model/address.ts';
import type { RecordItem } from '../../src/model/records.ts';
import type { Engine } from './engine.ts';
import { filledWith } from './filled.ts';
import { NOON, plus } from './items.ts';
import { ANNA, BERT, covered, DAY, INSIDE, lease, OTHER, restart, told } from './told.ts';

/** What the contract says of leases and imports. */
export function leasesContract(name: string, make: () => Engine): void {
  describe(`records contract, leases and imports: ${name}`, () => {
    const filled = (...items: (RecordItem | RecordItem[])[]) => filledWith(make, ...items);

    it('finds a lease from its start to its stop, by address and by prefix', async () => {
      const six = '2001:db8:12:3400::' as IpAddress;
      const { leases, reader } = await filled(
        lease('start', NOON),
        lease('start', NOON, { address: six, bits: 56, place: 1 }),
        lease('interim', plus(NOON, 1000)),
        lease('stop', plus(NOON, 5000)),
        lease('start', plus(NOON, 6000), { session: 's2', subject: BERT }),
      );
      expect(await leases(INSIDE, plus(NOON, 2000))).toMatchObject([
        { subject: ANNA, server: 'bras', from: NOON, to: plus(NOON, 5000), ended: 'told' },
      ]);
      expect(await leases(INSIDE, plus(NOON, 5500))).toEqual([]);
      expect(await leases(INSIDE, plus(NOON, 7000))).toMatchObject([{ subject: BERT, to: null }]);
      expect(await leases('2001:db8:12:34ff::1', plus(NOON, 2000))).toMatchObject([
        { subject: ANNA, bits: 56 },
      ]);
      expect(await leases('2001:db8:12:3500::1', plus(NOON, 2000))).toEqual([]);
      const of = await reader.leasesOf(ANNA, { from: NOON, to: plus(NOON, 9000) }, 100);
      expect(of.leases.map((item) => item.address).sort()).toEqual([INSIDE, six].sort());
    });

    it('a lease without its stop ends with the next session, or when its server begins anew', async () => {
      const { leases } = await filled(
        lease('start', NOON),
        lease('start', plus(NOON, 5000), { session: 's2', subject: BERT }),
        lease('start', NOON, { address: OTHER, session: 's3' }),
        restart(plus(NOON, 3000), 'bras', 'aaa'),
        restart(plus(NOON, 1000), 'another', 'aaa'),
        lease('start', plus(NOON, 5000), { address: '10.0.0.8' as IpAddress, session: 's4' }),
        lease('stop', plus(NOON, 6000), { address: null, bits: 0, session: 's4' }),
      );
      expect(await leases(INSIDE, plus(NOON, 2000))).toMatchObject([{ subject: ANNA, to: plus(NOON, 3000) }]);
      expect(await leases(INSIDE, plus(NOON, 6000))).toMatchObject([{ subject: BERT }]);
      expect(await leases(OTHER, plus(NOON, 2000))).toMatchObject([{ ended: 'restart' }]);
      expect(await leases('10.0.0.8', plus(NOON, 5500))).toMatchObject([
        { to: plus(NOON, 6000), ended: 'told' },
      ]);
    });

    it('a stop that is said again in other words ends nothing that nobody saw begin', async () => {
      for (const first of [null, INSIDE]) {
        const { leases } = await filled(
          lease('start', NOON),
          lease('stop', plus(NOON, 5000), { address: first }),
          lease('stop', plus(NOON, 6000)),
          lease('stop', plus(NOON, 600_000)),
        );
        expect(await leases(INSIDE, plus(NOON, 4000))).toMatchObject([{ to: plus(NOON, 5000) }]);
        expect(await leases(INSIDE, plus(NOON, 5500))).toEqual([]);
        // So much later the number is that of another session.
        expect(await leases(INSIDE, plus(NOON, 600_000))).toMatchObject([{ began: 'before' }]);
      }
      const { leases } = await filled(
        lease('stop', NOON, { address: null }),
        lease('stop', plus(NOON, 6000)),
      );
      expect(await leases(INSIDE, plus(NOON, 6000))).toMatchObject([{ began: 'before' }]);
    });

    it('a restart of one access server ends no translations of others', async () => {
      const { outside } = await filled(told('create', NOON), restart(plus(NOON, 1000), 'bras-2'));
      expect(await outside(4000, plus(NOON, 2000))).toHaveLength(1);
    });

    it('a session number that is used again is another session; a stop ends what began in its second', async () => {
      const { leases } = await filled(
        lease('start', NOON),
        lease('start', plus(NOON, 5000), { subject: BERT }),
        lease('stop', plus(NOON, 9000), { address: OTHER, session: 's9' }),
        lease('start', plus(NOON, 9000), { address: OTHER, session: 's9' }),
      );
      expect(await leases(INSIDE, plus(NOON, 2000))).toMatchObject([{ subject: ANNA, ended: 'reallocated' }]);
      expect(await leases(INSIDE, plus(NOON, 6000))).toMatchObject([{ subject: BERT }]);
      expect(await leases(OTHER, plus(NOON, 20_000))).toEqual([]);
    });

    it('what ends a lease counts also long after the question, and where its server begins anew after that', async () => {
      const { leases } = await filled(
        lease('start', plus(NOON, -13 * DAY)),
        lease('start', plus(NOON, -3 * DAY), { session: 's2', subject: BERT }),
        restart(plus(NOON, -3 * DAY + 5000), 'bras', 'aaa'),
      );
      expect(await leases(INSIDE, plus(NOON, -13 * DAY + 1000))).toMatchObject([
        { subject: ANNA, to: plus(NOON, -3 * DAY), ended: 'reallocated' },
      ]);
    });

    it('two access servers may give the same address to two subscribers', async () => {
      const { leases } = await filled(
        lease('start', NOON),
        lease('start', plus(NOON, 1000), { server: 'bras-2', session: 's2', subject: BERT }),
      );
      expect(await leases(INSIDE, plus(NOON, 2000))).toHaveLength(2);
    });

    it('knows which sources tell of leases', async () => {
      const { reader } = await filled(
        covered('nat', NOON, plus(NOON, 1000)),
        told('create', NOON),
        lease('start', plus(NOON, -2 * DAY)),
        lease('start', NOON),
        lease('start', NOON, { source: 'bras' }),
      );
      expect([...(await reader.leaseSources())].sort()).toEqual(['aaa', 'bras']);
    });

    it('knows how far a file was imported', async () => {
      const { reader, writer } = await filled();
      const part = { type: 'import', source: 'nat', file: 'f'.repeat(64), options: 'a1', at: NOON } as const;
      expect(await reader.imported('nat', part.file)).toBeNull();
      await writer.append([{ ...part, messages: 500, done: false }]);
      await writer.append([{ ...part, messages: 800, done: true }]);
      expect(await reader.imported('nat', part.file)).toEqual({
        options: 'a1',
        messages: 800,
        done: true,
      });
      expect(await reader.imported('other', part.file)).toBeNull();
    });
  });
}
