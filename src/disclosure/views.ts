import type { Json } from '../model/journal.ts';
import { formatTime, type Millis } from '../model/time.ts';
import { CASE_KINDS, isCaseKind } from './case-kinds.ts';
import type { Case, DisclosureRequest, Grant, Person, Proposal, RegisterState } from './state.ts';

/** What people see of the paper trail, as JSON. Never a token or its hash, but for a proposal's, which is checked by eye. */

type View = { readonly [key: string]: Json };

export function personView(person: Person): View {
  return {
    id: person.id,
    name: person.name,
    roles: person.roles,
    state: person.removedAt === null ? 'enrolled' : 'removed',
  };
}

export function proposalView({ id, name, roles, proposedBy, proposedAt, token }: Proposal): View {
  const at = formatTime(proposedAt);
  return { id, name, roles, state: 'proposed', proposedBy, proposedAt: at, tokenHash: token?.hash ?? null };
}

export function caseView({ id, kind, fields, openedBy, openedAt }: Case): View {
  const ground = isCaseKind(kind) ? { ...CASE_KINDS[kind].ground } : null;
  return { id, kind, ground, fields, openedBy, openedAt: formatTime(openedAt) };
}

/** Where a grant stands at a moment. */
export function grantState(grant: Grant, now: Millis): 'live' | 'used' | 'void' | 'expired' {
  if (grant.state !== 'unused') return grant.state;
  return grant.expires <= now ? 'expired' : 'live';
}

export function grantView(grant: Grant, now: Millis): View {
  const { id, digest, approver, approvedAt, expires, usedAt, outcome } = grant;
  return {
    id,
    digest,
    approver,
    approvedAt: formatTime(approvedAt),
    expires: formatTime(expires),
    state: grantState(grant, now),
    usedAt: usedAt === null ? null : formatTime(usedAt),
    outcome,
  };
}

export function requestView(state: RegisterState, request: DisclosureRequest, now: Millis): View {
  const grant = request.grant === null ? undefined : state.grants.get(request.grant);
  return {
    id: request.id,
    case: request.caseId,
    requester: request.requester,
    version: request.version,
    reason: request.reason,
    questions: request.questions,
    ambiguous: request.ambiguous,
    digest: request.digest,
    madeAt: formatTime(request.madeAt),
    changedAt: formatTime(request.changedAt),
    grant: grant === undefined ? null : grantView(grant, now),
  };
}
