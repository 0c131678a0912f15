import { describe, expect, it } from 'vitest';
import type { IpAddress, Port } from '../../src/model/address.ts';
import type { Site, Subject } from '../../src/model/accounts.ts';
import type { RecordItem, RequestId } from '../../src/model/records.ts';
import { formatTime, type Millis } from '../../src/model/time.ts';
import { openMemoryRecords } from '../../src/records/memory.ts';
import { parseQuestion } from '../../src/trace/question.ts';
import { createTracer } from '../../src/trace/tracer.ts';
import { binding, connection, egress, NOON, plus } from '../records/items.ts';

const ANNA = 'aaaaaaaaaaaaaaaa';
const BERT = 'bbbbbbbbbbbbbbbb';

/** A tracer over what was stored, an hour later. */
async function over(
  items: readonly RecordItem[],
  assumedClockErrorMs = 1000,
  unshared: readonly string[] = [],
) {
  let now: Millis = NOON;
  const { writer, reader } = openMemoryRecords({ items: [] }, () => now);
  await writer.append(items);
  now = plus(NOON, 3_600_000);
  const tracer = createTracer({
    records: reader,
    assumedClockErrorMs,
    isUnshared: (address) => unshared.includes(address),
  });
  return (raw: Record<string, string>) => tracer.trace(parseQuestion(raw));
}

const end = (number: number, to: Millis) => ({
  type: 'end' as const,
  connection: connection(number, to).id,
  to,
  closed: to,
  reason: 'closed' as const,
});
const asked = (ms: number) => ({ outside: '113.66.1.1', port: '40001', at: formatTime(plus(NOON, ms)) });

describe('the clock error widens the window', () => {
  const reuse = [
    connection(1, NOON),
    binding(1, ANNA, NOON),
    end(1, plus(NOON, 10_000)),
    connection(2, plus(NOON, 40_000)),
    binding(2, BERT, plus(NOON, 40_000)),
    end(2, plus(NOON, 80_000)),
  ];

  it('within it a reused endpoint is ambiguous as to the person', async () => {
    const trace = await over(reuse, 30_000);
    expect(await trace(asked(20_000))).toMatchObject({
      grade: 'exact',
      subjectGrade: 'ambiguous',
      reasons: ['several-subjects'],
      count: 2,
    });
  });

  it('outside it, it is not', async () => {
    const trace = await over(reuse, 1000);
    expect(await trace(asked(9000))).toMatchObject({ grade: 'exact', subjectGrade: 'exact', count: 1 });
    expect(await trace(asked(20_000))).toMatchObject({ grade: 'none', count: 0 });
  });

  it('a record with an error of its own is judged by that', async () => {
    const trace = await over([connection(1, NOON, { clockErrorMs: 50_000 }), end(1, plus(NOON, 1000))]);
    expect((await trace(asked(45_000))).candidates[0]).toMatchObject({
      clockErrorMs: 50_000,
      clockMeasured: true,
    });
    expect(await trace(asked(52_000))).toMatchObject({ grade: 'none' });
  });

  it('an error that the search would not reach cannot be assumed', async () => {
    await expect(over([], 61_000)).rejects.toThrow(RangeError);
  });
});

describe('questions', () => {
  const items = [
    connection(1, NOON),
    egress(1, 50_000, NOON),
    binding(1, ANNA, NOON),
    end(1, plus(NOON, 60_000)),
  ];

  it('without a port are exact only for an address that is declared unshared', async () => {
    const question = { outside: '113.66.1.1', at: formatTime(plus(NOON, 5000)) };
    expect(await (await over(items))(question)).toMatchObject({
      grade: 'ambiguous',
      reasons: ['no-port'],
      count: 1,
    });
    expect(await (await over(items, 1000, ['113.66.1.1']))(question)).toMatchObject({
      grade: 'exact',
      subjectGrade: 'exact',
    });
  });

  it('with a remote keep only contacts with that endpoint of ours; UDP finds nothing', async () => {
    const trace = await over(items);
    expect(await trace({ ...asked(5000), remote: '192.0.2.1:443' })).toMatchObject({ grade: 'exact' });
    expect(await trace({ ...asked(5000), remote: '192.0.2.9:443' })).toMatchObject({ grade: 'none' });
    expect(await trace({ ...asked(5000), proto: 'udp' })).toMatchObject({ grade: 'none' });
  });

  it('a tolerance widens the time', async () => {
    const trace = await over(items);
    expect(await trace(asked(90_000))).toMatchObject({ grade: 'none' });
    expect(await trace({ ...asked(90_000), tolerance: '30s' })).toMatchObject({ grade: 'exact' });
  });

  it('a request id that is not kept says so', async () => {
    const trace = await over(items);
    expect(await trace({ requestId: '0b8f3c1e-0000-4000-8000-000000000001' })).toMatchObject({
      grade: 'none',
      reasons: ['request-not-kept'],
    });
  });

  it('about a request answer with whom that very request named, not with who used the connection', async () => {
    const request = (id: string, subject: string | null, ms: number) => ({
      type: 'request' as const,
      request: `0b8f3c1e-0000-4000-8000-00000000000${id}` as RequestId,
      connection: connection(1, NOON).id,
      site: 'forum' as Site,
      subject: subject as Subject | null,
      learned: subject === null ? null : ('header' as const),
      at: plus(NOON, ms),
    });
    const trace = await over([
      ...items,
      request('1', ANNA, 1000),
      // On Anna's connection: one that named nobody, and one whose response named Bert.
      request('2', null, 2000),
      request('3', null, 3000),
      request('3', BERT, 3010),
      request('4', ANNA, 4000),
      request('4', BERT, 4010),
    ]);
    const ask = (id: string) => trace({ requestId: `0b8f3c1e-0000-4000-8000-00000000000${id}` });
    const subjects = async (id: string) =>
      (await ask(id)).candidates.map(({ binding }) => binding?.subject ?? null);
    expect(await ask('1')).toMatchObject({ grade: 'exact', subjectGrade: 'exact' });
    expect(await subjects('1')).toEqual([ANNA]);
    expect(await ask('2')).toMatchObject({ grade: 'exact', subjectGrade: 'none' });
    expect(await ask('3')).toMatchObject({ grade: 'exact', subjectGrade: 'exact' });
    expect(await subjects('3')).toEqual([BERT]);
    expect(await ask('4')).toMatchObject({ subjectGrade: 'ambiguous', reasons: ['several-subjects'] });
  });

  it('about a client without a port are never exact, by request either', async () => {
    const request = '0b8f3c1e-0000-4000-8000-000000000001' as RequestId;
    const client = { address: '113.66.1.1' as IpAddress, port: null };
    const trace = await over([
      connection(1, NOON, { client, verdict: 'forwarded' }),
      {
        type: 'request',
        request,
        connection: connection(1, NOON).id,
        site: 'forum' as Site,
        subject: ANNA as Subject,
        learned: 'header',
        at: NOON,
      },
    ]);
    expect(await trace({ requestId: request })).toMatchObject({
      grade: 'ambiguous',
      subjectGrade: 'ambiguous',
      reasons: ['port-not-recorded'],
    });
  });

  for (const [what, raw] of [
    ['two kinds', { outside: '1.2.3.4', inside: '1.2.3.4', at: '2026-01-01T00:00:00Z' }],
    ['none', { at: '2026-01-01T00:00:00Z' }],
    ['no time', { outside: '1.2.3.4' }],
    ['a local time', { outside: '1.2.3.4', at: '2026-01-01T00:00:00' }],
    ['a day that is not', { outside: '1.2.3.4', at: '2026-02-30T00:00:00Z' }],
    ['a leading zero', { outside: '1.2.3.04', at: '2026-01-01T00:00:00Z' }],
    ['an address with a port', { outside: '1.2.3.4:80', at: '2026-01-01T00:00:00Z' }],
    ['port 0', { outside: '1.2.3.4', port: '0', at: '2026-01-01T00:00:00Z' }],
    ['an egress without a port', { egress: '1.2.3.4', at: '2026-01-01T00:00:00Z' }],
    ['an unknown field', { outside: '1.2.3.4', at: '2026-01-01T00:00:00Z', colour: 'red' }],
    ['a tolerance of a day', { outside: '1.2.3.4', at: '2026-01-01T00:00:00Z', tolerance: '1d' }],
  ] as const) {
    it(`are refused with ${what}`, () =>
      expect(() => parseQuestion(raw)).toThrow(expect.objectContaining({ name: 'ShudiError' }) as Error));
  }

  it('are understood in any zone and spelling', () => {
    expect(
      parseQuestion({ outside: '::ffff:1.2.3.4', port: '80', at: '2026-11-22T08:00:00.5+08:00' }),
    ).toMatchObject({
      address: '1.2.3.4' as IpAddress,
      port: 80 as Port,
      at: Date.parse('2026-11-22T00:00:00.500Z'),
    });
    expect(parseQuestion({ outside: '2001:DB8:0:0::1', at: '2026-11-22T00:00:00Z' })).toMatchObject({
      address: '2001:db8::1',
    });
  });
});
