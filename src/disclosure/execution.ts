import { join } from 'node:path';
import { subjectIndex } from '../accounts/account-index.ts';
import { readVaultKeys, type VaultKeys } from '../accounts/key-files.ts';
import { readSealed } from '../accounts/read-sealed.ts';
import { VAULT_FILE } from '../accounts/vault-schema.ts';
import { JOURNAL_FILE } from '../ledger/schema.ts';
import type { Identity, Subject } from '../model/accounts.ts';
import { canonicalJson } from '../model/canonical-json.ts';
import { ShudiError } from '../model/errors.ts';
import type { JournalHead, Json } from '../model/journal.ts';
import type { RecordReader } from '../model/records.ts';
import { parseQuestion } from '../trace/question.ts';
import { createTracer, type Trace, type Tracer } from '../trace/tracer.ts';
import { readAccountSubjects } from './account-subjects.ts';
import { addressSet } from './address-set.ts';
import { presentAnswer, subjectsInScope, type AnswerFacts } from './answer.ts';
import { openIdentity, readDisclosureKey } from './disclosure-key.ts';
import { openLocalJournal, requireSeen } from './local-journal.ts';
import { openLocalRecords } from './local-records.ts';
import { Register } from './register.ts';
import { knownCase, mayUse } from './rules.ts';
import type { DisclosureRequest, Grant } from './state.ts';
import { sha256 } from './tokens.ts';

/** All that an execution needs; it trusts nothing that its caller has decided. */
export interface ExecutionOrder {
  /** The requester's bearer token. */
  readonly token: string;
  readonly grant: string;
  /** The newest journal entry that the caller knows: a journal without it is refused. */
  readonly seen: JournalHead;
  readonly dataDirectory: string;
  readonly keysDirectory: string;
  readonly assumedClockErrorMs: number;
  /** Addresses and CIDRs that serve one subscriber only. */
  readonly unshared: readonly string[];
}

/** What is handed over: the answer, its digest as the journal has it, and where the journal has it. */
export interface DisclosedAnswer {
  readonly answer: { readonly [key: string]: Json };
  readonly answerSha256: string;
  readonly journal: { readonly used: number; readonly answered: number };
}

/**
 * Runs a grant, once. In this order: who asks, from the journal itself; the grant's use, durable; only then the private
 * key, the records, the identities in scope; the answer's digest, durable; only then the answer (R7).
 * Whatever fails after the use leaves the grant used and is written down as `disclosure.failed`.
 * @throws ShudiError auth.* | grant.* | request.* | journal.* | key.* | vault.* | data.*
 */
export async function executeGrant(order: ExecutionOrder): Promise<DisclosedAnswer> {
  const journal = openLocalJournal(join(order.dataDirectory, JOURNAL_FILE));
  try {
    const register = new Register({ journal });
    const caller = await register.authenticate(order.token);
    await requireSeen(journal, order.seen);
    const { token } = caller;
    const used = await register.act((state, now) => {
      const { requester, request, grant } = mayUse(state, token.id, order.grant, now);
      const body = { grant: grant.id, request: request.id, digest: request.digest, token: token.id };
      return { kind: 'grant.used', actor: requester.id, body };
    });
    const grant = register.state.grants.get(order.grant) as Grant;
    const request = register.state.requests.get(grant.request) as DisclosureRequest;
    return await answerOrFail(register, order, request, grant, used.seq);
  } finally {
    await journal.close();
  }
}

async function answerOrFail(
  register: Register,
  order: ExecutionOrder,
  request: DisclosureRequest,
  grant: Grant,
  used: number,
): Promise<DisclosedAnswer> {
  const ids = { grant: grant.id, request: request.id };
  const actor = request.requester;
  try {
    const { answer, facts } = await answerRequest(register, order, request, grant);
    const answerSha256 = sha256(canonicalJson(answer));
    const body = {
      ...ids,
      answerSha256,
      counts: countsOf(facts),
      grades: facts.map((item) => ({ ...item })),
    };
    const answered = await register.act(() => ({ kind: 'disclosure.answered', actor, body }));
    return { answer, answerSha256, journal: { used, answered: answered.seq } };
  } catch (error) {
    const code = error instanceof ShudiError ? error.code : 'internal.fault';
    // When the journal itself has failed this fails too: the entry of the use stands without an outcome.
    await register
      .act(() => ({ kind: 'disclosure.failed', actor, body: { ...ids, code } }))
      .catch(() => undefined);
    throw error;
  }
}

function countsOf(facts: readonly AnswerFacts[]): {
  questions: number;
  candidates: number;
  identities: number;
} {
  const sum = (pick: (item: AnswerFacts) => number): number =>
    facts.reduce((total, item) => total + pick(item), 0);
  return {
    questions: facts.length,
    candidates: sum((item) => item.candidates),
    identities: sum((item) => item.identities),
  };
}

async function answerRequest(
  register: Register,
  order: ExecutionOrder,
  request: DisclosureRequest,
  grant: Grant,
): Promise<{ answer: { readonly [key: string]: Json }; facts: AnswerFacts[] }> {
  const records = openLocalRecords(order.dataDirectory);
  try {
    const tracer = tracerOf(order, records);
    const traces: { trace: Trace; inScope: ReadonlySet<Subject> }[] = [];
    for (const question of request.questions) {
      const trace = await tracer.trace(parseQuestion(question));
      traces.push({ trace, inScope: subjectsInScope(trace, request.ambiguous) });
    }
    const wanted = new Set(traces.flatMap(({ inScope }) => [...inScope]));
    const identities = await unseal(order, [...wanted]);
    const presented = traces.map(({ trace, inScope }) => presentAnswer(trace, inScope, identities));
    const { id, kind } = knownCase(register.state, request.caseId);
    const answer = {
      request: request.id,
      case: { id, kind },
      grant: grant.id,
      digest: request.digest,
      answers: presented.map((item) => item.answer),
    };
    return { answer, facts: presented.map((item) => item.facts) };
  } finally {
    await records.close();
  }
}

function tracerOf(order: ExecutionOrder, records: RecordReader): Tracer {
  let keys: VaultKeys | null = null;
  const vault = join(order.dataDirectory, VAULT_FILE);
  return createTracer({
    records,
    assumedClockErrorMs: order.assumedClockErrorMs,
    isUnshared: addressSet(order.unshared),
    subjectsOf: async (site, account, from, to) => {
      keys ??= readVaultKeys(order.keysDirectory);
      return readAccountSubjects(vault, keys, site, account, from, to);
    },
  });
}

/** The private key is read here and nowhere else, and only when there is something in scope to open. */
async function unseal(order: ExecutionOrder, subjects: readonly Subject[]): Promise<Map<Subject, Identity>> {
  const identities = new Map<Subject, Identity>();
  if (subjects.length === 0) return identities;
  const keys = readVaultKeys(order.keysDirectory);
  const key = readDisclosureKey(order.keysDirectory);
  for (const [subject, sealed] of readSealed(join(order.dataDirectory, VAULT_FILE), subjects)) {
    if (sealed === null) continue;
    const identity = await openIdentity(key, sealed);
    // A row that another account's index leads to would have named this person for what that one did.
    if (subjectIndex(keys.index, identity.site, identity.account, sealed.month) !== sealed.index)
      throw new ShudiError('vault.tampered', 'A subject hangs on the index of another account.');
    identities.set(subject, identity);
  }
  return identities;
}
