import { ShudiError } from '../model/errors.ts';
import type { Millis } from '../model/time.ts';
import type { Case, DisclosureRequest, Grant, Person, RegisterState, Role, Token } from './state.ts';

/**
 * The rules of the paper trail. Each is asked twice: before an entry is written, and again whenever the journal is
 * folded, so that an entry that breaks one (written by another program, or by hand) is found and not obeyed.
 */

/** Who acts: a person through one of their tokens, or whoever works on the machine itself. */
export type Actor = 'machine' | { readonly token: string };

/** The journal's name for who works on the machine. */
export const MACHINE = 'operator';

/** @throws ShudiError auth.unknown when it was revoked, or is no person's */
export function personOf(state: RegisterState, tokenId: string): { person: Person; token: Token } {
  const token = state.tokens.get(tokenId);
  if (token === undefined || token.revokedAt !== null || !('person' in token.owner)) throw unknownToken();
  const person = state.people.get(token.owner.person);
  if (person === undefined || person.removedAt !== null) throw unknownToken();
  return { person, token };
}

/** One answer for "never existed" and "was revoked": the difference is nobody's business. */
export function unknownToken(): ShudiError {
  return new ShudiError('auth.unknown', 'The token is not good.');
}

/** @throws ShudiError auth.unknown | auth.role */
export function actingAs(state: RegisterState, tokenId: string, allowed: readonly Role[]): Person {
  const { person } = personOf(state, tokenId);
  if (!person.roles.some((role) => allowed.includes(role))) {
    throw new ShudiError('auth.role', `This takes the role ${allowed.join(' or ')}.`);
  }
  return person;
}

/** @throws ShudiError auth.person */
export function livePerson(state: RegisterState, id: string): Person {
  const person = state.people.get(id);
  if (person === undefined || person.removedAt !== null)
    throw new ShudiError('auth.person', 'No such person is enrolled.');
  return person;
}

/** The roles that propose and confirm people: those that were themselves enrolled by two. */
export const ENROLLERS: readonly Role[] = ['requester', 'approver'];

export function canEnrol(roles: readonly Role[]): boolean {
  return roles.some((role) => ENROLLERS.includes(role));
}

/** @throws ShudiError case.unknown */
export function knownCase(state: RegisterState, id: string): Case {
  const found = state.cases.get(id);
  if (found === undefined) throw new ShudiError('case.unknown', 'No such case was opened.');
  return found;
}

/** @throws ShudiError request.unknown */
export function knownRequest(state: RegisterState, id: string): DisclosureRequest {
  const found = state.requests.get(id);
  if (found === undefined) throw new ShudiError('request.unknown', 'No such request was made.');
  return found;
}

/** Only the person who made a request may change or run it. @throws ShudiError request.not-yours */
export function ownRequest(state: RegisterState, id: string, person: string): DisclosureRequest {
  const request = knownRequest(state, id);
  if (request.requester !== person)
    throw new ShudiError('request.not-yours', 'Another person made this request.');
  return request;
}

/**
 * Approval: by another person than the requester, whatever token they come with; of the digest that they saw; while no
 * other approval waits to be used.
 * @param now  null when an old entry is folded: expiry is judged once, when the entry is made
 */
export function mayApprove(
  state: RegisterState,
  tokenId: string,
  requestId: string,
  digest: string,
  now: Millis | null,
): { approver: Person; request: DisclosureRequest } {
  const approver = actingAs(state, tokenId, ['approver']);
  const request = knownRequest(state, requestId);
  if (request.requester === approver.id)
    throw new ShudiError('request.own-approval', 'You made this request.');
  const requester = state.people.get(request.requester);
  if (requester === undefined || requester.removedAt !== null) {
    throw new ShudiError('request.requester-gone', 'The requester was removed.');
  }
  if (request.digest !== digest)
    throw new ShudiError('request.digest', 'The request has another digest now.', 'digest');
  const grant = request.grant === null ? undefined : state.grants.get(request.grant);
  if (now !== null && grant?.state === 'unused' && grant.expires > now) {
    throw new ShudiError('request.approved', 'An unused approval is there.');
  }
  return { approver, request };
}

/**
 * Use of a grant: by the person who made the request, once, before it expires, for the request that was approved.
 * @param now  null when an old entry is folded
 */
export function mayUse(
  state: RegisterState,
  tokenId: string,
  grantId: string,
  now: Millis | null,
): { requester: Person; request: DisclosureRequest; grant: Grant } {
  const requester = actingAs(state, tokenId, ['requester']);
  const grant = state.grants.get(grantId);
  if (grant === undefined) throw new ShudiError('grant.unknown', 'No such grant was given.');
  const request = knownRequest(state, grant.request);
  if (request.requester !== requester.id)
    throw new ShudiError('grant.not-yours', 'Another person made the request.');
  if (grant.state === 'used') throw new ShudiError('grant.used', 'The grant was used before.');
  if (grant.state === 'void' || grant.digest !== request.digest)
    throw new ShudiError('grant.void', 'The grant was voided.');
  if (grant.approver === requester.id) throw new ShudiError('request.own-approval', 'The grant is your own.');
  if (now !== null && grant.expires <= now) throw new ShudiError('grant.expired', 'The grant is too old.');
  return { requester, request, grant };
}
