import type { Badge } from '../model/accounts.ts';
import { ShudiError } from '../model/errors.ts';
import { createBadgeTable } from './badge-table.ts';
import type { Latin1 } from './vault-store.ts';

/** A worker's copy of all badges, as the main process feeds it. */
export interface BadgeReplica {
  get(index: Latin1): Badge | null;
  /** Takes a BadgePageMessage. @throws ShudiError internal.fault, and then nothing of it has been taken */
  takePage(message: unknown): void;
  /** Takes a BadgeUpdate, which is newer than any page. */
  takeUpdate(message: unknown): void;
}

export function createBadgeReplica(): BadgeReplica {
  const table = createBadgeTable();
  const shown: Badge[] = [];
  return {
    get: (index) => {
      const place = table.get(index);
      return place === -1 ? null : (shown[place] ?? null);
    },
    takePage: (message) => {
      const fields = fieldsOf(message);
      const { accounts, keys, values } = fields;
      const fresh = badgesOf(fields['shown']);
      if (!isCount(accounts) || !(keys instanceof Uint32Array) || !(values instanceof Uint32Array))
        throw malformed();
      if (keys.length !== values.length * 2) throw malformed();
      shown.push(...fresh);
      table.reserve(accounts);
      values.forEach((value, at) => table.addKey(keys[2 * at] ?? 0, keys[2 * at + 1] ?? 0, value));
    },
    takeUpdate: (message) => {
      const fields = fieldsOf(message);
      const { high, low, value } = fields;
      const fresh = badgesOf(fields['shown']);
      if (!isCount(high) || !isCount(low) || !isCount(value)) throw malformed();
      shown.push(...fresh);
      table.setKey(high, low, value);
    },
  };
}

function fieldsOf(message: unknown): { readonly [name: string]: unknown } {
  if (typeof message !== 'object' || message === null) throw malformed();
  return { ...message };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32;
}

function badgesOf(value: unknown): readonly Badge[] {
  if (!Array.isArray(value)) throw malformed();
  return value.map((entry) => {
    const { code, source, dataVersion } = fieldsOf(entry);
    if (typeof code !== 'string' || typeof source !== 'string' || typeof dataVersion !== 'string')
      throw malformed();
    return Object.freeze({ code, source, dataVersion });
  });
}

function malformed(): ShudiError {
  return new ShudiError('internal.fault', 'Badges came in a form that makes no sense.');
}
