import { describe, expect, it } from 'vitest';
import type { RecordItem } from '../../src/model/records.ts';
import { formatTime } from '../../src/model/time.ts';
import { NOON, plus } from '../records/items.ts';
import { contact, outside, over, PUBLIC, SUBSCRIBER } from './ask.ts';
import { lease, told } from './told.ts';

const lost = (from: number, to: number, source = 'nat'): RecordItem[] => [
  { type: 'gap', source, from: plus(NOON, from), to: plus(NOON, to), reason: 'lost', count: 1 },
];
const INSIDE = '100.64.0.5';

describe('what was lost, in the answers', () => {
  it('an end whose beginning may have been lost in one of two losses: in between it is a doubt, after them it is sure', async () => {
    const ask = await over(
      lost(-300_000, -290_000),
      lost(-100_000, -90_000),
      told([INSIDE, 2000], [PUBLIC, 40_001], plus(NOON, 60_000), { event: 'delete' }),
    );
    expect(await ask(outside(40_001), -200_000)).toMatchObject({
      grade: 'ambiguous',
      reasons: ['gap-in-between'],
      candidates: [{ hops: [{ began: 'before', surelyFrom: formatTime(plus(NOON, -90_000)) }] }],
    });
    expect(await ask(outside(40_001), 5000)).toMatchObject({ grade: 'exact', reasons: [] });
  });

  it('an access server that was not heard is why nobody is named', async () => {
    const way = told([INSIDE, 2000], [PUBLIC, 40_001], NOON);
    const elsewhere = lease('100.64.0.9', SUBSCRIBER, NOON, { source: 'aaa' });
    const heard = await over(way, elsewhere);
    expect(await heard(outside(40_001))).toMatchObject({ grade: 'exact', subjectGrade: 'none', reasons: [] });
    expect((await heard(outside(40_001), 3_700_000)).reasons).toEqual([]);
    const away = await over(way, elsewhere, lost(0, 9000, 'aaa'));
    expect(await away(outside(40_001))).toMatchObject({
      grade: 'exact',
      subjectGrade: 'none',
      reasons: ['lease-gap'],
    });
    // An account is known without it.
    const named = await over(contact(1, 40_001), way, elsewhere, lost(0, 9000, 'aaa'));
    expect(await named(outside(40_001))).toMatchObject({ subjectGrade: 'exact', reasons: [] });
  });
});

describe('what a lease shows without a grant', () => {
  it('that it was held at the asked time, and nothing that another answer shows too', async () => {
    const ask = await over(
      contact(1, 40_001),
      told([INSIDE, 2000], [PUBLIC, 40_001], NOON),
      lease(INSIDE, SUBSCRIBER, plus(NOON, -400_000)),
      told([INSIDE, 2001], [PUBLIC, 40_002], NOON),
    );
    const [one, other] = [await ask(outside(40_001)), await ask(outside(40_002), 90_000)];
    const [first, second] = [one, other].map(({ candidates }) => candidates[0]?.hops.at(-1));
    expect(first).toMatchObject({
      kind: 'lease',
      from: formatTime(plus(NOON, 4900)),
      to: formatTime(plus(NOON, 5100)),
      digests: [],
    });
    expect(second).toMatchObject({ kind: 'lease', digests: [] });
    expect(JSON.stringify([one, other])).not.toContain(formatTime(plus(NOON, -400_000)));
    // How long the endpoint was theirs is told as before.
    expect(one.candidates[0]).toMatchObject({ subject: 'anna', from: formatTime(NOON), to: null });
  });
});
