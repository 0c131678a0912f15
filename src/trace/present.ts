import { randomBytes } from 'node:crypto';
import type { Subject } from '../model/accounts.ts';
import type { Json } from '../model/journal.ts';
import type { StoredBinding } from '../model/records.ts';
import { DAY_MS, formatTime, type Interval, type Millis } from '../model/time.ts';
import type { Lease } from '../model/translations.ts';
import { firstSubject } from './candidates.ts';
import { hopsOf, timeOrNull } from './hops.ts';
import { questionJson } from './question.ts';
import type { Trace, TracedCandidate } from './tracer.ts';

/** Gives each subject of one answer a handle that is good for this answer only (R6). */
export function answerHandles(): (subject: Subject) => string {
  const handles = new Map<Subject, string>();
  return (subject) => {
    const known = handles.get(subject);
    if (known !== undefined) return known;
    const handle = `h-${randomBytes(9).toString('base64url')}`;
    handles.set(subject, handle);
    return handle;
  };
}

interface View {
  readonly handle: (subject: Subject) => string;
  /** What else to say of a candidate. */
  readonly extra: (candidate: TracedCandidate) => { readonly [key: string]: Json };
  readonly granted: boolean;
}

/** What a trace shows without a grant: the chain down to handles, and nothing that ties two answers together (R6). */
export const presentTrace = (
  trace: Trace,
  handle: (subject: Subject) => string = answerHandles(),
): { readonly [key: string]: Json } => present(trace, { handle, extra: () => ({}), granted: false });

/**
 * What a trace shows under a grant.
 * @param extra  what to say besides of a candidate: the identity
 */
export const presentGranted = (
  trace: Trace,
  handle: (subject: Subject) => string,
  extra: (candidate: TracedCandidate) => { readonly [key: string]: Json },
): { readonly [key: string]: Json } => present(trace, { handle, extra, granted: true });

const present = (trace: Trace, view: View): { readonly [key: string]: Json } => ({
  question: questionJson(trace.question),
  grade: trace.grade,
  subjectGrade: trace.subjectGrade,
  reasons: trace.reasons,
  count: trace.count,
  candidates: trace.candidates.map((candidate) => candidateJson(trace, candidate, view)),
});

function candidateJson(
  trace: Trace,
  candidate: TracedCandidate,
  { handle, extra, granted }: View,
): { [key: string]: Json } {
  const { binding } = candidate;
  const subject = firstSubject(candidate);
  const lease = granted ? candidate.lease : withinAsked(trace, candidate);
  const span = commonInterval(candidate, granted ? candidate.lease : null) ?? lease;
  return {
    subject: subject === null ? null : handle(subject),
    ...extra(candidate),
    from: span === null ? null : formatTime(span.from),
    to: span === null ? null : timeOrNull(span.to),
    clockErrorMs: candidate.clockErrorMs,
    clockMeasured: candidate.clockMeasured,
    binding:
      binding === null
        ? null
        : {
            site: binding.site,
            learned: binding.learned,
            sessionAge: sessionAge(binding),
          },
    hops: hopsOf(trace.question, { ...candidate, lease }, handle),
  };
}

/**
 * A lease lasts for weeks: when it began, and the digests of what told it, would be a name for its subscriber in every
 * answer until it ends. Of it is said no more than that it was held at the asked time.
 */
function withinAsked({ asked }: Trace, { lease, clockErrorMs }: TracedCandidate): Lease | null {
  if (lease === null) return null;
  const from = Math.max(lease.from, asked.from - clockErrorMs) as Millis;
  const to = Math.min(lease.to ?? Infinity, asked.to + clockErrorMs) as Millis;
  return { ...lease, from, to, surelyFrom: from, digests: [] };
}

/**
 * While all of the hops held, and the account was bound; null when there is none. Clocks differ: where nothing is common
 * by their word, the contact's or the outermost translation's counts.
 */
function commonInterval(
  { contact, binding, translations }: TracedCandidate,
  lease: Lease | null,
): Interval | null {
  const all: Interval[] = [binding ?? contact, ...translations, lease].filter((item) => item !== null);
  const [first] = all;
  if (first === undefined) return null;
  const from = all.reduce((latest, item) => Math.max(latest, item.from), -Infinity) as Millis;
  const to = all.reduce((first, item) => Math.min(first, item.to ?? Infinity), Infinity) as Millis;
  return from > to ? first : { from, to: to === Infinity ? null : to };
}

/**
 * How old the session was when the account was bound: a class, as the exact time would be a name that outlives the
 * answer.
 */
function sessionAge({
  sessionSince,
  from,
}: StoredBinding): 'unknown' | 'new' | 'under-1h' | 'under-1d' | 'older' {
  if (sessionSince === null) return 'unknown';
  const age = from - sessionSince;
  if (age < 5000) return 'new';
  if (age < 3_600_000) return 'under-1h';
  return age < DAY_MS ? 'under-1d' : 'older';
}
