import { LRUCache } from 'lru-cache';
import type { BoundSession, SessionDirectory } from '../model/accounts.ts';
import type { Clock } from '../model/time.ts';
import { createRememberingHash } from './keyed-hash.ts';
import type { SessionStore } from './session-store.ts';
import { endedBefore, type VaultLimits } from './vault.ts';
import type { Latin1 } from './vault-store.ts';

/**
 * What processes call a cookie of a site by among themselves: a hash with a key that is drawn anew at each start. So no
 * process learns the cookies that come to another one.
 */
export type CookieTag = Latin1;

export interface SessionOptions {
  readonly store: SessionStore;
  /** The key of the tags. */
  readonly tagKey: Uint8Array;
  readonly clock: Clock;
  readonly limits: Pick<VaultLimits, 'rememberedSessions' | 'sessionTtlMs'>;
}

/** A SessionDirectory that can be told that others have changed what is stored. */
export interface CachedSessions extends SessionDirectory {
  /**
   * Another user of the store has changed a cookie: nothing that was read before may be shown from now on. A write of
   * ours that is under way comes after that change, and stays.
   */
  forget(tag: CookieTag): void;
  forgetAll(): void;
}

interface Loading {
  answer: Promise<BoundSession | null>;
  /** A change has come since the reading began: what is read may be of before. */
  stale: boolean;
}

/** See SessionDirectory. */
export function createSessions({ store, tagKey, clock, limits }: SessionOptions): CachedSessions {
  const tagOf = createRememberingHash(tagKey, limits.rememberedSessions);
  // Two caches, so that a flood of invented cookies cannot push out the known ones.
  const bound = new LRUCache<CookieTag, BoundSession>({ max: limits.rememberedSessions });
  const unbound = new LRUCache<CookieTag, true>({ max: limits.rememberedSessions });
  /** What was written but is not on disk yet: the newest write of each cookie. It must not be forgotten. */
  const pending = new Map<CookieTag, { readonly state: BoundSession | null }>();
  const loading = new Map<CookieTag, Loading>();
  let listener: (tag: string | null) => void = () => undefined;

  const drop = (tag: CookieTag): void => {
    bound.delete(tag);
    unbound.delete(tag);
  };
  const remember = (tag: CookieTag, state: BoundSession | null): void => {
    drop(tag);
    if (state === null) unbound.set(tag, true);
    else bound.set(tag, state);
  };
  const live = (state: BoundSession | null): BoundSession | null =>
    state !== null && state.since <= endedBefore(clock(), limits) ? null : state;

  const change = async (
    tag: CookieTag,
    state: BoundSession | null,
    write: () => Promise<void>,
  ): Promise<void> => {
    const entry = { state };
    pending.set(tag, entry);
    const reading = loading.get(tag);
    if (reading !== undefined) reading.stale = true;
    let written = false;
    try {
      await write();
      written = true;
    } finally {
      if (pending.get(tag) === entry) {
        pending.delete(tag);
        // After a failure only the disk knows what is true.
        if (written) remember(tag, state);
        else drop(tag);
      }
    }
  };

  const find = (tag: CookieTag): BoundSession | null | undefined => {
    const writing = pending.get(tag);
    if (writing !== undefined) return live(writing.state);
    const known = bound.get(tag);
    if (known !== undefined) return live(known);
    return unbound.has(tag) ? null : undefined;
  };

  const load = async (
    tag: CookieTag,
    read: () => Promise<BoundSession | null>,
    mine: Loading,
  ): Promise<BoundSession | null> => {
    for (;;) {
      const known = find(tag);
      if (known !== undefined) return known;
      mine.stale = false;
      const state = await read();
      if (mine.stale) continue;
      remember(tag, state);
      return live(state);
    }
  };

  return {
    find: (site, cookie) => find(tagOf(site, cookie)),
    load: (site, cookie) => {
      const tag = tagOf(site, cookie);
      const running = loading.get(tag);
      if (running !== undefined) return running.answer;
      const mine: Loading = { stale: false, answer: Promise.resolve(null) };
      loading.set(tag, mine);
      const read = (): Promise<BoundSession | null> => store.read(site, cookie);
      mine.answer = load(tag, read, mine).finally(() => loading.delete(tag));
      return mine.answer;
    },
    bind: async (site, cookie, account, since) => {
      const tag = tagOf(site, cookie);
      const known = pending.has(tag) ? undefined : bound.get(tag);
      if (known?.account === account && known.since === since) return;
      await change(tag, { account, since }, () => store.bind(site, cookie, account, since));
    },
    unbind: async (site, cookie) => {
      const tag = tagOf(site, cookie);
      if (!pending.has(tag) && unbound.has(tag)) return;
      await change(tag, null, () => store.unbind(site, cookie));
    },
    tagOf,
    changed: (site, cookie) => store.changed(site, cookie),
    onChanged: (told) => {
      listener = told;
    },
    forget: (tag) => {
      listener(tag);
      drop(tag);
      const reading = loading.get(tag);
      if (reading !== undefined) reading.stale = true;
    },
    forgetAll: () => {
      listener(null);
      bound.clear();
      unbound.clear();
      for (const reading of loading.values()) reading.stale = true;
    },
  };
}
