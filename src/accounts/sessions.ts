import { LRUCache } from 'lru-cache';
import type { BoundSession, SessionDirectory, Site } from '../model/accounts.ts';
import type { Clock, Millis } from '../model/time.ts';
import { blindIndex } from './account-index.ts';
import type { VaultKeys } from './key-files.ts';
import { openSession, sealSession } from './session-seal.ts';
import { endedBefore, type Vault, type VaultLimits } from './vault.ts';
import type { VaultWrite } from './vault-store.ts';

export interface SessionOptions {
  readonly vault: Vault;
  readonly keys: Pick<VaultKeys, 'cookie' | 'session'>;
  readonly clock: Clock;
  readonly limits: VaultLimits;
}

interface Loading {
  answer: Promise<BoundSession | null>;
  /** A bind or unbind has come since the reading began: what is read may be of before. */
  stale: boolean;
}

/** See SessionDirectory. */
export function createSessions({ vault, keys, clock, limits }: SessionOptions): SessionDirectory {
  // Two caches, so that a flood of invented cookies cannot push out the known ones.
  const bound = new LRUCache<string, BoundSession>({ max: limits.rememberedSessions });
  const unbound = new LRUCache<string, true>({ max: limits.rememberedSessions });
  /** What was written but is not on disk yet: the newest write of each cookie. It must not be forgotten. */
  const pending = new Map<string, { readonly state: BoundSession | null }>();
  const loading = new Map<string, Loading>();

  const remember = (key: string, state: BoundSession | null): void => {
    if (state === null) {
      bound.delete(key);
      unbound.set(key, true);
    } else {
      unbound.delete(key);
      bound.set(key, state);
    }
  };
  const live = (state: BoundSession | null): BoundSession | null =>
    state !== null && state.since <= endedBefore(clock(), limits) ? null : state;

  const change = async (key: string, state: BoundSession | null, write: VaultWrite): Promise<void> => {
    const entry = { state };
    pending.set(key, entry);
    const reading = loading.get(key);
    if (reading !== undefined) reading.stale = true;
    let written = false;
    try {
      await vault.commits.add(write);
      written = true;
    } finally {
      if (pending.get(key) === entry) {
        pending.delete(key);
        bound.delete(key);
        unbound.delete(key);
        // After a failure only the disk knows what is true.
        if (written) remember(key, state);
      }
    }
  };

  const find = (key: string): BoundSession | null | undefined => {
    const writing = pending.get(key);
    if (writing !== undefined) return live(writing.state);
    const known = bound.get(key);
    if (known !== undefined) return live(known);
    return unbound.has(key) ? null : undefined;
  };

  const read = async (hash: string): Promise<BoundSession | null> => {
    const stored = await vault.read('session', hash);
    if (stored === null) return null;
    const account = openSession(keys.session, stored.sealed, hash, stored.since);
    return { account, since: stored.since as Millis };
  };
  const load = async (key: string, hash: string, mine: Loading): Promise<BoundSession | null> => {
    for (;;) {
      const known = find(key);
      if (known !== undefined) return known;
      mine.stale = false;
      const state = await read(hash);
      if (mine.stale) continue;
      remember(key, state);
      return live(state);
    }
  };

  const hashOf = (site: Site, cookie: string): string => blindIndex(keys.cookie, site, cookie);
  return {
    find: (site, cookie) => find(keyOf(site, cookie)),
    load: (site, cookie) => {
      const key = keyOf(site, cookie);
      const running = loading.get(key);
      if (running !== undefined) return running.answer;
      const mine: Loading = { stale: false, answer: Promise.resolve(null) };
      loading.set(key, mine);
      mine.answer = load(key, hashOf(site, cookie), mine).finally(() => loading.delete(key));
      return mine.answer;
    },
    bind: async (site, cookie, account, since) => {
      const key = keyOf(site, cookie);
      const known = pending.has(key) ? undefined : bound.get(key);
      if (known?.account === account && known.since === since) return;
      const hash = hashOf(site, cookie);
      const sealed = sealSession(keys.session, account, hash, since);
      await change(
        key,
        { account, since },
        {
          kind: 'bind',
          hash,
          sealed,
          since,
          endedBefore: endedBefore(clock(), limits),
        },
      );
    },
    unbind: async (site, cookie) => {
      const key = keyOf(site, cookie);
      if (!pending.has(key) && unbound.has(key)) return;
      await change(key, null, { kind: 'unbind', hash: hashOf(site, cookie) });
    },
  };
}

function keyOf(site: Site, cookie: string): string {
  return `${site}\0${cookie}`;
}
