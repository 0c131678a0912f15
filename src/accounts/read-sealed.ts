import { existsSync } from 'node:fs';
import type { SealedIdentity, Subject } from '../model/accounts.ts';
import { ShudiError } from '../model/errors.ts';
import { openDatabase, requireVersion } from '../platform/sqlite.ts';
import { vaultFault } from './vault-file.ts';
import { VAULT_VERSION } from './vault-schema.ts';

/** A sealed identity with the blind index that leads to it, which must be its own (see subjectIndex). */
export interface StoredIdentity extends SealedIdentity {
  readonly index: string;
}

const SUBJECT = /^[0-9a-f]{16}$/;

/**
 * The sealed identities of subjects, from a vault that may be in use; for the disclosure process. Needs no key and
 * writes nothing.
 * @returns for each subject its identity, or null when the vault does not know it
 * @throws ShudiError data.missing | data.damaged | data.version | vault.unavailable
 */
export function readSealed(path: string, subjects: readonly Subject[]): Map<Subject, StoredIdentity | null> {
  if (!existsSync(path)) throw new ShudiError('data.missing', 'There is no vault here.', path);
  let database: ReturnType<typeof openDatabase> | null = null;
  try {
    database = openDatabase(path, { readOnly: true });
    requireVersion(database, VAULT_VERSION, path);
    const find = database.prepare('SELECT account_index, month, sealed FROM subjects WHERE subject = ?');
    const found = new Map<Subject, StoredIdentity | null>();
    for (const subject of subjects) {
      const row = SUBJECT.test(subject) ? find.get(Buffer.from(subject, 'hex')) : undefined;
      const sealed = row?.['sealed'];
      const index = row?.['account_index'];
      const known =
        sealed instanceof Uint8Array && index instanceof Uint8Array
          ? { subject, month: Number(row?.['month']), sealed, index: Buffer.from(index).toString('latin1') }
          : null;
      found.set(subject, known);
    }
    return found;
  } catch (error) {
    throw vaultFault(error, path);
  } finally {
    database?.close();
  }
}
