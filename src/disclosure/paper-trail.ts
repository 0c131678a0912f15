import { ShudiError } from '../model/errors.ts';
import { formatTime, type Millis } from '../model/time.ts';
import { caseFields, isCaseKind } from './case-kinds.ts';
import type { Register } from './register.ts';
import { actingAs, knownCase, knownRequest, mayApprove, ownRequest } from './rules.ts';
import { requestDigest, storedQuestions, type Scope } from './scope.ts';
import type { Ambiguous, Case, DisclosureRequest, Grant, StoredQuestion } from './state.ts';
import { newId } from './tokens.ts';

/** `token` is always the id of the acting person's token: the rules are judged on the newest state. */

/**
 * Opens a case: the ground on which requests can be made.
 * @throws ShudiError case.invalid naming the field; auth.*
 */
export async function openCase(
  register: Register,
  token: string,
  wanted: { readonly kind: string; readonly fields: unknown },
): Promise<Case> {
  const { kind } = wanted;
  if (!isCaseKind(kind)) throw new ShudiError('case.invalid', 'There is no such kind of case.', 'kind');
  const fields = caseFields(kind, wanted.fields);
  const id = newId('c');
  await register.act((state) => {
    const { id: actor } = actingAs(state, token, ['requester']);
    return { kind: 'case.opened', actor, body: { case: id, kind, fields } };
  });
  return knownCase(register.state, id);
}

interface StoredScope {
  readonly reason: string;
  readonly questions: readonly StoredQuestion[];
  readonly ambiguous: Ambiguous;
}

function storedScope(scope: Scope): StoredScope {
  const questions = storedQuestions(scope.questions);
  return { reason: scope.reason, questions, ambiguous: scope.ambiguous ?? 'withhold' };
}

/**
 * Makes a request on a case: at most 100 questions, and what may be said when an answer is ambiguous.
 * @throws ShudiError case.unknown | question.* | auth.*
 */
export async function makeRequest(
  register: Register,
  token: string,
  wanted: Scope & { readonly case: string },
): Promise<DisclosureRequest> {
  const id = newId('r');
  const scope = storedScope(wanted);
  await register.act((state) => {
    const { id: requester } = actingAs(state, token, ['requester']);
    knownCase(state, wanted.case);
    const parts = { request: id, version: 1, case: wanted.case, ...scope };
    const digest = requestDigest({ ...parts, requester });
    return { kind: 'request.made', actor: requester, body: { ...parts, digest } };
  });
  return knownRequest(register.state, id);
}

/**
 * Changes one's own request. It gets another digest; approvals and unused grants of before are void.
 * @throws ShudiError request.unknown | request.not-yours | question.* | auth.*
 */
export async function changeRequest(
  register: Register,
  token: string,
  id: string,
  wanted: Scope,
): Promise<DisclosureRequest> {
  const scope = storedScope(wanted);
  await register.act((state) => {
    const { id: requester } = actingAs(state, token, ['requester']);
    const request = ownRequest(state, id, requester);
    const parts = { request: id, version: request.version + 1, ...scope };
    const digest = requestDigest({ ...parts, case: request.caseId, requester });
    return { kind: 'request.changed', actor: requester, body: { ...parts, digest } };
  });
  return knownRequest(register.state, id);
}

/**
 * Approves what was seen: the digest says what that was. Gives a grant that is good once.
 * @throws ShudiError request.own-approval | request.digest | request.approved | request.requester-gone | auth.*
 */
export async function approveRequest(
  register: Register,
  token: string,
  id: string,
  digest: string,
): Promise<Grant> {
  const grant = newId('g');
  await register.act((state, now) => {
    const { approver } = mayApprove(state, token, id, digest, now);
    const expires = formatTime((now + register.grantTtlMs) as Millis);
    return {
      kind: 'request.approved',
      actor: approver.id,
      body: { request: id, digest, grant, expires, token },
    };
  });
  return register.state.grants.get(grant) as Grant;
}

/**
 * The grant that a request can be run with now, for its requester.
 * @throws ShudiError request.not-approved, or why its newest grant is not good
 */
export function liveGrant(register: Register, person: string, id: string): Grant {
  const { state } = register;
  const request = ownRequest(state, id, person);
  const grant = request.grant === null ? undefined : state.grants.get(request.grant);
  if (grant === undefined) throw new ShudiError('request.not-approved', 'Nobody has approved this request.');
  if (grant.state === 'used') throw new ShudiError('grant.used', 'The grant was used before.');
  if (grant.state === 'void') throw new ShudiError('grant.void', 'The grant was voided.');
  if (grant.expires <= register.clock()) throw new ShudiError('grant.expired', 'The grant is too old.');
  return grant;
}
