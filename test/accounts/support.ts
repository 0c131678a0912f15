import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureVaultKey } from '../../src/accounts/key-files.ts';
import { openAccounts, type Accounts, type AccountsOptions } from '../../src/accounts/open-accounts.ts';
import { createDisclosureKey } from '../../src/disclosure/disclosure-key.ts';
import type { AccountId, Site } from '../../src/model/accounts.ts';
import type { IpAddress } from '../../src/model/address.ts';
import type { RegionAnswer } from '../../src/model/region.ts';
import type { Millis } from '../../src/model/time.ts';

export const FORUM = 'forum' as Site;
export const WIKI = 'wiki' as Site;
export const V4 = '113.66.1.1' as IpAddress;
export const V6 = '240e::1' as IpAddress;

export const NOVEMBER = Date.UTC(2026, 10, 22) as Millis;
export const DECEMBER = Date.UTC(2026, 11, 1) as Millis;

export function account(name: string): AccountId {
  return name as AccountId;
}

export function region(code: string, dataVersion = '2024-02'): RegionAnswer {
  return { code, source: 'ip2region', dataVersion, reason: null };
}

/** A data directory with new keys. */
export interface Home {
  readonly directory: string;
  readonly keysDirectory: string;
  readonly vaultPath: string;
  open(options?: Partial<AccountsOptions>): Promise<Accounts>;
}

export function createHome(parent: string, name: string): Home {
  const directory = join(parent, name);
  const keysDirectory = join(directory, 'keys');
  mkdirSync(directory);
  ensureVaultKey(keysDirectory);
  createDisclosureKey(keysDirectory);
  return {
    directory,
    keysDirectory,
    vaultPath: join(directory, 'vault.sqlite'),
    open: (options = {}) => openAccounts({ directory, keysDirectory, clock: () => NOVEMBER, ...options }),
  };
}

/** How many commits the vault has made. */
export function commits(accounts: Accounts): number {
  return accounts.stats().commits.runs;
}
