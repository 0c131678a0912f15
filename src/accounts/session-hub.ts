import { ShudiError } from '../model/errors.ts';
import { createCookieTurns, type Origin } from './cookie-turns.ts';
import { createKeyedHash } from './keyed-hash.ts';
import type { CookieTag } from './sessions.ts';
import type { SessionStore } from './session-store.ts';
import type { Site } from '../model/accounts.ts';

/** One store for several users, each with a memory of its own. */
export interface SessionHub {
  /**
   * @param forget  called when another user has changed a cookie; that other's call resolves only when this has. It
   *   must not reject: a user that cannot be told has to be ended.
   */
  join(forget: (tag: CookieTag) => void | Promise<void>): SessionMember;
}

export interface SessionMember {
  readonly store: SessionStore;
  leave(): void;
}

/** @param tagKey  the key of cookie tags, the same for every user */
export function createSessionHub(store: SessionStore, tagKey: Uint8Array): SessionHub {
  const tagOf = createKeyedHash(tagKey);
  const members = new Map<Origin, (tag: CookieTag) => void | Promise<void>>();
  const inTurn = createCookieTurns();

  const tellOthers = async (tag: CookieTag, origin: Origin): Promise<void> => {
    const told: Promise<void>[] = [];
    for (const [member, forget] of members) if (member !== origin) told.push(Promise.resolve(forget(tag)));
    await Promise.all(told);
  };
  const change = (origin: Origin, site: Site, cookie: string, write: () => Promise<void>): Promise<void> => {
    const tag = tagOf(site, cookie);
    return inTurn(tag, origin, async () => {
      try {
        await write();
      } catch (error) {
        // A failed write may be stored all the same; a refused one is not.
        if (!(error instanceof ShudiError && error.code === 'vault.busy')) await tellOthers(tag, origin);
        throw error;
      }
      await tellOthers(tag, origin);
    });
  };

  return {
    join: (forget) => {
      const origin: Origin = Symbol('user of sessions');
      members.set(origin, forget);
      return {
        store: {
          read: (site, cookie) => store.read(site, cookie),
          bind: (site, cookie, account, since) =>
            change(origin, site, cookie, () => store.bind(site, cookie, account, since)),
          unbind: (site, cookie) => change(origin, site, cookie, () => store.unbind(site, cookie)),
          changed: (site, cookie) => change(origin, site, cookie, () => store.changed(site, cookie)),
        },
        leave: () => void members.delete(origin),
      };
    },
  };
}
