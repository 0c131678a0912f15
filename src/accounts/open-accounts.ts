import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { BadgeDirectory, BadgePolicy, SessionDirectory, SubjectDirectory } from '../model/accounts.ts';
import { systemClock, type Clock } from '../model/time.ts';
import { createAccountIndex } from './account-index.ts';
import { loadBadges } from './badges.ts';
import { readSealingKey, readVaultKeys } from './key-files.ts';
import { createSessions } from './sessions.ts';
import { createSubjects, type RandomBytes } from './subjects.ts';
import { DEFAULT_LIMITS, startVault, type Vault, type VaultLimits } from './vault.ts';
import { VAULT_FILE } from './vault-schema.ts';

export interface AccountsOptions {
  /** Where `vault.sqlite` lies. */
  readonly directory: string;
  /** Where `vault.key` and `disclosure.pub` lie. */
  readonly keysDirectory: string;
  readonly clock?: Clock;
  readonly limits?: Partial<VaultLimits>;
  /** Absent: every answer is shown as it is, and no province is remembered. */
  readonly badgePolicy?: BadgePolicy;
  readonly random?: RandomBytes;
}

export interface Accounts {
  readonly subjects: SubjectDirectory;
  readonly sessions: SessionDirectory;
  readonly badges: BadgeDirectory;
  /** Hex; names the disclosure key that identities are sealed to from now on. */
  readonly disclosureKeyId: string;
  stats(): ReturnType<Vault['stats']>;
  /** Finishes what waits, then ends. */
  close(): Promise<void>;
}

/**
 * Opens the vault, making it when it is not there, in a thread of its own; reads all badges into memory.
 * @throws ShudiError data.damaged | data.missing | data.permissions | data.version | key.missing | key.invalid |
 *   key.wrong | vault.unavailable
 */
export async function openAccounts(options: AccountsOptions): Promise<Accounts> {
  const {
    directory,
    keysDirectory,
    clock = systemClock,
    badgePolicy: policy = null,
    random = randomBytes,
  } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const keys = readVaultKeys(keysDirectory);
  const sealing = readSealingKey(keysDirectory);
  const pem = sealing.key.export({ type: 'spki', format: 'pem' });
  const vault = await startVault(
    {
      path: join(directory, VAULT_FILE),
      check: Uint8Array.from(keys.check),
      sealingKey: { pem, id: Uint8Array.from(sealing.id) },
      limits: { sessions: limits.sessions },
    },
    limits,
  );
  try {
    const index = createAccountIndex(keys.index, limits.rememberedAccounts);
    return {
      subjects: createSubjects({ vault, key: keys.index, random, remembered: limits.rememberedSubjects }),
      sessions: createSessions({ vault, keys, clock, limits }),
      badges: await loadBadges({ vault, index, policy }),
      disclosureKeyId: sealing.id.toString('hex'),
      stats: () => vault.stats(),
      close: () => vault.close(),
    };
  } catch (error) {
    await vault.close();
    throw error;
  }
}
