import type { AccountId, Site, Subject } from '../model/accounts.ts';
import {
  GATEWAY_SOURCE,
  type Contact,
  type Found,
  type RecordReader,
  type StoredBinding,
  type Window,
} from '../model/records.ts';
import { MAX_CLOCK_ERROR_MS, overlaps, type Interval, type Millis } from '../model/time.ts';
import type { IpAddress } from '../model/address.ts';
import { grade, type Candidate, type Reason, type Verdicts } from './grade.ts';
import type { AccountQuestion, EndpointQuestion, Question, RequestQuestion } from './question.ts';

export interface TracerOptions {
  readonly records: RecordReader;
  /** Only a disclosure resolves accounts to subjects; without this an account question is refused by its caller. */
  readonly subjectsOf?: (
    site: Site,
    account: AccountId,
    from: Millis,
    to: Millis,
  ) => Promise<readonly Subject[]>;
  /** The error assumed for a clock that was not measured (R4), ms. */
  readonly assumedClockErrorMs: number;
  /** Whether the operator has declared that an address serves one subscriber only. */
  readonly isUnshared: (address: IpAddress) => boolean;
}

/** A contact as an answer, with the binding (if any) that makes it this candidate. */
export interface TracedCandidate {
  readonly contact: Contact;
  readonly binding: StoredBinding | null;
  readonly clockErrorMs: number;
  readonly clockMeasured: boolean;
}

/** An answer inside: it still holds subjects. `present.ts` makes what may be shown of it. */
export interface Trace extends Verdicts {
  readonly question: Question;
  readonly candidates: readonly TracedCandidate[];
  /** All that matched, also beyond the list. */
  readonly count: number;
}

/** At most this many candidates are listed in an answer; the count tells of the rest. */
export const MAX_CANDIDATES = 100;
const FETCH_LIMIT = 5000;

export interface Tracer {
  trace(question: Question): Promise<Trace>;
}

export function createTracer(options: TracerOptions): Tracer {
  if (options.assumedClockErrorMs > MAX_CLOCK_ERROR_MS)
    throw new RangeError('the assumed clock error is too large');
  return {
    trace(question) {
      switch (question.kind) {
        case 'request':
          return traceRequest(options, question);
        case 'account':
          return traceAccount(options, question);
        case 'outside':
        case 'inside':
        case 'egress':
          return traceEndpoint(options, question);
      }
    },
  };
}

const span = (from: number, to: number): Window => ({ from: from as Millis, to: to as Millis });

function errorOf(options: TracerOptions, contact: Contact): { clockErrorMs: number; clockMeasured: boolean } {
  const measured = contact.clockErrorMs;
  return { clockErrorMs: measured ?? options.assumedClockErrorMs, clockMeasured: measured !== null };
}

function widened(options: TracerOptions, contact: Contact, asked: Window): Window {
  const { clockErrorMs } = errorOf(options, contact);
  return span(asked.from - clockErrorMs, asked.to + clockErrorMs);
}

/** When the contact answers the question: for a gateway-side endpoint, while that endpoint was its own. */
function relevantInterval(contact: Contact, question: EndpointQuestion): Interval[] {
  if (question.kind !== 'egress') return [contact];
  const own = contact.egress.filter(
    (item) => item.local.address === question.address && item.local.port === question.port,
  );
  return own.length > 0 ? own : [contact];
}

async function traceEndpoint(options: TracerOptions, question: EndpointQuestion): Promise<Trace> {
  const asked = span(question.at - question.toleranceMs, question.at + question.toleranceMs);
  const widest = span(asked.from - MAX_CLOCK_ERROR_MS, asked.to + MAX_CLOCK_ERROR_MS);
  const found = await fetchEndpoint(options.records, question, widest);
  const near: Near[] = [];
  for (const contact of found.contacts) {
    if (
      question.remote !== null &&
      !(contact.own.address === question.remote.address && contact.own.port === question.remote.port)
    )
      continue;
    const window = widened(options, contact, asked);
    const interval = relevantInterval(contact, question).find((item) =>
      overlaps(item, window.from, window.to),
    );
    if (interval !== undefined) {
      const bindings = contact.bindings.filter((binding) => overlaps(binding, window.from, window.to));
      near.push({ contact, interval, window, bindings });
    }
  }
  const cut = found.total > found.contacts.length ? found.total - found.contacts.length : 0;
  return conclude(options, question, asked, near, {
    cut,
    shared: found.shared,
    portMissing: question.port === null,
    unshared: options.isUnshared(question.address),
  });
}

function fetchEndpoint(records: RecordReader, question: EndpointQuestion, window: Window): Promise<Found> {
  // Every contact of the gateway is TCP; who asks for UDP asks for something that it cannot have seen.
  if (question.proto === 'udp') return Promise.resolve({ contacts: [], total: 0, shared: false });
  if (question.kind === 'egress' && question.port !== null)
    return records.byEgress(question.address, question.port, window, FETCH_LIMIT);
  return records.byClient(question.address, question.port, window, FETCH_LIMIT);
}

/**
 * A request names its connection, so no clock stands between the two; and its account, if it named any. Who else used
 * the connection, before or after, is not asked.
 */
async function traceRequest(options: TracerOptions, question: RequestQuestion): Promise<Trace> {
  const found = await options.records.byRequest(question.requestId);
  if (found === null)
    return {
      question,
      grade: 'none',
      subjectGrade: 'none',
      reasons: ['request-not-kept' satisfies Reason],
      candidates: [],
      count: 0,
    };
  const { contact, at, site, named } = found;
  const asked = span(at, at);
  const bindings = named.map(
    ({ subject, learned }): StoredBinding =>
      contact.bindings.find((item) => item.subject === subject) ?? {
        site,
        subject,
        learned,
        sessionSince: null,
        from: at,
        to: at,
      },
  );
  const near = [{ contact, interval: contact, window: asked, bindings }];
  return conclude(options, question, asked, near, {
    cut: 0,
    shared: false,
    portMissing: false,
    unshared: options.isUnshared(contact.client.address),
  });
}

async function traceAccount(options: TracerOptions, question: AccountQuestion): Promise<Trace> {
  const asked = span(question.from, question.to);
  const subjects =
    (await options.subjectsOf?.(question.site, question.account, question.from, question.to)) ?? [];
  const candidates: TracedCandidate[] = [];
  let count = 0;
  for (const subject of subjects) {
    const found = await options.records.bySubject(subject, asked, FETCH_LIMIT);
    count += found.total;
    for (const contact of found.contacts) {
      const binding = contact.bindings.find(
        (item) => item.subject === subject && overlaps(item, asked.from, asked.to),
      );
      if (binding !== undefined && candidates.length < MAX_CANDIDATES)
        candidates.push({ contact, binding, ...errorOf(options, contact) });
    }
  }
  const gaps = await options.records.gaps(GATEWAY_SOURCE, asked);
  const verdicts = grade({
    asked,
    candidates: candidates.map((item) => ({
      endpoint: item.contact.client,
      interval: item.contact,
      window: asked,
      verdict: item.contact.verdict,
      subjects: item.binding === null ? [] : [item.binding.subject],
    })),
    total: count,
    gaps,
    retainedFrom: await options.records.retainedFrom(),
    portMissing: false,
    unshared: false,
    sharedEgress: false,
  });
  return { question, ...verdicts, candidates, count };
}

/** A contact near the asked time, and whom it names there. */
interface Near {
  readonly contact: Contact;
  readonly interval: Interval;
  readonly window: Window;
  readonly bindings: readonly StoredBinding[];
}

interface Circumstances {
  /** How many more there are than were fetched. */
  readonly cut: number;
  readonly shared: boolean;
  readonly portMissing: boolean;
  readonly unshared: boolean;
}

async function conclude(
  options: TracerOptions,
  question: Question,
  asked: Window,
  near: readonly Near[],
  { cut, shared, portMissing, unshared }: Circumstances,
): Promise<Trace> {
  const graded: Candidate[] = near.map((item) => ({
    endpoint: item.contact.client,
    interval: item.interval,
    window: item.window,
    verdict: item.contact.verdict,
    subjects: item.bindings.map((binding) => binding.subject),
  }));
  const earliest = Math.min(asked.from, ...near.map((item) => item.interval.from));
  const verdicts = grade({
    asked,
    candidates: graded,
    total: near.length + cut,
    gaps: await options.records.gaps(GATEWAY_SOURCE, span(earliest, asked.to)),
    retainedFrom: await options.records.retainedFrom(),
    portMissing,
    unshared,
    sharedEgress: shared,
  });
  const candidates = near.flatMap((item): TracedCandidate[] => {
    const error = errorOf(options, item.contact);
    if (item.bindings.length === 0) return [{ contact: item.contact, binding: null, ...error }];
    return item.bindings.map((binding) => ({ contact: item.contact, binding, ...error }));
  });
  return {
    question,
    ...verdicts,
    candidates: candidates.slice(0, MAX_CANDIDATES),
    count: candidates.length + cut,
  };
}
