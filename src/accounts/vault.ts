import { ShudiError } from '../model/errors.ts';
import type { Millis } from '../model/time.ts';
import { startThread, type Thread } from '../platform/thread.ts';
import { createLane, type Lane, type LaneStats } from './lane.ts';
import type { PreparedSubject, SubjectRequest, VaultService, VaultThreadSetup } from './vault-thread.ts';
import type { VaultOutcome, VaultWrite } from './vault-store.ts';

/** Most items that share a commit: a bound on how long the first waits. */
const BATCH = 512;

/** Most identities that are sealed in one go, 0.1 ms each: a commit waits that long, so the two take turns. */
const SEAL_BATCH = 32;

/** The vault's thread, with the two lanes that lead to it. */
export interface Vault {
  /** All kinds of writes share their commits. */
  readonly commits: Lane<VaultWrite, VaultOutcome>;
  readonly seals: Lane<SubjectRequest, PreparedSubject>;
  readonly read: Thread<VaultService>['call'];
  stats(): { readonly commits: LaneStats; readonly seals: LaneStats };
  close(): Promise<void>;
}

export interface VaultLimits {
  /** Sessions that are kept; beyond it the oldest go first. */
  readonly sessions: number;
  /** How long a session's binding lasts from its `since`, milliseconds. */
  readonly sessionTtlMs: number;
  /** Accounts whose index is remembered, accounts whose subject is, cookies whose binding is. */
  readonly rememberedAccounts: number;
  readonly rememberedSubjects: number;
  readonly rememberedSessions: number;
  /** Calls that may wait for the disk. */
  readonly waiting: number;
}

export const DEFAULT_LIMITS: VaultLimits = {
  sessions: 2_000_000,
  sessionTtlMs: 30 * 86_400_000,
  rememberedAccounts: 100_000,
  rememberedSubjects: 200_000,
  rememberedSessions: 100_000,
  waiting: 20_000,
};

/** Sessions that began at or before this time have ended. */
export function endedBefore(now: Millis, limits: Pick<VaultLimits, 'sessionTtlMs'>): number {
  return now - limits.sessionTtlMs;
}

/** @throws ShudiError data.damaged | data.missing | data.version | key.wrong | vault.unavailable */
export async function startVault(setup: VaultThreadSetup, limits: VaultLimits): Promise<Vault> {
  const url = new URL('./vault-thread.ts', import.meta.url);
  const thread = await startThread<VaultService>(url, setup).catch(rethrow);
  const read: Vault['read'] = (method, argument) => thread.call(method, argument).catch(rethrow);
  const commits = createLane<VaultWrite, VaultOutcome>((writes) => read('commit', writes), {
    batch: BATCH,
    waiting: limits.waiting,
  });
  const seals = createLane<SubjectRequest, PreparedSubject>((requests) => read('prepare', requests), {
    batch: SEAL_BATCH,
    waiting: limits.waiting,
  });
  return {
    commits,
    seals,
    read,
    stats: () => ({ commits: commits.stats(), seals: seals.stats() }),
    close: async () => {
      await seals.drained();
      await commits.drained();
      await thread.stop();
    },
  };
}

/** A thread that has died is, to the vault's users, a vault that cannot be read or written. */
function rethrow(error: unknown): never {
  if (error instanceof ShudiError && error.code !== 'records.unavailable') throw error;
  throw new ShudiError('vault.unavailable', 'The vault has stopped.', null, error);
}
