import type { Subject } from '../model/accounts.ts';
import type { Endpoint } from '../model/address.ts';
import type { Gap, Verdict, Window } from '../model/records.ts';
import { overlaps, type Interval, type Millis } from '../model/time.ts';

export type Grade = 'exact' | 'ambiguous' | 'none' | 'outside-retention' | 'gap';
export type SubjectGrade = 'exact' | 'ambiguous' | 'none';

/** Stable reason codes; docs/trace.md explains each. */
export type Reason =
  | 'before-retention'
  | 'several-endpoints'
  | 'several-subjects'
  | 'unnamed-contact'
  | 'no-port'
  | 'port-not-recorded'
  | 'shared-egress'
  | 'unverified-address'
  | 'aggregated-records'
  | 'gap-in-between'
  | 'too-many-to-list'
  | 'recorder-not-running'
  | 'recorder-crashed'
  | 'damaged-partition'
  | 'time-in-the-future'
  | 'records-lost'
  | 'source-silent'
  | 'request-not-kept';

/** One thing that may be the answer: it overlaps its own window (the question's, widened by its clock's error). */
export interface Candidate {
  readonly endpoint: Endpoint;
  readonly interval: Interval;
  readonly window: Window;
  readonly verdict: Verdict;
  /** The subjects bound within the window; empty where nobody is named. */
  readonly subjects: readonly Subject[];
}

export interface Facts {
  /** time +- tolerance, without any clock's error: within that error of a gap's edge counts as covered (R5). */
  readonly asked: Window;
  readonly candidates: readonly Candidate[];
  /** All that matched, also beyond what is listed. */
  readonly total: number;
  /** What the source cannot vouch for, from the earliest candidate's start to the end of the asked window. */
  readonly gaps: readonly Gap[];
  readonly retainedFrom: Millis | null;
  /** The question is about an address without a port. */
  readonly portMissing: boolean;
  /** The operator has declared that the address serves one subscriber only, so that it needs no port. */
  readonly unshared: boolean;
  readonly sharedEgress: boolean;
}

export interface Verdicts {
  readonly grade: Grade;
  readonly subjectGrade: SubjectGrade;
  readonly reasons: readonly Reason[];
}

const GAP_REASON = {
  'not-running': 'recorder-not-running',
  crash: 'recorder-crashed',
  'damaged-partition': 'damaged-partition',
  'not-yet': 'time-in-the-future',
  lost: 'records-lost',
  dropped: 'records-lost',
  silent: 'source-silent',
} as const satisfies Record<Gap['reason'], Reason>;

/**
 * Grades an answer: the endpoint and the person apart. The whole table of R5, as one pure function; its golden cases
 * are test/trace/golden.ts. Wrong-person answers are the harm that has been measured, so every doubt lowers the grade.
 */
export function grade(facts: Facts): Verdicts {
  const { candidates, asked } = facts;
  if (facts.retainedFrom !== null && asked.to < facts.retainedFrom)
    return verdicts('outside-retention', 'none', ['before-retention']);
  if (facts.total === 0 || candidates.length === 0) return nothingFound(facts);
  const doubts = endpointDoubts(facts);
  const named = subjectDoubts(facts);
  return verdicts(doubts.length === 0 ? 'exact' : 'ambiguous', named.grade, [...doubts, ...named.reasons]);
}

function verdicts(grade: Grade, subjectGrade: SubjectGrade, reasons: readonly Reason[]): Verdicts {
  return { grade, subjectGrade, reasons: [...new Set(reasons)] };
}

function nothingFound(facts: Facts): Verdicts {
  if (facts.retainedFrom !== null && facts.asked.from < facts.retainedFrom)
    return verdicts('outside-retention', 'none', ['before-retention']);
  const within = facts.gaps.filter((gap) => overlaps(gap, facts.asked.from, facts.asked.to));
  if (within.length === 0) return verdicts('none', 'none', []);
  return verdicts(
    'gap',
    'none',
    within.map((gap) => GAP_REASON[gap.reason]),
  );
}

function endpointDoubts(facts: Facts): Reason[] {
  const { candidates } = facts;
  const doubts: Reason[] = [];
  const endpoints = new Set(
    candidates.map((item) => `${item.endpoint.address} ${item.endpoint.port ?? '?'}`),
  );
  if (endpoints.size > 1) doubts.push('several-endpoints');
  if (facts.total > candidates.length) doubts.push('too-many-to-list');
  if (facts.portMissing && !facts.unshared) doubts.push('no-port');
  if (!facts.unshared && candidates.some((item) => item.endpoint.port === null))
    doubts.push('port-not-recorded');
  if (facts.sharedEgress) doubts.push('shared-egress');
  if (candidates.some((item) => item.verdict === 'unverified')) doubts.push('unverified-address');
  if (candidates.some((item) => item.verdict === 'aggregated')) doubts.push('aggregated-records');
  if (!candidates.some((item) => unbroken(item, facts.gaps))) doubts.push('gap-in-between');
  return doubts;
}

/** Nothing can have been missed between its start and the window, or its end is known and lies after the window. */
function unbroken(candidate: Candidate, gaps: readonly Gap[]): boolean {
  const { interval, window } = candidate;
  if (interval.to !== null && interval.to > window.to) return true;
  return !gaps.some((gap) => gap.reason !== 'not-yet' && gap.to > interval.from && gap.from < window.from);
}

function subjectDoubts(facts: Facts): { grade: SubjectGrade; reasons: Reason[] } {
  const subjects = new Set(facts.candidates.flatMap((item) => item.subjects));
  if (subjects.size === 0) return { grade: 'none', reasons: [] };
  const reasons: Reason[] = [];
  if (subjects.size > 1) reasons.push('several-subjects');
  if (facts.candidates.some((item) => item.subjects.length === 0)) reasons.push('unnamed-contact');
  // A person is never surer than the endpoint that they were found by.
  const doubtful = reasons.length > 0 || endpointDoubts(facts).length > 0;
  return { grade: doubtful ? 'ambiguous' : 'exact', reasons };
}
