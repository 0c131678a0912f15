import { GATEWAY_SOURCE, type Gap, type Window } from '../model/records.ts';
import { MAX_CLOCK_ERROR_MS } from '../model/time.ts';
import { traceAccount } from './account-trace.ts';
import { gradedOf, tracedOf, type Found, type NearContact, type TracedCandidate } from './candidates.ts';
import { endpointTrace } from './endpoint-trace.ts';
import { span, type Findings, type TracerOptions } from './findings.ts';
import { grade, type Reason, type Verdicts } from './grade.ts';
import type { Question, RequestQuestion } from './question.ts';
import { requestTrace } from './request-trace.ts';

export type { TracedCandidate } from './candidates.ts';
export type { TracerOptions } from './findings.ts';

/** An answer inside: it still holds subjects. `present.ts` makes what may be shown of it. */
export interface Trace extends Verdicts {
  readonly question: Question;
  /** The asked time, without any clock's error. */
  readonly asked: Window;
  readonly candidates: readonly TracedCandidate[];
  /** All that matched, also beyond the list. */
  readonly count: number;
}

/** At most this many candidates are listed in an answer; the count tells of the rest. */
export const MAX_CANDIDATES = 100;

export interface Tracer {
  trace(question: Question): Promise<Trace>;
}

export function createTracer(options: TracerOptions): Tracer {
  if (options.assumedClockErrorMs > MAX_CLOCK_ERROR_MS)
    throw new RangeError('the assumed clock error is too large');
  return {
    async trace(question) {
      switch (question.kind) {
        case 'request': {
          const findings = await requestTrace(options, question);
          return findings === null ? notKept(question) : conclude(options, question, findings);
        }
        case 'account':
          return conclude(options, question, await traceAccount(options, question));
        case 'outside':
        case 'inside':
        case 'egress':
          return conclude(options, question, await endpointTrace(options, question));
      }
    },
  };
}

const notKept = (question: RequestQuestion): Trace => ({
  question,
  asked: span(0, 0),
  grade: 'none',
  subjectGrade: 'none',
  reasons: ['request-not-kept' satisfies Reason],
  candidates: [],
  count: 0,
});

async function conclude(options: TracerOptions, question: Question, findings: Findings): Promise<Trace> {
  const { asked, found, cut, shared, portMissing, unshared } = findings;
  const verdicts = grade({
    asked,
    candidates: found.map((item) => gradedOf(options, asked, item)),
    total: found.length + cut,
    gaps: await gapsOf(options, asked, found),
    leaseGaps: await leaseGapsOf(options, asked, found),
    retainedFrom: await options.records.retainedFrom(),
    portMissing,
    unshared,
    sharedEgress: shared,
  });
  const candidates = found.flatMap((item) => tracedOf(options, item));
  return {
    question,
    asked,
    ...verdicts,
    candidates: candidates.slice(0, MAX_CANDIDATES),
    count: candidates.length + cut,
  };
}

/**
 * What the sources cannot vouch for. Of what was found only its own sources count; of nothing all that ever recorded
 * here do, as each of them may have missed it.
 */
async function gapsOf(options: TracerOptions, asked: Window, found: readonly Found[]): Promise<Gap[]> {
  const since = new Map<string, number>();
  const note = (source: string, from: number): void => {
    since.set(source, Math.min(since.get(source) ?? asked.from, from));
  };
  for (const { near, translations, lease } of found) {
    if (near !== null) note(GATEWAY_SOURCE, near.interval.from);
    for (const item of translations) note(item.source, item.from);
    if (lease !== null) note(lease.source, lease.from);
  }
  if (found.length === 0) {
    const all = await options.records.sources();
    for (const source of all.length === 0 ? [GATEWAY_SOURCE] : all) note(source, asked.from);
  }
  return gapsSince(options, asked, since);
}

/** Where nobody is named, an access server that was not heard may be why. */
async function leaseGapsOf(options: TracerOptions, asked: Window, found: readonly Found[]): Promise<Gap[]> {
  if (found.length === 0 || found.some(({ near, lease }) => lease !== null || isNamed(near))) return [];
  const sources = await options.records.leaseSources();
  const gaps = await gapsSince(options, asked, new Map(sources.map((source) => [source, asked.from])));
  return gaps.filter(({ reason }) => reason !== 'not-yet');
}

const isNamed = (near: NearContact | null): boolean => near !== null && near.bindings.length > 0;

/** @param since  from when each source has to vouch, ms */
async function gapsSince(
  options: TracerOptions,
  asked: Window,
  since: ReadonlyMap<string, number>,
): Promise<Gap[]> {
  const gaps = await Promise.all(
    [...since].map(async ([source, from]) => {
      // Where an imported file begins and ends is known only as well as its clock: within that error of the edge counts
      // as covered (R5).
      const error = source === GATEWAY_SOURCE ? 0 : options.assumedClockErrorMs;
      const gaps = await options.records.gaps(source, span(from - error, asked.to + error));
      // A gap that was over before the asked time is no edge: it counts whole.
      return gaps.flatMap((gap) => (gap.to < asked.from - error ? [gap] : withoutEdges(gap, error)));
    }),
  );
  return gaps.flat();
}

function withoutEdges(gap: Gap, error: number): Gap[] {
  if (gap.reason !== 'not-running') return [gap];
  const { from, to } = span(gap.from + error, gap.to - error);
  return from <= to ? [{ ...gap, from, to }] : [];
}
