import { describe, expect, it } from 'vitest';
import type { IpAddress, Port } from '../../src/model/address.ts';
import { GATEWAY_SOURCE } from '../../src/model/records.ts';
import type { Millis } from '../../src/model/time.ts';
import { openAt, type Engine } from './engine.ts';
import { around, at, connection, covered, egress, end, endpoint, id, NOON, plus } from './items.ts';

const LIMIT = 100;

/** The part of the contract that is about several writers, their numbers and their going. */
export function writersContract(name: string, make: () => Engine): void {
  describe(`records contract, writers: ${name}`, () => {
    const opened = (start?: Millis) => openAt(make, start);

    it('connection numbers are above every stored one, also when the newest days hold none', async () => {
      const { engine, writer, reader, clock, to } = await opened();
      // A number of a clock that was far ahead.
      const far = writer.nextConnection(at('2030-01-01T00:00:00.000Z'));
      await writer.append([connection(far, NOON), end(far, plus(NOON, 10))]);
      await writer.close();
      await reader.close();
      to(at('2026-11-22T12:00:00.000Z'));
      const quiet = await engine.open(clock);
      await quiet.writer.close();
      await quiet.reader.close();
      to(at('2026-11-23T12:00:00.000Z'));
      const again = await engine.open(clock);
      expect(again.writer.nextConnection(clock())).toBeGreaterThan(far);
      await again.writer.close();
    });

    it('connection numbers rise with time, stay below 2^53, and no two writers have one in common', async () => {
      const { writer, another, clock } = await opened();
      const writers = [writer, await another(), await another()];
      const given = writers.map((one) =>
        [0, 0, 0, 5, 3, 1000].map((ms) => one.nextConnection(plus(clock(), ms))),
      );
      for (const numbers of given) expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      const all = given.flat();
      expect(new Set(all).size).toBe(18);
      expect(all.every((number) => Number.isSafeInteger(number))).toBe(true);
      expect(Math.min(...given.map((numbers) => numbers[5] ?? 0))).toBeGreaterThan(
        Math.max(...given.map((numbers) => numbers[4] ?? 0)),
      );
      for (const one of writers) await one.close();
    });

    it('the epoch is above 0 while open, and 0 after that', async () => {
      const { writer } = await opened();
      expect(writer.epoch).toBeGreaterThan(0);
      await writer.close();
      expect(writer.epoch).toBe(0);
    });

    it('several writers at once: what each has stored is found, and coverage goes as far as the least of them', async () => {
      const { engine, writer, reader, another, clock, to } = await opened();
      const second = await another();
      await Promise.all([
        writer.append([connection(64, NOON, { client: endpoint('113.66.1.1', 1) })]),
        second.append([connection(65, NOON, { client: endpoint('113.66.1.1', 2) })]),
      ]);
      const found = await reader.byClient('113.66.1.1' as IpAddress, null, around(NOON), LIMIT);
      expect(found.contacts.map((item) => item.id)).toEqual([64, 65]);
      to(plus(NOON, 20_000));
      await second.append([covered(NOON, plus(NOON, 20_000))]);
      to(plus(NOON, 30_000));
      await writer.append([covered(NOON, plus(NOON, 30_000))]);
      await engine.crash();
      await reader.close();
      to(plus(NOON, 60_000));
      const again = await engine.open(clock);
      expect(await again.reader.gaps(GATEWAY_SOURCE, { from: NOON, to: plus(NOON, 60_000) })).toEqual([
        { source: 'gateway', from: plus(NOON, 20_000), to: plus(NOON, 60_000), reason: 'crash' },
      ]);
      await again.writer.close();
    });

    it('a writer that goes without close: its connections end as crashed, the others go on, the time is a gap', async () => {
      const { writer, reader, another, lose, to } = await opened();
      const second = await another();
      const proxy = endpoint('10.1.1.1', 60_000);
      const mine = connection(64, NOON);
      await writer.append([mine, egress(64, 50_000, NOON)]);
      await second.append([
        connection(65, NOON, { client: endpoint('198.51.100.7', 9) }),
        connection(66, plus(NOON, 10), { client: endpoint('198.51.100.8', 9) }),
        egress(null, 50_001, NOON, proxy),
        egress(null, 50_002, NOON, null),
      ]);
      to(plus(NOON, 25_000));
      await second.append([
        { type: 'checkpoint', connection: id(65), to: plus(NOON, 20_000) },
        covered(NOON, plus(NOON, 25_000)),
      ]);
      to(plus(NOON, 28_000));
      await writer.append([covered(NOON, plus(NOON, 28_000))]);
      to(plus(NOON, 40_000));
      await lose(second);
      to(plus(NOON, 50_000));
      const one = async (address: string) =>
        (await reader.byClient(address as IpAddress, null, { from: NOON, to: plus(NOON, 1000) }, LIMIT))
          .contacts[0];
      expect(await one('113.66.1.1')).toMatchObject({ to: null, endReason: null });
      expect(await one('198.51.100.7')).toMatchObject({ to: plus(NOON, 20_000), endReason: 'crash' });
      expect(await one('198.51.100.8')).toMatchObject({ to: plus(NOON, 10), endReason: 'crash' });
      for (const port of [50_001, 50_002])
        expect(
          await reader.byEgress('10.0.0.1' as IpAddress, port as Port, around(plus(NOON, 45_000)), LIMIT),
        ).toMatchObject({ shared: false });
      await writer.append([covered(plus(NOON, 28_000), plus(NOON, 50_000))]);
      const gaps = (from: number, until: number) =>
        reader.gaps(GATEWAY_SOURCE, { from: plus(NOON, from), to: plus(NOON, until) });
      expect(await gaps(0, 50_000)).toEqual([
        { source: 'gateway', from: plus(NOON, 25_000), to: plus(NOON, 40_000), reason: 'crash' },
      ]);
      expect(await gaps(0, 25_000)).toEqual([]);
      expect(await gaps(40_000, 50_000)).toEqual([]);
      await writer.append([end(64, plus(NOON, 50_000))]);
      await writer.close();
    });
  });
}
