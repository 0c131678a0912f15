import { isV4 } from '../model/address.ts';
import type { BadgeDirectory, BadgePolicy } from '../model/accounts.ts';
import { DAY_MS } from '../model/time.ts';
import { createBadgeNumbers, type BadgeNumbers } from './badge-numbers.ts';
import { badgeAfter } from './badge-policy.ts';
import { INDEX_BYTES } from './badge-rows.ts';
import { createBadgeTable, type BadgeTable } from './badge-table.ts';
import type { KeyedHash } from './keyed-hash.ts';
import type { Vault } from './vault.ts';
import type { Latin1 } from './vault-store.ts';

export interface BadgeOptions {
  readonly vault: Vault;
  /** The blind index of an account, with the badge key. */
  readonly index: KeyedHash;
  readonly policy: BadgePolicy | null;
}

/** Told of each badge once it is stored, in that order; `number` as in `numbers`. */
export type BadgeListener = (index: Latin1, number: number) => void;

/** All badges in memory: about 24 to 48 bytes an account. */
export interface StoredBadges {
  readonly directory: BadgeDirectory;
  /** The number of each account's stored badge. */
  readonly table: BadgeTable;
  readonly numbers: BadgeNumbers;
  readonly listeners: Set<BadgeListener>;
}

interface PendingBadge {
  readonly number: number;
  readonly written: Promise<void>;
}

/** See BadgeDirectory. */
export async function loadBadges({ vault, index, policy }: BadgeOptions): Promise<StoredBadges> {
  const numbers = createBadgeNumbers();
  const table = createBadgeTable();
  const listeners = new Set<BadgeListener>();
  await readAll(vault, numbers, table);
  /** The newest badge of each account whose write is under way. */
  const pending = new Map<Latin1, PendingBadge>();

  const write = async (account: Latin1, number: number): Promise<void> => {
    const written = vault.commits
      .add({ kind: 'badge', index: account, row: numbers.row(number) })
      .then(() => {
        table.set(account, number);
        for (const listener of listeners) listener(account, number);
      })
      .finally(() => {
        if (pending.get(account)?.written === written) pending.delete(account);
      });
    pending.set(account, { number, written });
    await written;
  };

  const directory: BadgeDirectory = {
    get: (site, account) => {
      const number = table.get(index(site, account));
      return number === -1 ? null : (numbers.shown[numbers.placeOf(number)] ?? null);
    },
    publish: async (site, account, region, address, at) => {
      const key = index(site, account);
      const underway = pending.get(key);
      const previous = underway?.number ?? table.get(key);
      const before = previous === -1 ? null : numbers.row(previous);
      const next = numbers.of(badgeAfter(before, region, isV4(address), Math.floor(at / DAY_MS), policy));
      // Equal badges have one number, so this compares them whole.
      if (next !== previous) await write(key, next);
      else await underway?.written;
    },
  };
  return { directory, table, numbers, listeners };
}

/** About 3 s for a million accounts: one page is read while the one before is taken over. */
async function readAll(vault: Vault, numbers: BadgeNumbers, table: BadgeTable): Promise<void> {
  let page = await vault.read('badges', '');
  while (page.which.length > 0) {
    const indexes = Buffer.from(page.indexes.buffer, page.indexes.byteOffset, page.indexes.byteLength);
    const next = vault.read('badges', indexes.toString('latin1', indexes.length - INDEX_BYTES));
    const rows = page.rows.map((row) => numbers.ofStored(row));
    page.which.forEach((which, at) => {
      const start = at * INDEX_BYTES;
      table.setKey(indexes.readUInt32BE(start), indexes.readUInt32BE(start + 4), rows[which] ?? 0);
    });
    page = await next;
  }
}
