import type { AccountId, BoundSession, Site } from '../model/accounts.ts';
import type { Clock, Millis } from '../model/time.ts';
import { blindIndex } from './account-index.ts';
import type { VaultKeys } from './key-files.ts';
import { openSession, sealSession } from './session-seal.ts';
import { endedBefore, type Vault, type VaultLimits } from './vault.ts';

/** Where sessions are stored, without any memory of its own: the vault, or the way to it. */
export interface SessionStore {
  /** What is stored, also when its time is over. */
  read(site: Site, cookie: string): Promise<BoundSession | null>;
  /** On stable storage when it resolves. Calls for one cookie take effect in their order. */
  bind(site: Site, cookie: string, account: AccountId, since: Millis): Promise<void>;
  unbind(site: Site, cookie: string): Promise<void>;
  /** What the cookie stands for was changed, and is stored elsewhere. */
  changed(site: Site, cookie: string): Promise<void>;
}

export interface VaultSessionOptions {
  readonly vault: Vault;
  readonly keys: Pick<VaultKeys, 'cookie' | 'session'>;
  readonly clock: Clock;
  readonly limits: VaultLimits;
}

/** The sessions of the vault: cookies as keyed hashes, accounts sealed. */
export function createVaultSessions({ vault, keys, clock, limits }: VaultSessionOptions): SessionStore {
  const hashOf = (site: Site, cookie: string): string => blindIndex(keys.cookie, site, cookie);
  return {
    read: async (site, cookie) => {
      const hash = hashOf(site, cookie);
      const stored = await vault.read('session', hash);
      if (stored === null) return null;
      const account = openSession(keys.session, stored.sealed, hash, stored.since);
      return { account, since: stored.since as Millis };
    },
    bind: async (site, cookie, account, since) => {
      const hash = hashOf(site, cookie);
      const sealed = sealSession(keys.session, account, hash, since);
      const ended = endedBefore(clock(), limits);
      await vault.commits.add({ kind: 'bind', hash, sealed, since, endedBefore: ended });
    },
    unbind: async (site, cookie) => {
      await vault.commits.add({ kind: 'unbind', hash: hashOf(site, cookie) });
    },
    changed: () => Promise.resolve(),
  };
}
