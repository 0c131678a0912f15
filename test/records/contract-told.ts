import { describe, expect, it } from 'vitest';
import type { IpAddress } from '../../src/model/address.ts';
import type { RecordItem } from '../../src/model/records.ts';
import type { Engine } from './engine.ts';
import { filledWith } from './filled.ts';
import { around, at, endpoint, NOON, plus } from './items.ts';
import { covered, DAY, INSIDE, OTHER, PUBLIC, restart, told } from './told.ts';

/** What the contract says of translations and leases. */
export function toldContract(name: string, make: () => Engine): void {
  describe(`records contract, what sources tell: ${name}`, () => {
    const filled = (...items: (RecordItem | RecordItem[])[]) => filledWith(make, ...items);

    it('finds a translation by its outside and its inside endpoint between its create and its delete', async () => {
      const { outside, inside } = await filled(
        told('create', NOON),
        told('delete', plus(NOON, 5000)),
        told('create', NOON, { outside: [4001], inside: [OTHER, 1000] }),
      );
      expect(await outside(4000, plus(NOON, 2000))).toMatchObject([
        {
          source: 'nat',
          dialect: 'ipfix:rfc8158',
          inside: { address: INSIDE, port: 1000 },
          outside: { address: PUBLIC, low: 4000, high: 4000 },
          from: NOON,
          to: plus(NOON, 5000),
          began: 'told',
          ended: 'told',
          clockErrorMs: 40,
        },
      ]);
      expect((await outside(4000, plus(NOON, 2000)))[0]?.digests).toHaveLength(2);
      expect(await outside(4000, plus(NOON, 5001))).toEqual([]);
      expect(await outside(4000, plus(NOON, -1))).toEqual([]);
      expect(await outside(4002, plus(NOON, 2000))).toEqual([]);
      expect(await outside(null, plus(NOON, 2000))).toHaveLength(2);
      expect((await inside(INSIDE, 1000, plus(NOON, 2000)))[0]).toMatchObject({ outside: { low: 4000 } });
      expect(await inside(INSIDE, 1001, plus(NOON, 2000))).toEqual([]);
      expect(await inside(OTHER, null, plus(NOON, 2000))).toMatchObject([{ to: null, ended: null }]);
    });

    it('a block answers for each of its ports, in steps, an address alone for all', async () => {
      const { outside } = await filled(
        told('create', NOON, { outside: [1024, 2047], inside: [INSIDE, null] }),
        told('create', NOON, { outside: [3000, 3008, 4], inside: [OTHER, null] }),
        told('create', NOON, { outside: [null], inside: ['10.0.0.7', null], source: 'address-only' }),
      );
      const who = async (port: number) =>
        (await outside(port, NOON)).map((item) => item.inside.address).sort();
      expect(await who(1024)).toEqual([INSIDE, '10.0.0.7']);
      expect(await who(2047)).toEqual([INSIDE, '10.0.0.7']);
      expect(await who(2048)).toEqual(['10.0.0.7']);
      expect(await who(3004)).toEqual([OTHER, '10.0.0.7']);
      expect(await who(3005)).toEqual(['10.0.0.7']);
    });

    it('an end that was never told is where the ports go to another inside', async () => {
      const { outside, inside } = await filled(
        told('create', NOON, { outside: [1024, 2047], inside: [INSIDE, null] }),
        told('create', plus(NOON, 10_000), { outside: [1536, 1599], inside: [OTHER, null] }),
      );
      expect(await outside(1030, plus(NOON, 5000))).toMatchObject([
        { inside: { address: INSIDE }, to: plus(NOON, 10_000), ended: 'reallocated' },
      ]);
      expect(await outside(1536, plus(NOON, 5000))).toMatchObject([
        { inside: { address: INSIDE }, to: plus(NOON, 10_000), ended: 'reallocated' },
      ]);
      expect(await outside(1536, plus(NOON, 15_000))).toMatchObject([
        { inside: { address: OTHER }, to: null },
      ]);
      expect(await inside(INSIDE, null, plus(NOON, 5000))).toMatchObject([
        { to: plus(NOON, 10_000), ended: 'reallocated' },
      ]);
    });

    it('an end that is told late counts, though the ports were given to another before', async () => {
      const { outside } = await filled(
        told('create', NOON),
        told('create', plus(NOON, 10_000), { inside: [OTHER, 9] }),
        told('delete', plus(NOON, 20_000)),
      );
      expect(await outside(4000, plus(NOON, 15_000))).toHaveLength(2);
      expect(await outside(4000, plus(NOON, 20_001))).toMatchObject([{ inside: { address: OTHER } }]);
    });

    it('so does one that names the inside alone, but none of eight days later', async () => {
      for (const [late, count] of [
        [DAY, 2],
        [8 * DAY + 10_001, 1],
      ] as const) {
        const { outside } = await filled(
          told('create', plus(NOON, -9 * DAY)),
          told('create', plus(NOON, -9 * DAY + 10_000), { inside: [OTHER, 9] }),
          told('delete', plus(NOON, -9 * DAY + late), { outside: null }),
        );
        expect(await outside(4000, plus(NOON, -9 * DAY + 20_000))).toHaveLength(count);
      }
    });

    it('Linux uses one outside port for several remotes: only its own end ends it', async () => {
      const linux = { dialect: 'conntrack' };
      const { outside } = await filled(
        told('create', NOON, { ...linux, flow: 1 }),
        told('create', plus(NOON, 1000), { ...linux, flow: 2, inside: [OTHER, 9] }),
        told('delete', plus(NOON, 5000), { ...linux, flow: 2, inside: [OTHER, 9] }),
      );
      expect(await outside(4000, plus(NOON, 2000))).toHaveLength(2);
      expect(await outside(4000, plus(NOON, 6000))).toMatchObject([
        { inside: { address: INSIDE }, to: null },
      ]);
    });

    it('sessions of one mapping keep it up until the last has ended', async () => {
      const { outside } = await filled(
        told('create', NOON),
        told('create', plus(NOON, 1000)),
        told('delete', plus(NOON, 2000)),
        told('delete', plus(NOON, 9000)),
      );
      expect(await outside(4000, plus(NOON, 5000))).toHaveLength(1);
      expect(await outside(4000, plus(NOON, 9001))).toEqual([]);
    });

    it('a message that came twice counts once', async () => {
      const { outside } = await filled(
        told('create', NOON, { digest: 'same' }),
        told('create', NOON, { digest: 'same' }),
        told('delete', plus(NOON, 2000)),
      );
      expect(await outside(4000, plus(NOON, 2001))).toEqual([]);
    });

    it('an interim is no new allocation, and a beginning where none is known', async () => {
      const { outside } = await filled(
        covered('nat', plus(NOON, -60_000), plus(NOON, 60_000)),
        told('create', NOON),
        told('interim', plus(NOON, 1000)),
        told('delete', plus(NOON, 2000)),
        told('interim', plus(NOON, 1000), { outside: [5000] }),
      );
      expect(await outside(4000, plus(NOON, 2001))).toEqual([]);
      expect(await outside(5000, plus(NOON, -30_000))).toMatchObject([
        { from: plus(NOON, -60_000), began: 'before', to: null },
      ]);
    });

    it('a sign of what had the ports before takes them from nobody, whoever is asked for', async () => {
      const other = { inside: [OTHER, 9] } as const;
      const gone = { inside: [OTHER, 10] } as const;
      const { inside } = await filled(
        told('create', NOON),
        told('create', plus(NOON, -DAY), { ...other, protocol: 17 }),
        told('interim', plus(NOON, 1000), { ...other, protocol: null }),
        told('create', plus(NOON, -2000), { outside: [6000] }),
        told('create', plus(NOON, -DAY), { ...gone, outside: [6000] }),
        told('delete', plus(NOON, -DAY / 2), { ...gone, outside: null }),
        told('interim', plus(NOON, 1000), { ...gone, outside: [6000] }),
      );
      expect(await inside(INSIDE, null, plus(NOON, 2000))).toMatchObject([
        { outside: { low: 4000 }, to: null },
      ]);
    });

    it('a delete without its create: it began at the earliest when its source began to vouch, or lost something', async () => {
      const { outside } = await filled(
        covered('nat', plus(NOON, -60_000), plus(NOON, 60_000)),
        {
          type: 'gap',
          source: 'nat',
          from: plus(NOON, -20_000),
          to: plus(NOON, -10_000),
          reason: 'lost',
          count: 3,
        },
        told('delete', plus(NOON, 2000)),
        told('create', NOON, { outside: [5000], inside: [OTHER, 1] }),
        told('delete', plus(NOON, 500), { outside: [5000], inside: [OTHER, 1] }),
        told('delete', plus(NOON, 2000), { outside: [5000] }),
      );
      const held = { from: plus(NOON, -60_000), surelyFrom: plus(NOON, -10_000), began: 'before' };
      expect(await outside(4000, NOON)).toMatchObject([held]);
      // Its beginning may be what was lost, or have been before anybody listened: then it was there here too.
      expect(await outside(4000, plus(NOON, -30_000))).toMatchObject([held]);
      expect(await outside(4000, plus(NOON, -60_001))).toEqual([]);
      expect(await outside(5000, plus(NOON, 1000))).toMatchObject([
        { inside: { address: INSIDE }, from: plus(NOON, 500), began: 'before' },
      ]);
    });

    it('a delete that names the inside alone ends what that inside had', async () => {
      const { outside, inside } = await filled(
        told('create', NOON),
        told('create', NOON, { outside: [1024, 2047], inside: [OTHER, null] }),
        told('delete', plus(NOON, 3000), { outside: null }),
        told('delete', plus(NOON, 3000), { outside: null, inside: [OTHER, null] }),
      );
      expect(await outside(4000, plus(NOON, 1000))).toMatchObject([{ to: plus(NOON, 3000), ended: 'told' }]);
      expect(await outside(1500, plus(NOON, 1000))).toMatchObject([{ to: plus(NOON, 3000), ended: 'told' }]);
      expect(await outside(4000, plus(NOON, 3001))).toEqual([]);
      expect(await inside(INSIDE, 1000, plus(NOON, 3001))).toEqual([]);
    });

    it('so it does where another end is told later, which is then that of something else', async () => {
      const { outside } = await filled(
        told('create', NOON),
        told('create', NOON, { outside: [1024, 2047], inside: [OTHER, null] }),
        told('delete', plus(NOON, 1000), { outside: null }),
        told('delete', plus(NOON, 1000), { outside: null, inside: [OTHER, null] }),
        told('delete', plus(NOON, 2000)),
        told('delete', plus(NOON, 2000), { outside: [1024, 2047], inside: [OTHER, null] }),
      );
      for (const port of [4000, 1500])
        expect(await outside(port, plus(NOON, 1500), 60_000)).toMatchObject([
          { from: NOON, to: plus(NOON, 1000), ended: 'told' },
          { to: plus(NOON, 2000), began: 'before' },
        ]);
    });

    it('an end counts also long after the question, and where the exporter begins anew after that', async () => {
      const { outside } = await filled(
        told('create', plus(NOON, -13 * DAY)),
        told('delete', plus(NOON, -3 * DAY)),
        restart(plus(NOON, -3 * DAY + 5000)),
      );
      expect(await outside(4000, plus(NOON, -13 * DAY + 1000))).toMatchObject([
        { to: plus(NOON, -3 * DAY), ended: 'told' },
      ]);
    });

    it('an exporter that begins anew ends what it held, and nothing of later', async () => {
      const { outside } = await filled(
        told('create', NOON),
        restart(plus(NOON, 4000)),
        told('create', plus(NOON, 5000), { outside: [4001] }),
      );
      expect(await outside(4000, plus(NOON, 1000))).toMatchObject([
        { to: plus(NOON, 4000), ended: 'restart' },
      ]);
      expect(await outside(4001, plus(NOON, 6000))).toMatchObject([{ to: null }]);
    });

    it('a flow counts only while it was seen', async () => {
      const { outside } = await filled(
        told('flow', NOON),
        told('flow', plus(NOON, 900)),
        told('flow', plus(NOON, 5000)),
      );
      expect(await outside(4000, plus(NOON, 950))).toMatchObject([
        { from: NOON, to: plus(NOON, 1000), ended: 'told' },
        { from: plus(NOON, 900), to: plus(NOON, 1900) },
      ]);
      expect(await outside(4000, plus(NOON, 3000))).toEqual([]);
    });

    it('protocols and realms are kept apart, remotes are kept', async () => {
      const remote = endpoint('192.0.2.1', 443);
      const { outside } = await filled(
        told('create', NOON),
        told('create', plus(NOON, 1), { protocol: 17, inside: [OTHER, 3] }),
        told('create', plus(NOON, 1), { realm: 'vrf:7', outside: [4001], remote }),
      );
      expect(await outside(4000, plus(NOON, 1000))).toHaveLength(2);
      expect(await outside(4001, plus(NOON, 1000))).toMatchObject([{ realm: 'vrf:7', remote }]);
    });

    it('what is told of another day is found there, however long ago it began', async () => {
      const begin = at('2026-11-02T08:00:00.000Z');
      const { outside, inside, reader } = await filled(
        told('create', begin, { outside: [1024, 2047], inside: [INSIDE, null] }),
        covered('nat', begin, plus(begin, 1000)),
        told('create', plus(begin, DAY), { outside: [7000], inside: [OTHER, 5] }),
        told('delete', plus(begin, 2 * DAY), { outside: [7000], inside: [OTHER, 5] }),
      );
      expect(await outside(1500, NOON)).toMatchObject([{ from: begin, to: null }]);
      expect(await inside(INSIDE, null, plus(begin, 3 * DAY))).toMatchObject([{ from: begin }]);
      expect(await outside(7000, plus(begin, DAY + 5))).toMatchObject([
        { from: plus(begin, DAY), to: plus(begin, 2 * DAY), ended: 'told' },
      ]);
      expect(await outside(7000, plus(begin, 2 * DAY + 1))).toEqual([]);
      expect(await reader.gaps('nat', around(plus(begin, 500)))).toEqual([]);
      expect(await reader.gaps('nat', around(plus(begin, 1500)))).toHaveLength(1);
    });

    it('a source that was there a moment ago vouches up to now, one that stopped or crashed does not', async () => {
      const now = plus(NOON, 3_600_000);
      const begun = (source: string): RecordItem[] => [
        { type: 'lifecycle', source, event: 'start', at: plus(now, -50_000) },
        covered(source, plus(now, -50_000), plus(now, -20_000)),
      ];
      const { reader } = await filled(begun('here'), begun('stopped'), {
        type: 'lifecycle',
        source: 'stopped',
        event: 'stop',
        at: plus(now, -20_000),
      });
      expect(await reader.gaps('here', around(plus(now, -1)))).toEqual([]);
      expect(await reader.gaps('stopped', around(plus(now, -1)))).toHaveLength(1);
      expect(await reader.gaps('never', around(plus(now, -1)))).toHaveLength(1);
      expect([...(await reader.sources())].sort()).toEqual(['gateway', 'here', 'stopped']);
    });

    it('a source that started days ago vouches up to now', async () => {
      const run = await filled({ type: 'lifecycle', source: 'here', event: 'start', at: NOON });
      for (const day of [0, 1, 2, 3]) {
        const now = plus(NOON, day * DAY);
        run.to(now);
        await run.writer.append([covered('here', plus(now, -1000), now)]);
      }
      run.to(plus(NOON, 3 * DAY + 10_000));
      expect(await run.reader.gaps('here', around(plus(NOON, 3 * DAY + 5000)))).toEqual([]);
    });

    it('what a source lost is a gap though it recorded', async () => {
      const { reader } = await filled(covered('nat', NOON, plus(NOON, 60_000)), {
        type: 'gap',
        source: 'nat',
        from: plus(NOON, 10_000),
        to: plus(NOON, 12_000),
        reason: 'lost',
        count: 5,
      });
      expect(await reader.gaps('nat', around(plus(NOON, 11_000)))).toMatchObject([{ reason: 'lost' }]);
      expect(await reader.gaps('nat', around(plus(NOON, 13_000)))).toEqual([]);
    });

    it('a line without a stamp that comes again another day is another event', async () => {
      const line = { digest: 'no stamp' };
      const { outside } = await filled(
        told('create', NOON, line),
        told('delete', plus(NOON, 1000)),
        told('create', plus(NOON, 600_000), line),
      );
      expect(await outside(4000, plus(NOON, 300_000))).toEqual([]);
      expect(await outside(4000, plus(NOON, 700_000))).toMatchObject([{ from: plus(NOON, 600_000) }]);
    });

    it('a delete that names the inside alone ends every block of that inside', async () => {
      const inside = [INSIDE, null] as const;
      const { outside } = await filled(
        told('create', NOON, { inside, outside: [1024, 2047] }),
        told('create', NOON, { inside, outside: [2048, 3071] }),
        told('delete', plus(NOON, 1000), { inside, outside: null }),
      );
      expect(await outside(1500, plus(NOON, 2000))).toEqual([]);
      expect(await outside(2500, plus(NOON, 2000))).toEqual([]);
    });

    it('a delete of one protocol ends what was created for every one', async () => {
      const { outside } = await filled(
        told('create', NOON, { protocol: null }),
        told('delete', plus(NOON, 1000), { protocol: 6 }),
      );
      expect(await outside(4000, plus(NOON, 2000))).toEqual([]);
    });

    it('ports are taken over within their source and protocol only, and by the same inside of another realm', async () => {
      const { inside } = await filled(
        told('create', NOON),
        told('create', plus(NOON, 1000), { protocol: 17, inside: [OTHER, 1] }),
        told('create', plus(NOON, 1000), { source: 'nat-2', inside: [OTHER, 1] }),
        told('create', plus(NOON, 5000), { inside: ['10.0.0.7', 1] }),
        told('create', NOON, { inside: ['10.0.0.9', 1], outside: [5000], realm: 'vrf:1' }),
        told('create', plus(NOON, 5000), { inside: ['10.0.0.9', 1], outside: [5000], realm: 'vrf:2' }),
      );
      expect(await inside(INSIDE, 1000, plus(NOON, 2000))).toMatchObject([{ to: plus(NOON, 5000) }]);
      expect(await inside(INSIDE, 1000, plus(NOON, 6000))).toEqual([]);
      expect(await inside('10.0.0.9' as IpAddress, 1, plus(NOON, 6000))).toMatchObject([{ realm: 'vrf:2' }]);
    });

    it('an address alone, which many have at once, shortens nothing', async () => {
      const { outside } = await filled(
        covered('nat', plus(NOON, -60_000), plus(NOON, 60_000)),
        told('create', NOON, { outside: [null], inside: [OTHER, null] }),
        told('delete', plus(NOON, 500), { outside: [null], inside: [OTHER, null] }),
        told('create', plus(NOON, 600), { outside: [null], inside: [OTHER, null] }),
        told('delete', plus(NOON, 1000)),
      );
      expect(await outside(4000, plus(NOON, -30_000))).toMatchObject([{ inside: { address: INSIDE } }]);
    });

    it('an end without its beginning says nothing of what was more than eight days before', async () => {
      const { outside } = await filled(
        ...Array.from({ length: 20 }, (_, day) =>
          covered('nat', plus(NOON, -day * DAY), plus(NOON, (1 - day) * DAY)),
        ),
        told('delete', plus(NOON, 2000), { outside: [1024, 2047], inside: [INSIDE, null] }),
      );
      const found = [{ from: plus(NOON, 2000 - 8 * DAY), began: 'before' }];
      expect(await outside(1500, plus(NOON, -7 * DAY))).toMatchObject(found);
      expect(await outside(1500, plus(NOON, -9 * DAY))).toEqual([]);
    });
  });
}
