import type { Site } from '../model/accounts.ts';
import { ShudiError } from '../model/errors.ts';
import { checkNewPerson, checkNewToken, comparedName } from './names.ts';
import type { Register } from './register.ts';
import { actingAs, ENROLLERS, livePerson, MACHINE, personOf, type Actor } from './rules.ts';
import type { Person, Proposal, RegisterState, Role } from './state.ts';
import { newId, newToken, type NewToken } from './tokens.ts';

/** A person with the token that was made for them; the secret is shown once. */
export interface Enrolled {
  readonly person: Person;
  readonly token: NewToken;
}

const stored = ({ id, hash }: NewToken): { id: string; hash: string } => ({ id, hash });

/**
 * Enrols the first two people, one who asks and one who approves, in one entry. Only while nobody is enrolled.
 * @throws ShudiError auth.bootstrapped | auth.person-invalid
 */
export async function bootstrapPeople(
  register: Register,
  names: { readonly requester: string; readonly approver: string },
): Promise<{ readonly requester: Enrolled; readonly approver: Enrolled }> {
  const requester = {
    id: newId('p'),
    name: names.requester,
    role: 'requester',
    token: newToken('person'),
  } as const;
  const approver = {
    id: newId('p'),
    name: names.approver,
    role: 'approver',
    token: newToken('person'),
  } as const;
  await register.act((state) => {
    if (state.people.size > 0) throw new ShudiError('auth.bootstrapped', 'People are enrolled.');
    if (comparedName(names.requester) === comparedName(names.approver)) {
      throw new ShudiError('auth.person-invalid', 'Two people have two names.', 'approver');
    }
    for (const item of [requester, approver]) checkNewPerson(state, item.name, [item.role]);
    const people = [requester, approver].map(({ id, name, role, token }) => ({
      person: id,
      name,
      roles: [role],
      token: stored(token),
    }));
    return { kind: 'people.bootstrapped', actor: MACHINE, body: { people } };
  });
  const enrolled = ({ id, token }: { id: string; token: NewToken }): Enrolled => ({
    person: livePerson(register.state, id),
    token,
  });
  return { requester: enrolled(requester), approver: enrolled(approver) };
}

/** Who is to be enrolled. `tokenHash`: the SHA-256 of a token that the new person made, so that nobody else sees it. */
export interface NewPerson {
  readonly name: string;
  readonly roles: readonly Role[];
  readonly tokenHash?: string | undefined;
}

/**
 * One enrolled person proposes another. It takes effect when a different enrolled person confirms.
 * @param token  the proposer's token id
 * @throws ShudiError auth.*
 */
export async function proposePerson(register: Register, token: string, wanted: NewPerson): Promise<Proposal> {
  const id = newId('p');
  const own = wanted.tokenHash === undefined ? null : { id: newId('t'), hash: wanted.tokenHash };
  await register.act((state) => {
    const proposer = actingAs(state, token, ENROLLERS);
    checkNewPerson(state, wanted.name, wanted.roles);
    if (own !== null) checkNewToken(state, own);
    const body = { person: id, name: wanted.name, roles: wanted.roles, token: own };
    return { kind: 'person.proposed', actor: proposer.id, body };
  });
  return knownProposal(register.state, id);
}

function knownProposal(state: RegisterState, id: string): Proposal {
  const proposal = state.proposals.get(id);
  if (proposal === undefined) throw new ShudiError('auth.person', 'Nobody proposed this person.');
  return proposal;
}

/** The second person's word. @throws ShudiError auth.same-person | auth.person | auth.* */
export async function confirmPerson(register: Register, token: string, id: string): Promise<Person> {
  await register.act((state) => {
    const confirmer = actingAs(state, token, ENROLLERS);
    const proposal = knownProposal(state, id);
    if (proposal.proposedBy === confirmer.id)
      throw new ShudiError('auth.same-person', 'You proposed this person.');
    return { kind: 'person.enrolled', actor: confirmer.id, body: { person: id } };
  });
  return livePerson(register.state, id);
}

/**
 * Enrols one who watches (supervisor) or runs the machine (operator); for the command line. They can disclose nothing
 * and enrol nobody, so one is enough.
 * @throws ShudiError auth.*
 */
export async function enrolStaff(
  register: Register,
  name: string,
  role: 'supervisor' | 'operator',
): Promise<Enrolled> {
  const id = newId('p');
  const token = newToken('person');
  await register.act((state) => {
    if (state.people.size === 0) throw new ShudiError('auth.not-bootstrapped', 'Nobody is enrolled.');
    checkNewPerson(state, name, [role]);
    const body = { person: id, name, roles: [role], token: stored(token) };
    return { kind: 'person.staff-enrolled', actor: MACHINE, body };
  });
  return { person: livePerson(register.state, id), token };
}

/** Removes a person; their tokens, their proposals, and all unused grants they gave or hold end with it. */
export async function removePerson(register: Register, id: string): Promise<void> {
  await register.act((state) => {
    livePerson(state, id);
    return { kind: 'person.removed', actor: MACHINE, body: { person: id } };
  });
}

/**
 * Issues a further token: to oneself, or, from the command line, to anybody who is enrolled. Who works on the machine
 * could read the keys there anyway; the entry makes it visible.
 * @throws ShudiError auth.*
 */
export async function issueToken(register: Register, actor: Actor, person: string): Promise<NewToken> {
  const token = newToken('person');
  await register.act((state) => {
    livePerson(state, person);
    const by = actor === 'machine' ? MACHINE : personOf(state, actor.token).person.id;
    if (by !== MACHINE && by !== person)
      throw new ShudiError('auth.role', 'A token is issued to oneself only.');
    return { kind: 'token.issued', actor: by, body: { token: stored(token), owner: { person } } };
  });
  return token;
}

/** Issues a site's token; for the command line. */
export async function issueSiteToken(register: Register, site: Site): Promise<NewToken> {
  const token = newToken('site');
  await register.act(() => ({
    kind: 'token.issued',
    actor: MACHINE,
    body: { token: stored(token), owner: { site } },
  }));
  return token;
}

/** Revokes a token: one's own, or any from the command line. What was approved with it and not used is void. */
export async function revokeToken(register: Register, actor: Actor, id: string): Promise<void> {
  await register.act((state) => {
    const token = state.tokens.get(id);
    if (token === undefined || token.revokedAt !== null)
      throw new ShudiError('auth.token', 'No such token is live.');
    const by = actor === 'machine' ? MACHINE : personOf(state, actor.token).person.id;
    const own = 'person' in token.owner && token.owner.person === by;
    if (by !== MACHINE && !own) throw new ShudiError('auth.role', 'The token is of another person.');
    return { kind: 'token.revoked', actor: by, body: { token: id } };
  });
}
