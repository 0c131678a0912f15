import { ShudiError } from '../model/errors.ts';
import type { Millis } from '../model/time.ts';
import type { EntryBody, EntryKind } from './entries.ts';
import { MACHINE } from './rules.ts';
import type { Grant, RegisterState, TokenOwner } from './state.ts';

/** What an entry does to the state, at the time of the entry. Must not fail. */
export type Change = (at: Millis) => void;

/** For each kind: checks all rules and changes nothing, then gives the change. */
export type Handlers<Kinds extends EntryKind> = {
  readonly [Kind in Kinds]: (state: RegisterState, actor: string, body: EntryBody<Kind>) => Change;
};

/** A rule that no person can break by what they send; only a wrong program or a forged entry does. */
export function refuse(condition: boolean, detail: string): void {
  if (condition) throw new ShudiError('journal.invalid', detail);
}

export function byMachine(actor: string): void {
  refuse(actor !== MACHINE, 'Only who works on the machine may do this.');
}

/** The token that an entry names must be its actor's. */
export function sameActor(actor: string, person: { readonly id: string }): void {
  refuse(person.id !== actor, 'The actor is not the owner of the token.');
}

export function addToken(
  state: RegisterState,
  { id, hash }: { readonly id: string; readonly hash: string },
  owner: TokenOwner,
  at: Millis,
): void {
  state.tokens.set(id, { id, hash, owner, issuedAt: at, revokedAt: null });
  state.tokensByHash.set(hash, id);
}

/** Revokes a token; what was approved with it and not used is void. */
export function endToken(state: RegisterState, id: string, at: Millis): void {
  const token = state.tokens.get(id);
  if (token === undefined || token.revokedAt !== null) return;
  state.tokens.set(id, { ...token, revokedAt: at });
  voidGrants(state, (grant) => grant.token === id);
}

export function voidGrants(state: RegisterState, which: (grant: Grant) => boolean): void {
  for (const grant of state.grants.values()) {
    if (grant.state === 'unused' && which(grant)) state.grants.set(grant.id, { ...grant, state: 'void' });
  }
}
