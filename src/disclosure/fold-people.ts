import type { Site } from '../model/accounts.ts';
import { ShudiError } from '../model/errors.ts';
import type { Millis } from '../model/time.ts';
import { addToken, byMachine, endToken, refuse, voidGrants, type Handlers } from './fold-parts.ts';
import { checkNewPerson, checkNewToken, comparedName } from './names.ts';
import { canEnrol, livePerson } from './rules.ts';
import type { RegisterState, Role } from './state.ts';

interface NewPerson {
  readonly person: string;
  readonly name: string;
  readonly roles: readonly Role[];
}

function addPerson(state: RegisterState, { person: id, name, roles }: NewPerson, at: Millis): void {
  state.people.set(id, { id, name, roles, enrolledAt: at, removedAt: null });
}

/** The entries about people and tokens. */
export const PEOPLE_HANDLERS: Handlers<
  | 'people.bootstrapped'
  | 'person.proposed'
  | 'person.enrolled'
  | 'person.staff-enrolled'
  | 'person.removed'
  | 'token.issued'
  | 'token.revoked'
> = {
  'people.bootstrapped': (state, actor, { people }) => {
    byMachine(actor);
    refuse(state.people.size > 0, 'People are enrolled already.');
    const distinct = (pick: (item: (typeof people)[number]) => string): boolean =>
      new Set(people.map(pick)).size === people.length;
    refuse(!distinct((item) => comparedName(item.name)), 'Both have one name.');
    refuse(!distinct((item) => item.person) || !distinct((item) => item.token.hash), 'Both are one.');
    for (const item of people) {
      checkNewPerson(state, item.name, item.roles);
      checkNewToken(state, item.token);
    }
    return (at) => {
      for (const item of people) {
        addPerson(state, item, at);
        addToken(state, item.token, { person: item.person }, at);
      }
    };
  },
  'person.proposed': (state, actor, { person: id, name, roles, token }) => {
    refuse(!canEnrol(livePerson(state, actor).roles), 'The proposer has no such role.');
    refuse(state.people.has(id) || state.proposals.has(id), 'The id is taken.');
    checkNewPerson(state, name, roles);
    if (token !== null) checkNewToken(state, token);
    return (at) => state.proposals.set(id, { id, name, roles, token, proposedBy: actor, proposedAt: at });
  },
  'person.enrolled': (state, actor, { person }) => {
    const confirmer = livePerson(state, actor);
    const proposal = state.proposals.get(person);
    if (proposal === undefined) throw new ShudiError('auth.person', 'Nobody proposed this person.');
    const alone = proposal.proposedBy === confirmer.id;
    refuse(!canEnrol(confirmer.roles) || alone, 'Another person must confirm.');
    return (at) => {
      state.proposals.delete(person);
      addPerson(state, { ...proposal, person }, at);
      if (proposal.token !== null) addToken(state, proposal.token, { person }, at);
    };
  },
  'person.staff-enrolled': (state, actor, { person, name, roles, token }) => {
    byMachine(actor);
    refuse(canEnrol(roles), 'Two people must enrol a requester or an approver.');
    refuse(state.people.size === 0 || state.people.has(person), 'The id is taken, or nobody is enrolled.');
    checkNewPerson(state, name, roles);
    checkNewToken(state, token);
    return (at) => {
      addPerson(state, { person, name, roles }, at);
      addToken(state, token, { person }, at);
    };
  },
  'person.removed': (state, actor, { person: id }) => {
    byMachine(actor);
    const person = livePerson(state, id);
    return (at) => {
      state.people.set(id, { ...person, removedAt: at });
      for (const { owner, id: token } of state.tokens.values()) {
        if ('person' in owner && owner.person === id) endToken(state, token, at);
      }
      // Whom they proposed nobody vouches for any more.
      for (const proposal of state.proposals.values()) {
        if (proposal.proposedBy === id) state.proposals.delete(proposal.id);
      }
      const requester = (request: string): string | undefined => state.requests.get(request)?.requester;
      voidGrants(state, (grant) => grant.approver === id || requester(grant.request) === id);
    };
  },
  'token.issued': (state, actor, { token, owner }) => {
    checkNewToken(state, token);
    if ('site' in owner) {
      byMachine(actor);
      return (at) => addToken(state, token, { site: owner.site as Site }, at);
    }
    livePerson(state, owner.person);
    if (actor !== owner.person) byMachine(actor);
    return (at) => addToken(state, token, owner, at);
  },
  'token.revoked': (state, actor, { token: id }) => {
    const token = state.tokens.get(id);
    if (token === undefined || token.revokedAt !== null)
      throw new ShudiError('auth.token', 'No such token is live.');
    const own = 'person' in token.owner && token.owner.person === actor;
    if (!own) byMachine(actor);
    return (at) => endToken(state, id, at);
  },
};
