import { randomBytes } from 'node:crypto';
import type { Subject } from '../model/accounts.ts';
import type { Endpoint } from '../model/address.ts';
import type { Json } from '../model/journal.ts';
import type { StoredBinding, StoredEgress } from '../model/records.ts';
import { DAY_MS, formatTime, type Interval, type Millis } from '../model/time.ts';
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

const timeOrNull = (time: Millis | null): string | null => (time === null ? null : formatTime(time));
const endpointJson = (endpoint: Endpoint): { [key: string]: Json } => ({
  address: endpoint.address,
  port: endpoint.port,
});

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
  const { contact, binding } = candidate;
  const span: Interval = binding ?? contact;
  return {
    subject: binding === null ? null : handle(binding.subject),
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
    hops: [contactHop(trace, candidate)],
  };
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

/** From the outside to the inside: what was asked about, and the client endpoint behind it. */
function contactHop(trace: Trace, { contact }: TracedCandidate): { [key: string]: Json } {
  const { question } = trace;
  const outside: Endpoint =
    question.kind === 'egress' ? { address: question.address, port: question.port } : contact.client;
  return {
    kind: 'contact',
    outside: { address: outside.address, portLow: outside.port, portHigh: outside.port },
    inside: endpointJson(contact.client),
    source: 'gateway',
    from: formatTime(contact.from),
    to: timeOrNull(contact.to),
    endReason: contact.endReason,
    listener: contact.listener,
    verdict: contact.verdict,
    peer: endpointJson(contact.peer),
    claimedChain: contact.chain,
    own: endpointJson(contact.own),
    egress: contact.egress.map(egressJson),
  };
}

function egressJson(egress: StoredEgress): { [key: string]: Json } {
  return {
    local: endpointJson(egress.local),
    remote: endpointJson(egress.remote),
    from: formatTime(egress.from),
    to: timeOrNull(egress.to),
  };
}
