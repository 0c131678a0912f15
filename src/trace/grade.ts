import type { Subject } from '../model/accounts.ts';
import type { Endpoint } from '../model/address.ts';
import type { Gap, Verdict, Window } from '../model/records.ts';
import { overlaps, type Interval } from '../model/time.ts';

export type Grade = 'exact' | 'ambiguous' | 'none' | 'outside-retention' | 'gap';
export type SubjectGrade = 'exact' | 'ambiguous' | 'none';

/** Stable reason codes; docs/trace.md explains each. */
export type Reason =
  | 'before-retention'
  | 'several-endpoints'
  | 'several-subjects'
  | 'unnamed-contact'
  | 'no-lease'
  | 'no-port'
  | 'port-not-recorded'
  | 'shared-egress'
  | 'unverified-address'
  | 'aggregated-records'
  | 'gap-in-between'
  | 'lease-gap'
  | 'too-many-to-list'
  | 'recorder-not-running'
  | 'recorder-crashed'
  | 'damaged-partition'
  | 'time-in-the-future'
  | 'records-lost'
  | 'source-silent'
  | 'request-not-kept';

/** A stored interval on the way from the outside to the inside, with the question's window widened by its clock's error. */
export interface Link {
  readonly source: string;
  readonly interval: Interval;
  readonly window: Window;
}

/** One thing that may be the answer: each of its links overlaps its own window. */
export interface Candidate {
  /** The innermost that is known. */
  readonly endpoint: Endpoint;
  /** Of its address space; '' where there is only one. */
  readonly realm: string;
  /** Whether the port by which it was found was recorded, and not only its address. */
  readonly portRecorded: boolean;
  /** The contact and the translations. */
  readonly links: readonly Link[];
  /** Of the contact; null when the gateway saw none. */
  readonly verdict: Verdict | null;
  /** The accounts bound within the window; empty where nobody is named. */
  readonly accounts: readonly Subject[];
  /** The subscriber that held the inside address, with the lease that says so; null when there is none. */
  readonly subscriber: { readonly subject: Subject; readonly link: Link } | null;
}

export interface Facts {
  /** time +- tolerance, without any clock's error: within that error of a gap's edge counts as covered (R5). */
  readonly asked: Window;
  readonly candidates: readonly Candidate[];
  /** All that matched, also beyond what is listed. */
  readonly total: number;
  /** What the sources cannot vouch for, from the earliest candidate's start to the end of the asked window. */
  readonly gaps: readonly Gap[];
  /** The same of all sources that tell of leases, within the asked window; where nobody is named. */
  readonly leaseGaps: readonly Gap[];
  readonly retainedFrom: number | null;
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
  const named = subjectDoubts(facts, doubts.length > 0);
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
  if (isSeveral(candidates)) doubts.push('several-endpoints');
  if (facts.total > candidates.length) doubts.push('too-many-to-list');
  if (facts.portMissing && !facts.unshared) doubts.push('no-port');
  if (!facts.unshared && candidates.some((item) => !item.portRecorded)) doubts.push('port-not-recorded');
  if (facts.sharedEgress) doubts.push('shared-egress');
  if (candidates.some((item) => item.verdict === 'unverified')) doubts.push('unverified-address');
  if (candidates.some((item) => item.verdict === 'aggregated')) doubts.push('aggregated-records');
  if (!candidates.some(({ links }) => links.every((link) => isUnbroken(link, facts.gaps))))
    doubts.push('gap-in-between');
  return doubts;
}

/** A block, which names no inside port, and a session out of it lead to one endpoint. */
function isSeveral(candidates: readonly Candidate[]): boolean {
  const whole = (item: Candidate): boolean => item.endpoint.port === null && item.portRecorded;
  const addressOf = ({ realm, endpoint }: Candidate): string => `${realm} ${endpoint.address}`;
  const withPort = candidates.filter((item) => !whole(item));
  const addresses = new Set(withPort.map(addressOf));
  const others = candidates.filter((item) => whole(item) && !addresses.has(addressOf(item)));
  const endpoints = new Set([
    ...withPort.map((item) => `${addressOf(item)} ${item.endpoint.port ?? '?'}`),
    ...others.map(addressOf),
  ]);
  return endpoints.size > 1;
}

/** Nothing can have been missed between its start and the window, or its end is known and lies after the window. */
function isUnbroken({ source, interval, window }: Link, gaps: readonly Gap[]): boolean {
  // It may have begun later than the window: when it did was lost.
  if (interval.from > window.to) return false;
  if (interval.to !== null && interval.to > window.to) return true;
  return !gaps.some(
    (gap) =>
      gap.source === source && gap.reason !== 'not-yet' && gap.to > interval.from && gap.from <= window.to,
  );
}

/** Accounts and subscribers are two kinds of persons: one of each may stand for one human being. */
function subjectDoubts(facts: Facts, endpointInDoubt: boolean): { grade: SubjectGrade; reasons: Reason[] } {
  const { candidates } = facts;
  const accounts = new Set(candidates.flatMap((item) => item.accounts));
  const subscribers = new Set(candidates.flatMap(({ subscriber }) => subscriber?.subject ?? []));
  if (accounts.size === 0 && subscribers.size === 0)
    return { grade: 'none', reasons: facts.leaseGaps.length > 0 ? ['lease-gap'] : [] };
  const reasons: Reason[] = [];
  if (accounts.size > 1 || subscribers.size > 1) reasons.push('several-subjects');
  if (accounts.size > 0 && candidates.some((item) => item.accounts.length === 0))
    reasons.push('unnamed-contact');
  if (subscribers.size > 0 && candidates.some((item) => item.subscriber === null)) reasons.push('no-lease');
  const leases = candidates.flatMap(({ subscriber }) => subscriber?.link ?? []);
  if (leases.length > 0 && !leases.some((link) => isUnbroken(link, facts.gaps))) reasons.push('lease-gap');
  // A person is never surer than the endpoint that they were found by.
  return { grade: reasons.length > 0 || endpointInDoubt ? 'ambiguous' : 'exact', reasons };
}
