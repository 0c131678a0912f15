import { createHmac } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { AccountId, Site } from '../model/accounts.ts';
import type { Latin1 } from './vault-store.ts';

/** The blind index of an account: the name under which the vault keeps it. */
export type AccountIndex = (site: Site, account: AccountId) => Latin1;

/**
 * HMAC-SHA-256 over `scope | 0 | name`, one character a byte. No scope holds a zero byte, so no two pairs run together.
 */
export function blindIndex(key: Buffer, scope: string, name: string): Latin1 {
  return createHmac('sha256', key).update(`${scope}\0${name}`).digest('latin1');
}

/** Remembers the index of the accounts of late: a hash costs ten times what a look-up does. */
export function createAccountIndex(key: Buffer, remembered: number): AccountIndex {
  const cache = new LRUCache<string, Latin1>({ max: remembered });
  return (site, account) => {
    const name = `${site}\0${account}`;
    const known = cache.get(name);
    if (known !== undefined) return known;
    const index = blindIndex(key, site, account);
    cache.set(name, index);
    return index;
  };
}
