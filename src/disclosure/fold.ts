import type { Site } from '../model/accounts.ts';
import { ShudiError } from '../model/errors.ts';
import type { JournalEntry, Json } from '../model/journal.ts';
import { parseTime, type Millis } from '../model/time.ts';
import { isBodyOf, isEntryKind, type EntryBody, type EntryKind } from './entries.ts';
import { checkNewPerson, checkNewToken, comparedName } from './names.ts';
import {
  canEnrol,
  knownCase,
  knownRequest,
  livePerson,
  MACHINE,
  mayApprove,
  mayUse,
  ownRequest,
  personOf,
} from './rules.ts';
import { requestDigest } from './scope.ts';
import type { Grant, RegisterState, Role, TokenOwner } from './state.ts';

/** What an entry does to the state. Each checks all rules before it changes anything. */
type Handlers = {
  readonly [Kind in EntryKind]: (state: RegisterState, entry: JournalEntry, body: EntryBody<Kind>) => void;
};

/**
 * Applies one journal entry; entries of other parts are passed over. The same entries always give the same state.
 * @throws ShudiError journal.broken when an entry breaks a rule: it was not written by this program
 */
export function applyEntry(state: RegisterState, entry: JournalEntry): void {
  const { kind } = entry;
  if (!isEntryKind(kind)) return;
  try {
    applyKind(kind, state, entry);
  } catch (cause) {
    if (!(cause instanceof ShudiError)) throw cause;
    throw new ShudiError(
      'journal.broken',
      `Entry ${entry.seq} (${kind}) breaks a rule: ${cause.code}.`,
      null,
      cause,
    );
  }
}

function applyKind<Kind extends EntryKind>(kind: Kind, state: RegisterState, entry: JournalEntry): void {
  const { body } = entry;
  if (!isBodyOf(kind, body)) throw new ShudiError('journal.invalid', 'The body is not one of its kind.');
  HANDLERS[kind](state, entry, body);
}

function refuse(condition: boolean, detail: string): void {
  if (condition) throw new ShudiError('journal.invalid', detail);
}

const byMachine = (entry: JournalEntry): void =>
  refuse(entry.actor !== MACHINE, 'Only the machine may do this.');

interface NewPerson {
  readonly person: string;
  readonly name: string;
  readonly roles: readonly Role[];
}

function addPerson(state: RegisterState, { person: id, name, roles }: NewPerson, at: Millis): void {
  state.people.set(id, { id, name, roles, enrolledAt: at, removedAt: null });
}

function addToken(
  state: RegisterState,
  { id, hash }: { id: string; hash: string },
  owner: TokenOwner,
  at: Millis,
): void {
  state.tokens.set(id, { id, hash, owner, issuedAt: at, revokedAt: null });
  state.tokensByHash.set(hash, id);
}

function revokeToken(state: RegisterState, id: string, at: Millis): void {
  const token = state.tokens.get(id);
  if (token === undefined || token.revokedAt !== null) return;
  state.tokens.set(id, { ...token, revokedAt: at });
  voidGrants(state, (grant) => grant.token === id);
}

function voidGrants(state: RegisterState, which: (grant: Grant) => boolean): void {
  for (const grant of state.grants.values()) {
    if (grant.state === 'unused' && which(grant)) state.grants.set(grant.id, { ...grant, state: 'void' });
  }
}

function finishGrant(
  state: RegisterState,
  entry: JournalEntry,
  id: string,
  outcome: 'answered' | 'failed',
): void {
  const grant = state.grants.get(id);
  if (grant === undefined || grant.state !== 'used' || grant.outcome !== null)
    throw new ShudiError('grant.unknown', 'No such grant runs.');
  refuse(knownRequest(state, grant.request).requester !== entry.actor, 'The grant is of another person.');
  state.grants.set(id, { ...grant, outcome });
}

/** The token that an entry names must be its actor's. */
function actorIs(entry: JournalEntry, person: { readonly id: string }): void {
  refuse(person.id !== entry.actor, 'The actor is not the owner of the token.');
}

const HANDLERS: Handlers = {
  'people.bootstrapped': (state, entry, { people }) => {
    byMachine(entry);
    const [first, second] = people;
    if (first === undefined || second === undefined)
      throw new ShudiError('journal.invalid', 'Two people are needed.');
    refuse(state.people.size > 0, 'People are enrolled already.');
    refuse(comparedName(first.name) === comparedName(second.name), 'Both have one name.');
    refuse(first.token.hash === second.token.hash || first.person === second.person, 'Both are one.');
    for (const item of people) {
      checkNewPerson(state, item.name, item.roles);
      checkNewToken(state, item.token);
    }
    for (const item of people) {
      addPerson(state, item, entry.at);
      addToken(state, item.token, { person: item.person }, entry.at);
    }
  },
  'person.proposed': (state, entry, { person, name, roles, token }) => {
    const proposer = livePerson(state, entry.actor);
    refuse(!canEnrol(proposer.roles), 'The proposer has no such role.');
    refuse(state.people.has(person) || state.proposals.has(person), 'The id is taken.');
    checkNewPerson(state, name, roles);
    if (token !== null) checkNewToken(state, token);
    state.proposals.set(person, {
      id: person,
      name,
      roles,
      token,
      proposedBy: entry.actor,
      proposedAt: entry.at,
    });
  },
  'person.enrolled': (state, entry, { person }) => {
    const confirmer = livePerson(state, entry.actor);
    const proposal = state.proposals.get(person);
    if (proposal === undefined) throw new ShudiError('auth.person', 'Nobody proposed this person.');
    refuse(
      !canEnrol(confirmer.roles) || proposal.proposedBy === confirmer.id,
      'Another person must confirm.',
    );
    livePerson(state, proposal.proposedBy);
    state.proposals.delete(person);
    addPerson(state, { ...proposal, person }, entry.at);
    if (proposal.token !== null) addToken(state, proposal.token, { person }, entry.at);
  },
  'person.staff-enrolled': (state, entry, { person, name, roles, token }) => {
    byMachine(entry);
    refuse(canEnrol(roles), 'Two people must enrol a requester or an approver.');
    refuse(state.people.size === 0 || state.people.has(person), 'The id is taken, or nobody is enrolled.');
    checkNewPerson(state, name, roles);
    checkNewToken(state, token);
    addPerson(state, { person, name, roles }, entry.at);
    addToken(state, token, { person }, entry.at);
  },
  'person.removed': (state, entry, { person: id }) => {
    byMachine(entry);
    const person = livePerson(state, id);
    state.people.set(id, { ...person, removedAt: entry.at });
    for (const token of state.tokens.values()) {
      if ('person' in token.owner && token.owner.person === id) revokeToken(state, token.id, entry.at);
    }
    for (const proposal of state.proposals.values())
      if (proposal.proposedBy === id) state.proposals.delete(proposal.id);
    voidGrants(
      state,
      (grant) => grant.approver === id || state.requests.get(grant.request)?.requester === id,
    );
  },
  'token.issued': (state, entry, { token, owner }) => {
    checkNewToken(state, token);
    if ('site' in owner) {
      byMachine(entry);
      addToken(state, token, { site: owner.site as Site }, entry.at);
      return;
    }
    livePerson(state, owner.person);
    refuse(entry.actor !== MACHINE && entry.actor !== owner.person, 'The token is for another person.');
    addToken(state, token, owner, entry.at);
  },
  'token.revoked': (state, entry, { token: id }) => {
    const token = state.tokens.get(id);
    if (token === undefined || token.revokedAt !== null)
      throw new ShudiError('auth.token', 'No such token is live.');
    const own = 'person' in token.owner && token.owner.person === entry.actor;
    refuse(entry.actor !== MACHINE && !own, 'The token is of another person.');
    revokeToken(state, id, entry.at);
  },
  'case.opened': (state, entry, { case: id, kind, fields }) => {
    refuse(!livePerson(state, entry.actor).roles.includes('requester'), 'Only a requester opens a case.');
    refuse(state.cases.has(id), 'The id is taken.');
    state.cases.set(id, {
      id,
      kind,
      fields: fields as { [key: string]: Json },
      openedBy: entry.actor,
      openedAt: entry.at,
    });
  },
  'request.made': (state, entry, body) => {
    const { request: id, case: caseId, version, reason, questions, ambiguous, digest } = body;
    refuse(!livePerson(state, entry.actor).roles.includes('requester'), 'Only a requester makes a request.');
    knownCase(state, caseId);
    refuse(state.requests.has(id) || version !== 1, 'The id is taken.');
    refuse(
      requestDigest({ ...body, requester: entry.actor }) !== digest,
      'The digest is not of the request.',
    );
    const times = { madeAt: entry.at, changedAt: entry.at };
    const parts = { version, reason, questions, ambiguous, digest };
    state.requests.set(id, { id, caseId, requester: entry.actor, ...parts, ...times, grant: null });
  },
  'request.changed': (state, entry, body) => {
    const { request: id, version, reason, questions, ambiguous, digest } = body;
    refuse(
      !livePerson(state, entry.actor).roles.includes('requester'),
      'Only a requester changes a request.',
    );
    const request = ownRequest(state, id, entry.actor);
    refuse(version !== request.version + 1, 'The version is not the next one.');
    const digested = { ...body, case: request.caseId, requester: entry.actor };
    refuse(requestDigest(digested) !== digest, 'The digest is not of the request.');
    state.requests.set(id, {
      ...request,
      version,
      reason,
      questions,
      ambiguous,
      digest,
      changedAt: entry.at,
    });
    voidGrants(state, (grant) => grant.request === id);
  },
  'request.approved': (state, entry, { request: requestId, digest, grant: id, expires, token }) => {
    const { approver, request } = mayApprove(state, token, requestId, digest, null);
    actorIs(entry, approver);
    refuse(state.grants.has(id), 'The id is taken.');
    // One live grant a request: the new one takes the place of one that has expired.
    voidGrants(state, (grant) => grant.request === requestId);
    const until = parseTime(expires, 'expires');
    const times = { approvedAt: entry.at, expires: until, usedAt: null };
    const grant: Grant = {
      id,
      request: requestId,
      digest,
      approver: approver.id,
      token,
      ...times,
      state: 'unused',
      outcome: null,
    };
    state.grants.set(id, grant);
    state.requests.set(requestId, { ...request, grant: id });
  },
  'grant.used': (state, entry, { grant: id, request, digest, token }) => {
    const allowed = mayUse(state, token, id, null);
    actorIs(entry, allowed.requester);
    refuse(
      allowed.request.id !== request || allowed.request.digest !== digest,
      'The grant is for another request.',
    );
    state.grants.set(id, { ...allowed.grant, state: 'used', usedAt: entry.at });
  },
  'disclosure.answered': (state, entry, { grant }) => finishGrant(state, entry, grant, 'answered'),
  'disclosure.failed': (state, entry, { grant }) => finishGrant(state, entry, grant, 'failed'),
  'trace.asked': (state, entry, { token }) => {
    if (token === null) byMachine(entry);
    else actorIs(entry, personOf(state, token).person);
  },
};
