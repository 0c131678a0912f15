import { createHmac } from 'node:crypto';
import type { AccountId, Site } from '../model/accounts.ts';
import type { Latin1 } from './vault-store.ts';

/**
 * HMAC-SHA-256 over `scope | 0 | name`, one character a byte. No scope holds a zero byte, so no two pairs run together.
 */
export function blindIndex(key: Buffer, scope: string, name: string): Latin1 {
  return createHmac('sha256', key).update(`${scope}\0${name}`).digest('latin1');
}

/**
 * The blind index of an account's subject in a month. Another month gives another index: without the key nothing in the
 * vault ties the subjects of two months together (R6).
 */
export function subjectIndex(key: Buffer, site: Site, account: AccountId, month: number): Latin1 {
  return blindIndex(key, `subject ${month} ${site}`, account);
}
