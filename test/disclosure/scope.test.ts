import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requestDigest, storedQuestion } from '../../src/disclosure/scope.ts';
import { parseQuestion } from '../../src/trace/question.ts';
import { subjectsInScope } from '../../src/disclosure/answer.ts';
import type { Subject } from '../../src/model/accounts.ts';
import type { Trace } from '../../src/trace/tracer.ts';

const time = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
const address = fc.oneof(fc.ipV4(), fc.ipV6());
const port = fc.integer({ min: 1, max: 65_535 });
const question = fc.oneof(
  fc
    .record({
      kind: fc.constantFrom('outside', 'inside', 'egress'),
      address,
      port,
      at: time,
      remote: fc.option(fc.tuple(fc.ipV4(), port)),
    })
    .map(({ kind, address, port, at, remote }) => ({
      [kind]: address,
      port,
      at,
      ...(remote === null ? {} : { remote: remote.join(':') }),
    })),
  fc.uuid().map((requestId) => ({ requestId })),
  fc
    .tuple(fc.stringMatching(/^[\x21-\x7e]{1,128}$/), time)
    .map(([account, at]) => ({ account, site: 'forum', from: at, to: at })),
);

describe('a stored question', () => {
  it('is understood as the question that was asked, and is its own normal form', () => {
    fc.assert(
      fc.property(question, (raw) => {
        const stored = storedQuestion(raw);
        expect(parseQuestion(stored)).toEqual(parseQuestion(raw));
        expect(storedQuestion(stored)).toEqual(stored);
      }),
    );
  });

  it('has its time in UTC and its address in one spelling', () => {
    expect(
      storedQuestion({
        outside: '::ffff:203.0.113.7',
        port: '80',
        at: '2026-11-22T08:00:00+08:00',
        tolerance: '2s',
      }),
    ).toEqual({
      outside: '203.0.113.7',
      port: 80,
      at: '2026-11-22T00:00:00.000Z',
      tolerance: '2000ms',
    });
  });

  it('about an account names a site', () => {
    const asked = { account: 'a', from: '2026-11-22T08:00:00Z', to: '2026-11-22T08:00:00Z' };
    expect(() => storedQuestion({ ...asked, site: 'No Site' })).toThrow('site');
  });
});

describe('the digest of a request', () => {
  const parts = {
    request: 'r-1',
    version: 1,
    case: 'c-1',
    requester: 'p-1',
    reason: 'x',
    questions: [{ outside: '203.0.113.7' }],
    ambiguous: 'withhold',
  } as const;

  it('covers all that an approver decides on', () => {
    const changes = [
      { request: 'r-2' },
      { version: 2 },
      { case: 'c-2' },
      { requester: 'p-2' },
      { reason: 'y' },
      { questions: [] },
      { ambiguous: { upTo: 1 } },
    ];
    const digests = [parts, ...changes.map((change) => ({ ...parts, ...change }))].map(requestDigest);
    expect(new Set(digests).size).toBe(changes.length + 1);
  });
});

describe('the subjects in scope', () => {
  const traceOf = (
    subjectGrade: Trace['subjectGrade'],
    subjects: readonly string[],
    count = subjects.length,
  ): Trace =>
    ({
      question: { kind: 'outside' },
      grade: 'exact',
      subjectGrade,
      reasons: [],
      count,
      candidates: subjects.map((subject) => ({ binding: { subject }, lease: null })),
    }) as unknown as Trace;
  const size = (...parts: Parameters<typeof subjectsInScope>): number => subjectsInScope(...parts).size;

  it('are the one of an exact answer', () => {
    expect([...subjectsInScope(traceOf('exact', ['a', 'a']), 'withhold')]).toEqual(['a' as Subject]);
    expect(size(traceOf('none', ['a']), { upTo: 20 })).toBe(0);
    // An exact answer cannot have two; if a fault ever made one, nobody is named.
    expect(size(traceOf('exact', ['a', 'b']), { upTo: 20 })).toBe(0);
  });

  it('are all or none of an ambiguous one', () => {
    const two = traceOf('ambiguous', ['a', 'b', 'b']);
    expect(size(two, 'withhold')).toBe(0);
    expect(size(two, { upTo: 1 })).toBe(0);
    expect(size(two, { upTo: 2 })).toBe(2);
    expect(size(traceOf('ambiguous', ['a'], 101), { upTo: 20 })).toBe(0);
  });
});
