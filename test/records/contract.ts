import { describe, expect, it } from 'vitest';
import type { IpAddress, Port } from '../../src/model/address.ts';
import type { Site, Subject } from '../../src/model/accounts.ts';
import { GATEWAY_SOURCE, type RequestId } from '../../src/model/records.ts';
import type { Millis } from '../../src/model/time.ts';
import { manyClientsContract } from './contract-many.ts';
import { leasesContract } from './contract-leases.ts';
import { toldContract } from './contract-told.ts';
import { writersContract } from './contract-writers.ts';
import { openAt, type Engine } from './engine.ts';
import { around, at, binding, connection, egress, end, endpoint, id, NOON, plus } from './items.ts';

const LIMIT = 100;
const FORUM = 'forum' as Site;
const ANNA = 'aaaaaaaaaaaaaaaa';
const BERT = 'bbbbbbbbbbbbbbbb';

/** The MUST sentences of model/records.ts, as tests that every engine passes. */
export function recordsContract(name: string, make: () => Engine): void {
  describe(`records contract: ${name}`, () => {
    const opened = (start?: Millis) => openAt(make, start);

    it('finds a contact by client endpoint within its interval and not outside', async () => {
      const { writer, reader } = await opened();
      await writer.append([connection(1, NOON), egress(1, 50_000, NOON)]);
      await writer.append([end(1, plus(NOON, 5000), plus(NOON, 6000))]);
      const ask = (port: number | null, time: Millis) =>
        reader.byClient('113.66.1.1' as IpAddress, port as Port | null, around(time), LIMIT);
      expect((await ask(40_001, plus(NOON, 2000))).contacts.map((item) => item.id)).toEqual([1]);
      expect((await ask(40_001, NOON)).total).toBe(1);
      expect((await ask(40_001, plus(NOON, 5000))).total).toBe(1);
      expect((await ask(40_001, plus(NOON, 5001))).total).toBe(0);
      expect((await ask(40_001, plus(NOON, -1))).total).toBe(0);
      expect((await ask(40_002, plus(NOON, 2000))).total).toBe(0);
      expect((await ask(null, plus(NOON, 2000))).total).toBe(1);
      await writer.close();
    });

    it('an open connection has no end and overlaps every window after its start', async () => {
      const { writer, reader } = await opened();
      await writer.append([connection(1, NOON)]);
      const found = await reader.byClient(
        '113.66.1.1' as IpAddress,
        40_001 as Port,
        around(plus(NOON, 3_600_000)),
        LIMIT,
      );
      expect(found.contacts[0]).toMatchObject({ id: 1, to: null, endReason: null });
      await writer.close();
    });

    it('keeps an unknown port unknown, and lets it match every port', async () => {
      const { writer, reader } = await opened();
      await writer.append([
        connection(1, NOON, { client: endpoint('113.66.1.1', null), verdict: 'forwarded' }),
      ]);
      const any = await reader.byClient('113.66.1.1' as IpAddress, null, around(NOON), LIMIT);
      expect(any.contacts[0]?.client.port).toBeNull();
      expect(
        (await reader.byClient('113.66.1.1' as IpAddress, 1 as Port, around(NOON), LIMIT)).contacts[0]?.client
          .port,
      ).toBeNull();
      await writer.close();
    });

    it('finds a gateway-side endpoint until its sockets were shut, not only until the last byte of the client', async () => {
      const { writer, reader } = await opened();
      await writer.append([
        connection(1, NOON),
        egress(1, 50_000, NOON),
        end(1, plus(NOON, 1000), plus(NOON, 4000)),
      ]);
      await writer.append([
        connection(2, plus(NOON, 9000), { client: endpoint('198.51.100.7', 1) }),
        egress(2, 50_000, plus(NOON, 9000)),
      ]);
      const ask = async (ms: number) =>
        (
          await reader.byEgress('10.0.0.1' as IpAddress, 50_000 as Port, around(plus(NOON, ms)), LIMIT)
        ).contacts.map((item) => item.id);
      expect(await ask(500)).toEqual([1]);
      expect(await ask(3999)).toEqual([1]);
      expect(await ask(5000)).toEqual([]);
      expect(await ask(9500)).toEqual([2]);
      await writer.close();
    });

    it('a gateway-side endpoint that was replaced ends before its connection does', async () => {
      const { writer, reader } = await opened();
      await writer.append([connection(1, NOON), egress(1, 50_000, NOON)]);
      await writer.append([
        {
          type: 'egress-end',
          connection: id(1),
          local: endpoint('10.0.0.1', 50_000),
          from: NOON,
          to: plus(NOON, 1000),
        },
        egress(1, 50_001, plus(NOON, 2000)),
        connection(2, plus(NOON, 3000), { client: endpoint('198.51.100.7', 1) }),
        egress(2, 50_000, plus(NOON, 3000)),
      ]);
      const ask = async (port: number, ms: number) =>
        (
          await reader.byEgress('10.0.0.1' as IpAddress, port as Port, around(plus(NOON, ms)), LIMIT)
        ).contacts.map((item) => item.id);
      expect(await ask(50_000, 4000)).toEqual([2]);
      expect(await ask(50_000, 500)).toEqual([1]);
      expect(await ask(50_001, 4000)).toEqual([1]);
      await writer.close();
    });

    it('finds contacts, sessions and publications by subject and period', async () => {
      const { writer, reader } = await opened();
      const request = '0b8f3c1e-0000-4000-8000-000000000001' as RequestId;
      const shared = { site: 'forum' as Site, subject: ANNA as Subject, connection: id(1), request };
      await writer.append([
        connection(1, NOON),
        binding(1, ANNA, plus(NOON, 10)),
        { type: 'session', ...shared, event: 'login', at: plus(NOON, 10), learned: 'header' },
        { type: 'publication', ...shared, at: plus(NOON, 20) },
        connection(2, NOON, { client: endpoint('198.51.100.7', 5) }),
        binding(2, BERT, NOON),
      ]);
      const found = await reader.bySubject(ANNA as Subject, around(plus(NOON, 50)), LIMIT);
      expect(found.contacts.map((item) => item.id)).toEqual([1]);
      expect(found.contacts[0]?.bindings).toEqual([
        {
          site: 'forum',
          subject: ANNA,
          learned: 'header',
          sessionSince: plus(NOON, 10),
          from: plus(NOON, 10),
          to: null,
        },
      ]);
      expect((await reader.bySubject(ANNA as Subject, around(NOON), LIMIT)).total).toBe(0);
      expect(await reader.sessionsOf(ANNA as Subject, around(NOON, 100), LIMIT)).toMatchObject([
        { event: 'login', at: plus(NOON, 10), request },
      ]);
      expect(await reader.publicationsOf(ANNA as Subject, around(NOON, 100), LIMIT)).toMatchObject([
        { at: plus(NOON, 20), connection: 1 },
      ]);
      expect(await reader.publicationsOf(BERT as Subject, around(NOON, 100), LIMIT)).toEqual([]);
      await writer.close();
    });

    it('two accounts on one connection: both are told, in their order, the first one with its end', async () => {
      const { writer, reader } = await opened();
      await writer.append([connection(1, NOON), binding(1, ANNA, NOON)]);
      await writer.append([
        { type: 'unbinding', connection: id(1), subject: ANNA as Subject, at: plus(NOON, 50) },
        binding(1, BERT, plus(NOON, 60)),
      ]);
      const [contact] = (await reader.byClient('113.66.1.1' as IpAddress, null, around(NOON), LIMIT))
        .contacts;
      expect(contact?.bindings.map((item) => [item.subject, item.from, item.to])).toEqual([
        [ANNA, NOON, plus(NOON, 50)],
        [BERT, plus(NOON, 60), null],
      ]);
      await writer.close();
    });

    it('finds an unsafe request by its id', async () => {
      const { writer, reader } = await opened();
      const request = '0b8f3c1e-0000-4000-8000-000000000001' as RequestId;
      await writer.append([
        connection(1, NOON),
        {
          type: 'request',
          request,
          connection: id(1),
          site: FORUM,
          subject: null,
          learned: null,
          at: plus(NOON, 5),
        },
      ]);
      expect(await reader.byRequest(request)).toMatchObject({
        at: plus(NOON, 5),
        site: 'forum',
        contact: { id: 1 },
        named: [],
      });
      expect(await reader.byRequest('0b8f3c1e-0000-4000-8000-00000000000f' as RequestId)).toBeNull();
      await writer.close();
    });

    it('of several rows of a request tells the contact stored last, and everybody that they name, once', async () => {
      const { writer, reader } = await opened();
      const request = '0b8f3c1e-0000-4000-8000-000000000001' as RequestId;
      const told = (number: number, subject: string | null) =>
        ({
          type: 'request',
          request,
          connection: id(number),
          site: FORUM,
          subject: subject as Subject | null,
          learned: subject === null ? null : 'header',
          at: plus(NOON, number),
        }) as const;
      await writer.append([connection(1, NOON), binding(1, BERT, NOON), told(1, null)]);
      expect(await reader.byRequest(request)).toMatchObject({ contact: { id: 1 }, named: [] });
      await writer.append([connection(2, NOON), told(2, ANNA), told(2, ANNA)]);
      expect(await reader.byRequest(request)).toMatchObject({
        at: plus(NOON, 1),
        contact: { id: 2 },
        named: [{ subject: ANNA, learned: 'header' }],
      });
      await writer.close();
    });

    it('bounds a list and tells the whole count', async () => {
      const { writer, reader } = await opened();
      await writer.append(
        Array.from({ length: 30 }, (_, index) =>
          connection(index + 1, plus(NOON, index), { client: endpoint('113.66.1.1', 1000 + index) }),
        ),
      );
      const found = await reader.byClient('113.66.1.1' as IpAddress, null, around(plus(NOON, 100)), 10);
      expect(found.total).toBe(30);
      expect(found.contacts.map((item) => item.id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      await writer.close();
    });

    it('a run that stopped leaves no gap inside, and a gap until the next start', async () => {
      const { engine, writer, reader, clock, to } = await opened();
      to(plus(NOON, 60_000));
      await writer.close();
      await reader.close();
      to(plus(NOON, 90_000));
      const again = await engine.open(clock);
      to(plus(NOON, 120_000));
      const gaps = (from: number, until: number) =>
        again.reader.gaps(GATEWAY_SOURCE, { from: plus(NOON, from), to: plus(NOON, until) });
      expect(await gaps(0, 60_000)).toEqual([]);
      expect(await gaps(30_000, 100_000)).toEqual([
        { source: 'gateway', from: plus(NOON, 60_000), to: plus(NOON, 90_000), reason: 'not-running' },
      ]);
      expect(await gaps(95_000, 120_000)).toEqual([]);
      expect(await gaps(-5000, 10)).toMatchObject([
        { from: plus(NOON, -5000), to: NOON, reason: 'not-running' },
      ]);
      expect(await gaps(110_000, 130_000)).toMatchObject([
        { from: plus(NOON, 120_000), to: plus(NOON, 130_000), reason: 'not-yet' },
      ]);
      await again.writer.close();
    });

    it('after a crash open connections end at their last checkpoint, and the time until the start is a gap', async () => {
      const { engine, writer, reader, clock, to } = await opened();
      await writer.append([
        connection(1, NOON),
        egress(1, 50_000, NOON),
        connection(2, plus(NOON, 10), { client: endpoint('198.51.100.7', 9) }),
      ]);
      await writer.append([
        connection(3, NOON, { client: endpoint('198.51.100.8', 9) }),
        end(3, plus(NOON, 20)),
      ]);
      to(plus(NOON, 30_000));
      await writer.append([
        { type: 'checkpoint', connection: id(1), to: plus(NOON, 25_000) },
        { type: 'coverage', source: GATEWAY_SOURCE, from: NOON, to: plus(NOON, 30_000) },
      ]);
      await engine.crash();
      await reader.close();
      to(plus(NOON, 100_000));
      const again = await engine.open(clock);
      const one = async (address: string) =>
        (await again.reader.byClient(address as IpAddress, null, { from: NOON, to: plus(NOON, 1000) }, LIMIT))
          .contacts[0];
      expect(await one('113.66.1.1')).toMatchObject({ to: plus(NOON, 25_000), endReason: 'crash' });
      expect(await one('198.51.100.7')).toMatchObject({ to: plus(NOON, 10), endReason: 'crash' });
      expect(await one('198.51.100.8')).toMatchObject({ to: plus(NOON, 20), endReason: 'closed' });
      expect(
        await again.reader.gaps(GATEWAY_SOURCE, { from: plus(NOON, 10_000), to: plus(NOON, 50_000) }),
      ).toEqual([{ source: 'gateway', from: plus(NOON, 30_000), to: plus(NOON, 50_000), reason: 'crash' }]);
      expect(again.writer.nextConnection(0 as Millis)).toBeGreaterThan(3);
      await again.writer.close();
    });

    it('a connection that lives over midnight is found on each day, once, with all its bindings', async () => {
      const { writer, reader, to } = await opened(at('2026-11-20T23:59:00.000Z'));
      const evening = at('2026-11-20T23:59:00.000Z');
      await writer.append([connection(1, evening), egress(1, 50_000, evening), binding(1, ANNA, evening)]);
      to(at('2026-11-22T08:00:00.000Z'));
      await writer.append([binding(1, BERT, at('2026-11-22T08:00:00.000Z'))]);
      to(at('2026-11-22T09:00:00.000Z'));
      const last = at('2026-11-22T08:30:00.000Z');
      await writer.append([end(1, last, at('2026-11-22T09:00:00.000Z'))]);
      for (const time of [
        '2026-11-20T23:59:30.000Z',
        '2026-11-21T12:00:00.000Z',
        '2026-11-22T08:20:00.000Z',
      ]) {
        const found = await reader.byClient(
          '113.66.1.1' as IpAddress,
          40_001 as Port,
          around(at(time), 1000),
          LIMIT,
        );
        expect(found.total, time).toBe(1);
        expect(found.contacts[0]).toMatchObject({
          id: 1,
          from: evening,
          to: last,
          bindings: [{ subject: ANNA }, { subject: BERT }],
        });
        expect(found.contacts[0]?.egress).toHaveLength(1);
        expect(
          (await reader.byEgress('10.0.0.1' as IpAddress, 50_000 as Port, around(at(time)), LIMIT)).total,
          time,
        ).toBe(1);
        expect((await reader.bySubject(ANNA as Subject, around(at(time)), LIMIT)).total, time).toBe(1);
      }
      expect(
        (
          await reader.byClient(
            '113.66.1.1' as IpAddress,
            40_001 as Port,
            around(at('2026-11-22T08:45:00.000Z')),
            LIMIT,
          )
        ).total,
      ).toBe(0);
      await writer.close();
    });

    it('refuses to append after it was closed', async () => {
      const { writer } = await opened();
      await writer.close();
      await expect(writer.append([connection(9, NOON)])).rejects.toMatchObject({
        code: 'records.unavailable',
      });
    });

    it('stores refusals beside the rest', async () => {
      const { writer, reader } = await opened();
      await writer.append([
        { type: 'refusal', listener: 'public', prefix: '*', kind: 'rate', minute: NOON, count: 7 },
        connection(1, NOON),
      ]);
      expect((await reader.byClient('113.66.1.1' as IpAddress, null, around(NOON), LIMIT)).total).toBe(1);
      await writer.close();
    });

    it('concurrent appends all become durable', async () => {
      const { engine, writer, reader, clock } = await opened();
      await Promise.all(
        Array.from({ length: 200 }, (_, index) =>
          writer.append([
            connection(index + 1, plus(NOON, index), { client: endpoint('203.0.113.5', index + 1) }),
          ]),
        ),
      );
      await engine.crash();
      await reader.close();
      const again = await engine.open(clock);
      const found = await again.reader.byClient(
        '203.0.113.5' as IpAddress,
        null,
        { from: NOON, to: plus(NOON, 1000) },
        1000,
      );
      expect(found.total).toBe(200);
      await again.writer.close();
    });
  });

  manyClientsContract(name, make);
  writersContract(name, make);
  toldContract(name, make);
  leasesContract(name, make);
}
