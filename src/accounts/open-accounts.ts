import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { BadgeDirectory, BadgePolicy, SessionDirectory, SubjectDirectory } from '../model/accounts.ts';
import { systemClock, type Clock } from '../model/time.ts';
import { loadBadges, type StoredBadges } from './badges.ts';
import { readSealingKey, readVaultKeys } from './key-files.ts';
import { createRememberingHash } from './keyed-hash.ts';
import { createSessionHub, type SessionHub } from './session-hub.ts';
import { createVaultSessions } from './session-store.ts';
import { createSessions } from './sessions.ts';
import { createVaultSubjects, type RandomBytes } from './subject-store.ts';
import { createSubjects } from './subjects.ts';
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
  /** For `serveAccounts`. */
  readonly shared: SharedAccounts;
  stats(): ReturnType<Vault['stats']>;
  /** Finishes what waits, then ends. */
  close(): Promise<void>;
}

/** What the directories of several processes are made of. */
export interface SharedAccounts {
  readonly hub: SessionHub;
  readonly badges: StoredBadges;
  readonly badgeKey: Uint8Array;
  /** The key of cookie tags. */
  readonly tagKey: Uint8Array;
  readonly limits: VaultLimits;
}

/** Bytes of the key of cookie tags. */
const TAG_KEY_BYTES = 32;

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
    const tagKey = randomBytes(TAG_KEY_BYTES);
    const hub = createSessionHub(createVaultSessions({ vault, keys, clock, limits }), tagKey);
    const member = hub.join((tag) => sessions.forget(tag));
    const sessions = createSessions({ store: member.store, tagKey, clock, limits });
    const index = createRememberingHash(keys.badge, limits.rememberedAccounts);
    const badges = await loadBadges({ vault, index, policy });
    return {
      subjects: createSubjects(createVaultSubjects(vault, keys.index, random), limits.rememberedSubjects),
      sessions,
      badges: badges.directory,
      disclosureKeyId: sealing.id.toString('hex'),
      shared: { hub, badges, badgeKey: keys.badge, tagKey, limits },
      stats: () => vault.stats(),
      close: () => vault.close(),
    };
  } catch (error) {
    await vault.close();
    throw error;
  }
}
