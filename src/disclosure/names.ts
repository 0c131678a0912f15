import { ShudiError } from '../model/errors.ts';
import type { RegisterState, Role } from './state.ts';

/** A name as it is compared: two spellings that look alike are one person. */
export function comparedName(name: string): string {
  return name.normalize('NFKC').trim().replace(/\s+/gu, ' ').toLowerCase();
}

/**
 * Checks who is to be enrolled. Names must differ, so that one human is not two people by mistake; the roles of those
 * who watch (supervisor) and who run the machine (operator) are kept apart from those who ask.
 * @throws ShudiError auth.person-invalid | auth.name-taken
 */
export function checkNewPerson(state: RegisterState, name: string, roles: readonly Role[]): void {
  if (!/^[^\p{Cc}\p{Cs}]{1,100}$/u.test(name) || comparedName(name) === '') {
    throw new ShudiError('auth.person-invalid', 'A name has 1 to 100 printable characters.', 'name');
  }
  const apart = roles.includes('supervisor') || roles.includes('operator');
  if (roles.length === 0 || new Set(roles).size !== roles.length || (apart && roles.length > 1)) {
    throw new ShudiError('auth.person-invalid', 'Supervisor and operator go with no other role.', 'roles');
  }
  const wanted = comparedName(name);
  const taken = [...state.people.values()].some(
    (person) => person.removedAt === null && comparedName(person.name) === wanted,
  );
  const waiting = [...state.proposals.values()].some((proposal) => comparedName(proposal.name) === wanted);
  if (taken || waiting) throw new ShudiError('auth.name-taken', 'This name is in use.', 'name');
}

/** @throws ShudiError auth.token-taken */
export function checkNewToken(
  state: RegisterState,
  token: { readonly id: string; readonly hash: string },
): void {
  const waiting = [...state.proposals.values()].some((proposal) => proposal.token?.hash === token.hash);
  if (state.tokens.has(token.id) || state.tokensByHash.has(token.hash) || waiting) {
    throw new ShudiError('auth.token-taken', 'This token belongs to somebody.', 'tokenHash');
  }
}
