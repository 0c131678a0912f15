import { describe, expect, it } from 'vitest';
import type { Site, Subject } from '../../src/model/accounts.ts';
import type { RecordItem, RequestId } from '../../src/model/records.ts';
import { formatTime } from '../../src/model/time.ts';
import type { TranslationRecord } from '../../src/model/translations.ts';
import { connection, endpoint, NOON, plus } from '../records/items.ts';
import { ANNA, contact, OTHER, outside, over, OWN, PUBLIC, SUBSCRIBER } from './ask.ts';
import { lease, told } from './told.ts';

describe('the chain', () => {
  it('from the public endpoint over the contact, the translation and the lease', async () => {
    const ask = await over(
      contact(1, 40_001),
      told(['100.64.0.5', 2000], [PUBLIC, 40_001], plus(NOON, -20)),
      lease('100.64.0.5', SUBSCRIBER, plus(NOON, -60_000)),
    );
    const answer = await ask(outside(40_001));
    expect(answer).toMatchObject({ grade: 'exact', subjectGrade: 'exact', reasons: [] });
    expect(answer.candidates).toMatchObject([
      {
        subject: 'anna',
        from: formatTime(NOON),
        to: null,
        clockErrorMs: 100,
        clockMeasured: true,
        hops: [
          { kind: 'contact', inside: { address: PUBLIC, port: 40_001 }, subject: 'anna' },
          {
            kind: 'translation',
            outside: { address: PUBLIC, portLow: 40_001, portHigh: 40_001 },
            inside: { address: '100.64.0.5', port: 2000 },
            source: 'nat',
          },
          { kind: 'lease', inside: { address: '100.64.0.5', port: 2000 }, subject: 'subscriber' },
        ],
      },
    ]);
    const byGatewaySide = await ask({ egress: '10.0.0.1', port: '50001' });
    expect(byGatewaySide).toMatchObject({ grade: 'exact', subjectGrade: 'exact' });
    expect(byGatewaySide.candidates[0]?.hops.map(({ kind }) => kind)).toEqual([
      'contact',
      'translation',
      'lease',
    ]);
    const reverse = await ask({ inside: '100.64.0.5', port: '2000' });
    expect(reverse).toMatchObject({ grade: 'exact', subjectGrade: 'exact' });
    expect(reverse.candidates[0]?.hops.map(({ outside }) => `${outside.address}:${outside.portLow}`)).toEqual(
      [`${PUBLIC}:40001`, `${PUBLIC}:40001`, '100.64.0.5:null'],
    );
  });

  it('a request id leads to the subscriber', async () => {
    const request = '0b8f3c1e-0000-4000-8000-000000000001' as RequestId;
    const ask = await over(
      contact(1, 40_001),
      [
        {
          type: 'request',
          request,
          connection: connection(1, NOON).id,
          site: 'forum' as Site,
          subject: ANNA as Subject,
          learned: 'header',
          at: plus(NOON, 500),
        },
      ],
      told(['100.64.0.5', 2000], [PUBLIC, 40_001], NOON),
      lease('100.64.0.5', SUBSCRIBER, plus(NOON, -60_000)),
    );
    const answer = await ask({ requestId: request });
    expect(answer).toMatchObject({ grade: 'exact', subjectGrade: 'exact' });
    expect(answer.candidates[0]?.hops.at(-1)).toMatchObject({ kind: 'lease', subject: 'subscriber' });
  });

  it('goes through NATs in a row, and through a port block', async () => {
    const ask = await over(
      told(['100.64.0.5', null], [PUBLIC, 1024, 2047], plus(NOON, -90_000)),
      lease('100.64.0.5', SUBSCRIBER, plus(NOON, -60_000)),
      told(['10.1.1.1', 9000], [PUBLIC, 40_009], NOON),
      told(['192.168.1.7', 5000], ['10.1.1.1', 9000], NOON, { source: 'cpe' }),
    );
    const block = await ask(outside(1500));
    expect(block).toMatchObject({ grade: 'exact', subjectGrade: 'exact' });
    expect(block.candidates[0]).toMatchObject({
      subject: 'subscriber',
      hops: [
        {
          kind: 'translation',
          outside: { portLow: 1024, portHigh: 2047 },
          inside: { address: '100.64.0.5', port: null },
        },
        { kind: 'lease' },
      ],
    });
    const twice = await ask(outside(40_009));
    expect(twice).toMatchObject({ grade: 'exact', subjectGrade: 'none' });
    expect(twice.candidates[0]?.hops.map(({ inside }) => inside.address)).toEqual([
      '10.1.1.1',
      '192.168.1.7',
    ]);
    const reverse = await ask({ inside: '192.168.1.7', port: '5000' });
    expect(reverse.candidates[0]?.hops.map((hop) => hop.outside.address)).toEqual([PUBLIC, '10.1.1.1']);
    expect(await ask(outside(2048))).toMatchObject({ grade: 'none', candidates: [] });
  });

  it('a subscriber with the public address itself', async () => {
    const ask = await over(contact(1, 40_001, null), lease(PUBLIC, SUBSCRIBER, plus(NOON, -60_000)));
    const answer = await ask(outside(40_001));
    expect(answer).toMatchObject({ grade: 'exact', subjectGrade: 'exact' });
    expect(answer.candidates[0]).toMatchObject({ subject: 'subscriber' });
    expect(answer.candidates[0]?.hops.map(({ kind }) => kind)).toEqual(['contact', 'lease']);
  });

  it('one outside port towards two remotes: the contact knows which, --remote asks for one', async () => {
    const linux = (remote: TranslationRecord['remote'], flow: number) => ({
      dialect: 'conntrack',
      remote,
      flow,
    });
    const items = [
      told(['10.0.0.5', 1], [PUBLIC, 40_001], NOON, linux(OWN, 1)),
      told(['10.0.0.6', 2], [PUBLIC, 40_001], NOON, linux('elsewhere', 2)),
    ];
    const ask = await over(...items);
    expect(await ask(outside(40_001))).toMatchObject({ grade: 'ambiguous', reasons: ['several-endpoints'] });
    const one = await ask({ ...outside(40_001), remote: '192.0.2.1:443' });
    expect(one).toMatchObject({ grade: 'exact' });
    expect(one.candidates.map((item) => item.hops[0]?.inside.address)).toEqual(['10.0.0.5']);
    // A service that is not declared as the operator's own tells nothing apart.
    expect(
      (await ask({ ...outside(40_001), remote: '192.0.2.99:443' })).candidates.map(
        (item) => item.hops[0]?.inside.address,
      ),
    ).toEqual(['10.0.0.6']);
    const joined = await over(contact(1, 40_001), ...items);
    expect((await joined({ ...outside(40_001), remote: '192.0.2.1:443' })).candidates).toMatchObject([
      { subject: 'anna', hops: [{ kind: 'contact' }, { inside: { address: '10.0.0.5' } }] },
    ]);
    expect((await joined({ egress: '10.0.0.1', port: '50001' })).candidates).toHaveLength(1);
  });

  it('a session within the block of its inside: both are told, neither takes the other over', async () => {
    const ask = await over(
      told(['10.0.0.5', null], [PUBLIC, 1024, 2047], plus(NOON, -90_000)),
      told(['10.0.0.5', 5000], [PUBLIC, 1500], plus(NOON, -5000)),
      lease('10.0.0.5', SUBSCRIBER, plus(NOON, -90_000)),
    );
    for (const later of [0, 3_600_000])
      expect(await ask(outside(1500), later)).toMatchObject({
        grade: 'exact',
        subjectGrade: 'exact',
        count: 2,
      });
    expect(await ask(outside(1501))).toMatchObject({ grade: 'exact', count: 1 });
  });

  it('a port given to another within the clock error is ambiguous, outside it is not', async () => {
    const ask = await over(
      told(['10.0.0.5', null], [PUBLIC, 1024, 2047], plus(NOON, -90_000)),
      told(['10.0.0.6', null], [PUBLIC, 1024, 2047], plus(NOON, 5050)),
      lease('10.0.0.5', SUBSCRIBER, plus(NOON, -90_000)),
      lease('10.0.0.6', OTHER, plus(NOON, -90_000)),
    );
    expect(await ask(outside(1500))).toMatchObject({
      grade: 'ambiguous',
      subjectGrade: 'ambiguous',
      reasons: ['several-endpoints', 'several-subjects'],
    });
    expect(await ask(outside(1500), 4900)).toMatchObject({ grade: 'exact', subjectGrade: 'exact' });
    expect((await ask(outside(1500), 6000)).candidates).toMatchObject([{ subject: 'other' }]);
  });

  it('translations without ports are never exact, and are all listed', async () => {
    const ask = await over(
      told(['10.0.0.5', null], [PUBLIC, null], NOON),
      told(['10.0.0.6', null], [PUBLIC, null], NOON),
    );
    const answer = await ask(outside(1500));
    expect(answer).toMatchObject({ grade: 'ambiguous', reasons: ['several-endpoints', 'port-not-recorded'] });
    expect(answer.candidates).toHaveLength(2);
  });

  it('UDP and TCP on one port are told apart by --proto', async () => {
    const ask = await over(
      contact(1, 40_001),
      told(['10.0.0.5', 1], [PUBLIC, 40_001], NOON),
      told(['10.0.0.6', 2], [PUBLIC, 40_001], NOON, { protocol: 17 }),
    );
    expect(await ask(outside(40_001))).toMatchObject({ grade: 'ambiguous' });
    expect((await ask({ ...outside(40_001), proto: 'tcp' })).candidates).toMatchObject([
      { hops: [{ kind: 'contact' }, { inside: { address: '10.0.0.5' } }] },
    ]);
    expect((await ask({ ...outside(40_001), proto: 'udp' })).candidates).toMatchObject([
      { hops: [{ inside: { address: '10.0.0.6' } }] },
    ]);
  });

  it('leases of another realm are another subscriber with the same address', async () => {
    const ask = await over(
      told(['10.0.0.5', 1], [PUBLIC, 40_001], NOON, { realm: 'vrf:1' }),
      lease('10.0.0.5', SUBSCRIBER, plus(NOON, -60_000), { realm: 'vrf:1' }),
      lease('10.0.0.5', OTHER, plus(NOON, -60_000), { realm: 'vrf:2' }),
    );
    const answer = await ask(outside(40_001));
    expect(answer).toMatchObject({ grade: 'exact', subjectGrade: 'exact' });
    expect(answer.candidates).toMatchObject([{ subject: 'subscriber' }]);
  });

  it('what an exporter lost lowers an answer that rests on it, and turns nothing into a gap', async () => {
    const lost: RecordItem[] = [
      {
        type: 'gap',
        source: 'nat',
        from: plus(NOON, 3000),
        to: plus(NOON, 6000),
        reason: 'lost',
        count: 4,
      },
    ];
    const ask = await over(told(['10.0.0.5', 1], [PUBLIC, 40_001], NOON), lost);
    expect(await ask(outside(40_001))).toMatchObject({ grade: 'ambiguous', reasons: ['gap-in-between'] });
    expect(await ask(outside(40_002))).toMatchObject({ grade: 'gap', reasons: ['records-lost'] });
    expect(await ask(outside(40_002), 2000)).toMatchObject({ grade: 'none' });
  });

  it('a question within the clock error of the edge of what is covered counts as covered', async () => {
    const edge: RecordItem[] = [
      { type: 'coverage', source: 'file', from: plus(NOON, -600_000), to: plus(NOON, 4500) },
    ];
    const ask = await over(edge);
    expect(await ask(outside(40_002), 5400)).toMatchObject({ grade: 'none' });
    expect(await ask(outside(40_002), 5600)).toMatchObject({ grade: 'gap' });
  });

  it('asked from the inside, a contact that may be of another with the same port is not taken for its own', async () => {
    const linux = (remote: TranslationRecord['remote'], flow: number) => ({
      dialect: 'conntrack',
      remote,
      flow,
    });
    const ask = await over(
      contact(1, 40_001),
      told(['10.0.0.5', 1], [PUBLIC, 40_001], NOON, linux('elsewhere', 1)),
      told(['10.0.0.6', 2], [PUBLIC, 40_001], NOON, linux(OWN, 2)),
    );
    const answer = await ask({ inside: '10.0.0.5', port: '1' });
    expect(answer.candidates).toMatchObject([{ subject: null, hops: [{ kind: 'translation' }] }]);
    expect((await ask({ inside: '10.0.0.6', port: '2' })).candidates).toMatchObject([{ subject: 'anna' }]);
  });

  it('a way that leads to another of our services does not belong to the contact', async () => {
    const ask = await over(
      contact(1, 40_001),
      told(['10.0.0.5', 1], [PUBLIC, 40_001], NOON, { remote: endpoint('192.0.2.2', 25) }),
      lease('10.0.0.5', SUBSCRIBER, plus(NOON, -60_000)),
    );
    expect(await ask(outside(40_001))).toMatchObject({ grade: 'ambiguous', subjectGrade: 'ambiguous' });
  });

  it('an end that was only concluded says nothing of what was lost before it', async () => {
    const ask = await over(
      told(['10.0.0.5', 1], [PUBLIC, 40_001], NOON),
      [
        {
          type: 'gap',
          source: 'nat',
          from: plus(NOON, 1000),
          to: plus(NOON, 2000),
          reason: 'lost',
          count: 1,
        },
      ],
      told(['10.0.0.6', 1], [PUBLIC, 40_001], plus(NOON, 60_000)),
    );
    expect(await ask(outside(40_001))).toMatchObject({ grade: 'ambiguous', reasons: ['gap-in-between'] });
  });

  it('the line of a carrier is the subscriber, whatever NAT of theirs lies behind it', async () => {
    const ask = await over(
      told(['100.64.0.5', 9000], [PUBLIC, 40_001], NOON),
      told(['10.0.0.6', 5], ['100.64.0.5', 9000], NOON, { source: 'cpe' }),
      lease('100.64.0.5', SUBSCRIBER, plus(NOON, -60_000)),
      lease('10.0.0.6', OTHER, plus(NOON, -60_000)),
    );
    const answer = await ask(outside(40_001));
    expect(answer).toMatchObject({ grade: 'exact', subjectGrade: 'exact' });
    expect(answer.candidates).toMatchObject([{ subject: 'subscriber' }]);
  });

  it('the same inside address in two realms is two endpoints; ICMP has no ports', async () => {
    const ask = await over(
      told(['10.0.0.5', 1], [PUBLIC, 40_001], NOON, { realm: 'vrf:1', source: 'nat' }),
      told(['10.0.0.5', 1], [PUBLIC, 40_001], NOON, { realm: 'vrf:2', source: 'cpe' }),
      told(['10.0.0.9', 1], [PUBLIC, 40_002], NOON, { protocol: 1 }),
    );
    expect(await ask(outside(40_001))).toMatchObject({ grade: 'ambiguous', reasons: ['several-endpoints'] });
    expect(await ask(outside(40_002))).toMatchObject({ grade: 'none' });
  });

  it('a way keeps its protocol through every NAT', async () => {
    const ask = await over(
      told(['100.64.0.5', 9000], [PUBLIC, 40_001], NOON, { protocol: 17 }),
      told(['192.168.1.7', 5], ['100.64.0.5', 9000], NOON, { source: 'cpe' }),
    );
    const answer = await ask(outside(40_001));
    expect(answer.candidates.map(({ hops }) => hops.at(-1)?.inside.address)).toEqual(['100.64.0.5']);
    const reverse = await ask({ inside: '192.168.1.7', port: '5' });
    expect(reverse.candidates.map(({ hops }) => hops[0]?.outside.address)).toEqual(['100.64.0.5']);
  });

  it('of two beginnings and one end the older one may have ended unheard: a doubt, while something was lost', async () => {
    const lost: RecordItem = {
      type: 'gap',
      source: 'nat',
      from: plus(NOON, 1000),
      to: plus(NOON, 2000),
      reason: 'lost',
      count: 1,
    };
    const ask = await over(
      told(['10.0.0.5', 1], [PUBLIC, 40_001], NOON),
      [lost],
      told(['10.0.0.5', 1], [PUBLIC, 40_001], plus(NOON, 3000)),
      told(['10.0.0.5', 1], [PUBLIC, 40_001], plus(NOON, 4000), { event: 'delete' }),
    );
    expect(await ask(outside(40_001), 7000)).toMatchObject({
      grade: 'ambiguous',
      reasons: ['gap-in-between'],
    });
  });

  it('a gap that is over counts, however short it was', async () => {
    const away = (from: number, to: number): RecordItem => ({
      type: 'coverage',
      source: 'away',
      from: plus(NOON, from),
      to: plus(NOON, to),
    });
    const ask = await over(
      [away(-60_000, 1000), away(2500, 60_000)],
      told(['10.0.0.5', 1], [PUBLIC, 40_001], NOON, { source: 'away' }),
    );
    expect(await ask(outside(40_001), 900)).toMatchObject({ grade: 'exact' });
    expect(await ask(outside(40_001), 20_000)).toMatchObject({
      grade: 'ambiguous',
      reasons: ['gap-in-between'],
    });
  });

  it('a subscriber over a period: addresses, and the public endpoints that they had', async () => {
    const ask = await over(
      told(['10.0.0.5', 1], [PUBLIC, 40_001], NOON),
      told(['10.0.0.5', 2], [PUBLIC, 40_002], NOON, { protocol: 17 }),
      lease('10.0.0.5', SUBSCRIBER, plus(NOON, -60_000)),
      lease('10.0.0.9', SUBSCRIBER, plus(NOON, 30_000)),
    );
    const answer = await ask({
      account: 'subscriber',
      site: 'aaa',
      from: formatTime(plus(NOON, -60_000)),
      to: formatTime(plus(NOON, 60_000)),
    });
    expect(
      answer.candidates.map(({ hops }) => hops.map(({ outside }) => `${outside.address} ${outside.portLow}`)),
    ).toEqual([
      [`${PUBLIC} 40001`, '10.0.0.5 null'],
      [`${PUBLIC} 40002`, '10.0.0.5 null'],
      ['10.0.0.9 null'],
    ]);
  });
});
