import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holds, PATIENCE } from '../../support/fuzzing.ts';
import { exchange } from './exchange.ts';
import { cutAt, cuts, mutatedStreams, streams } from './request-streams.ts';
import { openStrictRig } from './strict-rig.ts';

/** One in eight: it takes longer. */
const slowDisks = fc.nat(7).map((number) => number === 0);

describe('random streams of requests, in random packets', () => {
  it('well-formed ones: everybody counts the same messages', PATIENCE, async () => {
    const strict = await openStrictRig();
    let runs = 0;
    await holds(
      fc.asyncProperty(streams, cuts, slowDisks, async (stream, places, slow) => {
        const { judgement, answers, forwarded } = await exchange(strict, cutAt(stream, places), slow);
        expect(judgement.end).toBe('nothing');
        expect(answers.responses.map(({ status }) => status)).toEqual(judgement.requests.map(() => 200));
        expect(forwarded).toBe(judgement.requests.length);
        runs += 1;
      }),
      3,
    );
    expect(runs).toBeGreaterThan(50);
  });

  it('mutated ones: nothing is counted twice, lost, joined or cut elsewhere', PATIENCE, async () => {
    const strict = await openStrictRig();
    const seen = { malformed: 0, incomplete: 0, forwarded: 0, refused: 0 };
    await holds(
      fc.asyncProperty(mutatedStreams, cuts, slowDisks, async (stream, places, slow) => {
        const { judgement, answers, forwarded } = await exchange(strict, cutAt(stream, places), slow);
        if (judgement.end.startsWith('malformed')) seen.malformed += 1;
        if (judgement.end === 'incomplete') seen.incomplete += 1;
        seen.forwarded += forwarded;
        seen.refused += answers.responses.length - forwarded;
      }),
      5,
    );
    // Otherwise the property would hold of nothing.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(5);
  });
});
