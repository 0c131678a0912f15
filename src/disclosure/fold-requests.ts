import { ShudiError } from '../model/errors.ts';
import type { Json } from '../model/journal.ts';
import { parseTime } from '../model/time.ts';
import { byMachine, refuse, sameActor, voidGrants, type Change, type Handlers } from './fold-parts.ts';
import { knownCase, knownRequest, livePerson, mayApprove, mayUse, ownRequest, personOf } from './rules.ts';
import { requestDigest } from './scope.ts';
import type { RegisterState } from './state.ts';

function mustAsk(state: RegisterState, actor: string): void {
  refuse(!livePerson(state, actor).roles.includes('requester'), 'Only a requester may do this.');
}

/** A use of a grant ends once, in the name of the person who used it. */
function finish(state: RegisterState, actor: string, id: string, outcome: 'answered' | 'failed'): Change {
  const grant = state.grants.get(id);
  if (grant === undefined || grant.state !== 'used' || grant.outcome !== null) {
    throw new ShudiError('grant.unknown', 'No such grant is in use.');
  }
  refuse(knownRequest(state, grant.request).requester !== actor, 'The grant is of another person.');
  return () => state.grants.set(id, { ...grant, outcome });
}

/** The entries of the paper trail. */
export const REQUEST_HANDLERS: Handlers<
  | 'case.opened'
  | 'request.made'
  | 'request.changed'
  | 'request.approved'
  | 'grant.used'
  | 'disclosure.answered'
  | 'disclosure.failed'
  | 'trace.asked'
> = {
  'case.opened': (state, actor, { case: id, kind, fields }) => {
    mustAsk(state, actor);
    refuse(state.cases.has(id), 'The id is taken.');
    const stored = fields as { readonly [key: string]: Json };
    return (at) => state.cases.set(id, { id, kind, fields: stored, openedBy: actor, openedAt: at });
  },
  'request.made': (state, actor, body) => {
    const { request: id, case: caseId, version, reason, questions, ambiguous, digest } = body;
    mustAsk(state, actor);
    knownCase(state, caseId);
    refuse(state.requests.has(id) || version !== 1, 'The id is taken.');
    refuse(requestDigest({ ...body, requester: actor }) !== digest, 'The digest is not of the request.');
    const parts = { version, reason, questions, ambiguous, digest, grant: null };
    return (at) =>
      state.requests.set(id, { id, caseId, requester: actor, ...parts, madeAt: at, changedAt: at });
  },
  'request.changed': (state, actor, body) => {
    const { request: id, version, reason, questions, ambiguous, digest } = body;
    mustAsk(state, actor);
    const request = ownRequest(state, id, actor);
    refuse(version !== request.version + 1, 'The version is not the next one.');
    const digested = { ...body, case: request.caseId, requester: actor };
    refuse(requestDigest(digested) !== digest, 'The digest is not of the request.');
    const parts = { version, reason, questions, ambiguous, digest };
    return (at) => {
      state.requests.set(id, { ...request, ...parts, changedAt: at });
      voidGrants(state, (grant) => grant.request === id);
    };
  },
  'request.approved': (state, actor, { request: requestId, digest, grant: id, expires, token }) => {
    const { approver, request } = mayApprove(state, token, requestId, digest, null);
    sameActor(actor, approver);
    refuse(state.grants.has(id), 'The id is taken.');
    const until = parseTime(expires, 'expires');
    const parts = { id, request: requestId, digest, approver: approver.id, token, expires: until };
    return (at) => {
      // One live grant a request: the new one takes the place of one that has expired.
      voidGrants(state, (grant) => grant.request === requestId);
      state.grants.set(id, { ...parts, approvedAt: at, state: 'unused', usedAt: null, outcome: null });
      state.requests.set(requestId, { ...request, grant: id });
    };
  },
  'grant.used': (state, actor, { grant: id, request, digest, token }) => {
    const allowed = mayUse(state, token, id, null);
    sameActor(actor, allowed.requester);
    const same = allowed.request.id === request && allowed.request.digest === digest;
    refuse(!same, 'The grant is for another request.');
    return (at) => state.grants.set(id, { ...allowed.grant, state: 'used', usedAt: at });
  },
  'disclosure.answered': (state, actor, { grant }) => finish(state, actor, grant, 'answered'),
  'disclosure.failed': (state, actor, { grant }) => finish(state, actor, grant, 'failed'),
  'trace.asked': (state, actor, { token }) => {
    if (token === null) byMachine(actor);
    else sameActor(actor, personOf(state, token).person);
    return () => undefined;
  },
};
