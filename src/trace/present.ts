import { randomBytes } from 'node:crypto';
import type { Subject } from '../model/accounts.ts';
import type { Json } from '../model/journal.ts';
import type { StoredBinding } from '../model/records.ts';
import { DAY_MS, formatTime, type Interval, type Millis } from '../model/time.ts';
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

/**
 * What a trace shows without a grant: the chain down to handles.
 * @param extra  what else to say of a candidate: a disclosure adds the identity
 */
export function presentTrace(
  trace: Trace,
  handle: (subject: Subject) => string = answerHandles(),
  extra: (candidate: TracedCandidate) => { readonly [key: string]: Json } = () => ({}),
): { readonly [key: string]: Json } {
  return {
    question: questionJson(trace.question),
    grade: trace.grade,
    subjectGrade: trace.subjectGrade,
    reasons: trace.reasons,
    count: trace.count,
    candidates: trace.candidates.map((candidate) => candidateJson(trace, candidate, handle, extra)),
  };
}

function candidateJson(
  trace: Trace,
  candidate: TracedCandidate,
  handle: (subject: Subject) => string,
  extra: (candidate: TracedCandidate) => { readonly [key: string]: Json },
): { [key: string]: Json } {
  const { binding } = candidate;
  const subject = firstSubject(candidate);
  const span = commonInterval(candidate);
  return {
    subject: subject === null ? null : handle(subject),
    ...extra(candidate),
    from: formatTime(span.from),
    to: timeOrNull(span.to),
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
    hops: hopsOf(trace.question, candidate, handle),
  };
}

/**
 * While all of the hops held, and the account was bound. Clocks differ: where nothing is common by their word, the
 * contact's or the outermost translation's counts.
 */
function commonInterval({ contact, binding, translations, lease }: TracedCandidate): Interval {
  const all: Interval[] = [binding ?? contact, ...translations, lease].filter((item) => item !== null);
  const from = all.reduce((latest, item) => Math.max(latest, item.from), -Infinity) as Millis;
  const to = all.reduce((first, item) => Math.min(first, item.to ?? Infinity), Infinity) as Millis;
  const [first] = all;
  if (first !== undefined && from > to) return first;
  return { from, to: to === Infinity ? null : to };
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
