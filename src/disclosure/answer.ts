import type { Identity, Subject } from '../model/accounts.ts';
import type { Json } from '../model/journal.ts';
import { firstSubject, subjectsOf } from '../trace/candidates.ts';
import { answerHandles, presentGranted } from '../trace/present.ts';
import type { Trace } from '../trace/tracer.ts';
import type { Ambiguous } from './state.ts';

/**
 * Why a candidate shows an identity, or none.
 * - `disclosed`: here it is
 * - `withheld`: the answer is ambiguous, beyond what was approved
 * - `named-in-question`: the question named the account; nothing needed to be opened
 * - `nobody`: the endpoint is known, but nobody is bound to it
 * - `not-in-vault`: the vault has no identity for it (any more)
 */
export type IdentityState = 'disclosed' | 'withheld' | 'named-in-question' | 'nobody' | 'not-in-vault';

/**
 * The subjects of an answer whose identities the approval covers: the one of an exact answer; of an ambiguous answer
 * all or none, and only when all of them are listed and not more than was approved. The rest stays closed (R7).
 */
export function subjectsInScope(trace: Trace, ambiguous: Ambiguous): ReadonlySet<Subject> {
  const none: ReadonlySet<Subject> = new Set();
  if (trace.question.kind === 'account' || trace.subjectGrade === 'none') return none;
  const subjects = new Set(trace.candidates.flatMap(subjectsOf));
  if (trace.subjectGrade === 'exact') return isOneOfEach(trace) ? subjects : none;
  if (ambiguous === 'withhold' || subjects.size > ambiguous.upTo) return none;
  // Beyond the list there may be others: whoever is shown would stand for all of them.
  return trace.count > trace.candidates.length ? none : subjects;
}

/** An exact answer names one account, one subscriber and one line at most; a fault that made it more opens nothing. */
function isOneOfEach({ candidates }: Trace): boolean {
  const kinds = [
    candidates.map(({ binding }) => binding?.subject ?? null),
    candidates.map(({ lease }) => lease?.subject ?? null),
    candidates.map(({ lease }) => lease?.line ?? null),
  ];
  return kinds.every((list) => new Set(list.filter((subject) => subject !== null)).size <= 1);
}

/** What is told of one answer in the journal: never who. */
export interface AnswerFacts {
  readonly grade: string;
  readonly subjectGrade: string;
  readonly candidates: number;
  readonly identities: number;
}

/** An answer as it is handed over, and what the journal says of it. */
export function presentAnswer(
  trace: Trace,
  inScope: ReadonlySet<Subject>,
  identities: ReadonlyMap<Subject, Identity>,
  handle: (subject: Subject) => string = answerHandles(),
): { readonly answer: { readonly [key: string]: Json }; readonly facts: AnswerFacts } {
  const disclosed = new Set<Subject>();
  const identityOf = (subject: Subject | null): { readonly [key: string]: Json } => {
    const state = stateOf(trace, subject, inScope, identities);
    const identity = state === 'disclosed' && subject !== null ? identities.get(subject) : undefined;
    if (identity === undefined || subject === null) return { identity: null, identityState: state };
    disclosed.add(subject);
    return { identity: { site: identity.site, account: identity.account }, identityState: state };
  };
  const answer = presentGranted(trace, handle, (candidate) => ({
    ...identityOf(firstSubject(candidate)),
    // The account's, the subscriber's and the line's, under the handles that the hops show.
    identities: Object.fromEntries(
      subjectsOf(candidate).map((subject) => [handle(subject), identityOf(subject)]),
    ),
  }));
  const { grade, subjectGrade } = trace;
  return { answer, facts: { grade, subjectGrade, candidates: trace.count, identities: disclosed.size } };
}

function stateOf(
  trace: Trace,
  subject: Subject | null,
  inScope: ReadonlySet<Subject>,
  identities: ReadonlyMap<Subject, Identity>,
): IdentityState {
  if (subject === null) return 'nobody';
  if (trace.question.kind === 'account') return 'named-in-question';
  if (!inScope.has(subject)) return 'withheld';
  return identities.has(subject) ? 'disclosed' : 'not-in-vault';
}
