import { isV4 } from '../model/address.ts';
import type { Badge, BadgeDirectory, BadgePolicy } from '../model/accounts.ts';
import { DAY_MS } from '../model/time.ts';
import type { AccountIndex } from './account-index.ts';
import { badgeAfter } from './badge-policy.ts';
import { badgeKey, INDEX_BYTES, type BadgeRow } from './badge-rows.ts';
import type { Vault } from './vault.ts';
import type { Latin1 } from './vault-store.ts';

export interface BadgeOptions {
  readonly vault: Vault;
  readonly index: AccountIndex;
  readonly policy: BadgePolicy | null;
}

interface PendingBadge {
  readonly row: BadgeRow;
  readonly written: Promise<void>;
}

/** See BadgeDirectory. All badges are in memory: about 150 bytes an account. */
export async function loadBadges({ vault, index, policy }: BadgeOptions): Promise<BadgeDirectory> {
  const intern = createInterning();
  const durable = await readAll(vault, intern);
  /** The newest badge of each account whose write is under way. */
  const pending = new Map<Latin1, PendingBadge>();

  const write = async (account: Latin1, row: BadgeRow): Promise<void> => {
    const written = vault.commits
      .add({ kind: 'badge', index: account, row })
      .then(() => void durable.set(account, row))
      .finally(() => {
        if (pending.get(account)?.written === written) pending.delete(account);
      });
    pending.set(account, { row, written });
    await written;
  };

  return {
    get: (site, account): Badge | null => {
      const row = durable.get(index(site, account));
      return row === undefined ? null : { code: row.code, source: row.source, dataVersion: row.dataVersion };
    },
    publish: async (site, account, region, address, at) => {
      const key = index(site, account);
      const underway = pending.get(key);
      const previous = underway?.row ?? durable.get(key) ?? null;
      const next = intern(badgeAfter(previous, region, isV4(address), Math.floor(at / DAY_MS), policy));
      // Equal badges are one object, so this compares them whole.
      if (next !== previous) await write(key, next);
      else await underway?.written;
    },
  };
}

/** There are far fewer different badges than accounts: equal ones become one object. */
function createInterning(): (row: BadgeRow) => BadgeRow {
  const table = new Map<string, BadgeRow>();
  return (row) => {
    const key = badgeKey(row);
    const known = table.get(key);
    if (known !== undefined) return known;
    table.set(key, row);
    return row;
  };
}

/** About 3 s for a million accounts: one page is read while the one before is taken over. */
async function readAll(vault: Vault, intern: (row: BadgeRow) => BadgeRow): Promise<Map<Latin1, BadgeRow>> {
  const badges = new Map<Latin1, BadgeRow>();
  let page = await vault.read('badges', '');
  while (page.which.length > 0) {
    const indexes = Buffer.from(page.indexes.buffer, page.indexes.byteOffset, page.indexes.byteLength);
    const next = vault.read('badges', indexes.toString('latin1', indexes.length - INDEX_BYTES));
    const rows = page.rows.map(intern);
    page.which.forEach((which, at) => {
      // A string of its own: a slice of one long string would keep that string alive.
      const index = indexes.toString('latin1', at * INDEX_BYTES, (at + 1) * INDEX_BYTES);
      badges.set(index, rows[which] as BadgeRow);
    });
    page = await next;
  }
  return badges;
}
