import { createPublicKey } from 'node:crypto';
import type { Identity, Subject } from '../model/accounts.ts';
import { serveThread } from '../platform/thread.ts';
import type { BadgePage } from './badge-rows.ts';
import { createSealer } from './seal-identity.ts';
import type { StoredSession } from './session-table.ts';
import { openVault, type Latin1, type VaultOutcome, type VaultWrite } from './vault-store.ts';

export interface VaultThreadSetup {
  readonly path: string;
  readonly check: Uint8Array;
  readonly sealingKey: { readonly pem: string; readonly id: Uint8Array };
  readonly limits: { readonly sessions: number };
}

/** An account that may need a subject, with the one that it would get. */
export interface SubjectRequest {
  readonly index: Latin1;
  readonly month: number;
  readonly identity: Identity;
  readonly subject: Subject;
}

/** Either the subject that the account has, or its identity sealed for the offered one. */
export type PreparedSubject = { readonly existing: string } | { readonly sealed: Uint8Array };

export type VaultService = {
  commit(writes: readonly VaultWrite[]): VaultOutcome[];
  prepare(requests: readonly SubjectRequest[]): Promise<PreparedSubject[]>;
  subjects(indexes: readonly Latin1[]): string[];
  session(hash: Latin1): StoredSession | null;
  badges(after: Latin1): BadgePage;
  close(argument: null): void;
};

serveThread<VaultThreadSetup, VaultService>(({ path, check, sealingKey, limits }) => {
  const vault = openVault(path, check, limits);
  const seal = createSealer(createPublicKey(sealingKey.pem), sealingKey.id);
  const prepare = async ({ index, month, identity, subject }: SubjectRequest): Promise<PreparedSubject> => {
    const existing = vault.subjects([index])[0];
    return existing === undefined ? { sealed: await seal(identity, subject, month) } : { existing };
  };
  return {
    commit: (writes) => vault.commit(writes),
    // Holds up the commits behind it for some 3 ms, see SEAL_BATCH.
    prepare: (requests) => Promise.all(requests.map(prepare)),
    subjects: (indexes) => vault.subjects(indexes),
    session: (hash) => vault.session(hash),
    badges: (after) => vault.badges(after),
    close: () => vault.close(),
  };
});
