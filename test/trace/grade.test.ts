import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grade, type Candidate } from '../../src/trace/grade.ts';
import type { IpAddress, Port } from '../../src/model/address.ts';
import type { Subject } from '../../src/model/accounts.ts';
import type { Millis } from '../../src/model/time.ts';
import { GOLDEN } from './golden.ts';

describe('grade: the golden cases of R5', () => {
  for (const { name, facts, verdicts } of GOLDEN) it(name, () => expect(grade(facts)).toEqual(verdicts));
});

const millis = fc.integer({ min: 0, max: 1000 }).map((value) => value as Millis);
const link = fc.record({
  source: fc.constantFrom('gateway', 'nat'),
  interval: fc.record({ from: millis, to: fc.option(millis) }),
  window: fc.constant({ from: 400 as Millis, to: 600 as Millis }),
});
const candidates: fc.Arbitrary<Candidate> = fc.record({
  endpoint: fc.record({
    address: fc.constantFrom('192.0.2.1', '192.0.2.2').map((text) => text as IpAddress),
    port: fc.constantFrom(1, 2, null).map((port) => port as Port | null),
  }),
  realm: fc.constant(''),
  portRecorded: fc.boolean(),
  links: fc.array(link, { minLength: 1, maxLength: 3 }),
  verdict: fc.constantFrom('direct', 'forwarded', 'unverified', 'aggregated', null),
  accounts: fc.array(
    fc.constantFrom('a', 'b').map((text) => text as Subject),
    { maxLength: 2 },
  ),
  subscriber: fc.option(
    fc.record({ subject: fc.constantFrom('c', 'd').map((text) => text as Subject), link }),
  ),
});

describe('grade: what must never be', () => {
  it('calls exact only what has one endpoint, a port, a verified address and nothing cut off', () => {
    fc.assert(
      fc.property(
        fc.array(candidates, { maxLength: 4 }),
        fc.boolean(),
        fc.boolean(),
        fc.nat(3),
        (list, portMissing, sharedEgress, cut) => {
          const verdict = grade({
            asked: { from: 500 as Millis, to: 500 as Millis },
            candidates: list,
            total: list.length === 0 ? 0 : list.length + cut,
            gaps: [],
            leaseGaps: [],
            retainedFrom: null,
            portMissing,
            unshared: false,
            sharedEgress,
          });
          if (verdict.grade === 'exact') {
            expect(new Set(list.map(({ endpoint }) => endpoint.address)).size).toBe(1);
            // A block's candidate names no inside port.
            const ports = new Set(list.flatMap(({ endpoint: { port } }) => port ?? []));
            expect(ports.size).toBeLessThanOrEqual(1);
            expect(
              list.every(
                ({ verdict: address, portRecorded }) =>
                  portRecorded && (address === null || address === 'direct' || address === 'forwarded'),
              ),
            ).toBe(true);
            expect([portMissing, sharedEgress, cut]).toEqual([false, false, 0]);
          }
          if (verdict.subjectGrade === 'exact') {
            expect(verdict.grade).toBe('exact');
            const accounts = new Set(list.flatMap((item) => item.accounts));
            const subscribers = new Set(list.flatMap(({ subscriber }) => subscriber?.subject ?? []));
            expect([accounts.size, subscribers.size]).not.toEqual([0, 0]);
            expect(Math.max(accounts.size, subscribers.size)).toBe(1);
            expect(accounts.size === 0 || list.every((item) => item.accounts.length > 0)).toBe(true);
            expect(subscribers.size === 0 || list.every(({ subscriber }) => subscriber !== null)).toBe(true);
          }
          if (verdict.grade === 'ambiguous') expect(verdict.reasons.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
