import { describe, expect, it } from 'vitest';
import type { IpAddress, Port } from '../../src/model/address.ts';
import { openAt, type Engine } from './engine.ts';
import { around, connection, egress, end, endpoint, NOON, plus } from './items.ts';

const LIMIT = 100;

/** The part of the contract that is about records that stand for many clients. */
export function manyClientsContract(name: string, make: () => Engine): void {
  describe(`records contract, many clients: ${name}`, () => {
    const opened = () => openAt(make);

    it('a shared gateway-side endpoint answers with every client of its carrier, and says so', async () => {
      const { writer, reader } = await opened();
      const proxy = endpoint('10.1.1.1', 60_000);
      const claimed = (number: number, address: string) =>
        connection(number, NOON, { peer: proxy, client: endpoint(address, null), verdict: 'forwarded' });
      await writer.append([
        egress(null, 50_000, NOON, proxy),
        claimed(1, '113.66.1.1'),
        claimed(2, '113.66.1.2'),
        connection(3, NOON),
      ]);
      const found = await reader.byEgress(
        '10.0.0.1' as IpAddress,
        50_000 as Port,
        around(plus(NOON, 10)),
        LIMIT,
      );
      expect(found.shared).toBe(true);
      expect(found.contacts.map((item) => item.id)).toEqual([1, 2]);
      await writer.append([
        {
          type: 'egress-end',
          connection: null,
          local: endpoint('10.0.0.1', 50_000),
          from: NOON,
          to: plus(NOON, 100),
        },
      ]);
      const later = await reader.byEgress(
        '10.0.0.1' as IpAddress,
        50_000 as Port,
        around(plus(NOON, 200)),
        LIMIT,
      );
      expect(later).toMatchObject({ total: 0, shared: false });
      await writer.close();
    });

    it('a pooled gateway-side endpoint answers with whoever was there while it was open, and says so', async () => {
      const { writer, reader } = await opened();
      const there = (number: number, from: number, until: number) => [
        connection(number, plus(NOON, from), {
          client: endpoint('198.51.100.7', number),
          listener: `l${number}`,
        }),
        end(number, plus(NOON, until)),
      ];
      await writer.append([
        ...there(1, 0, 500),
        ...there(2, 100, 3000),
        ...there(3, 1500, 9000),
        ...there(4, 2600, 9000),
      ]);
      await writer.append([
        egress(null, 50_000, plus(NOON, 1000), null),
        {
          type: 'egress-end',
          connection: null,
          local: endpoint('10.0.0.1', 50_000),
          from: plus(NOON, 1000),
          to: plus(NOON, 2000),
        },
      ]);
      const ask = (ms: number, width = 0) =>
        reader.byEgress('10.0.0.1' as IpAddress, 50_000 as Port, around(plus(NOON, ms), width), LIMIT);
      const found = await ask(1600, 1400);
      expect(found.shared).toBe(true);
      expect(found.contacts.map((item) => item.id)).toEqual([2, 3]);
      expect((await ask(1200)).contacts.map((item) => item.id)).toEqual([2]);
      expect(await ask(2001)).toMatchObject({ shared: false, total: 0 });
      await writer.close();
    });

    it('finds what was aggregated: an IPv4 address itself, an IPv6 address by its /64', async () => {
      const { writer, reader } = await opened();
      const aggregated = (number: number, address: string) =>
        connection(number, NOON, { client: endpoint(address, null), verdict: 'aggregated' });
      await writer.append([
        aggregated(1, '203.0.113.9'),
        aggregated(2, '2001:db8:0:7::'),
        // Of the prefix itself, but no aggregate: it is that address only.
        connection(3, NOON, { client: endpoint('2001:db8:0:7::', null), verdict: 'forwarded' }),
        connection(4, NOON, { client: endpoint('2001:db8:0:7::5', 80) }),
      ]);
      const ask = async (address: string, port: number | null) =>
        (await reader.byClient(address as IpAddress, port as Port | null, around(NOON), LIMIT)).contacts.map(
          (item) => item.id,
        );
      expect(await ask('203.0.113.9', 4000)).toEqual([1]);
      expect(await ask('2001:db8:0:7::5', 80)).toEqual([2, 4]);
      expect(await ask('2001:db8:0:7:1:2:3:4', null)).toEqual([2]);
      expect(await ask('2001:db8:0:7::', null)).toEqual([2, 3]);
      expect(await ask('2001:db8:0:8::5', 80)).toEqual([]);
      await writer.close();
    });
  });
}
