import { timingSafeEqual } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { ShudiError } from '../model/errors.ts';
import { createDatabaseOnce } from '../platform/create-database.ts';
import { isDamage, openDatabase, requireVersion } from '../platform/sqlite.ts';
import { VAULT_SCHEMA, VAULT_VERSION } from './vault-schema.ts';

/**
 * Opens the vault for writing; makes it when it is not there, whole or not at all. A damaged one is refused and left
 * as it is: the identities in it cannot be made again.
 * @param check  the key's fingerprint, which must be the one that the vault was begun with
 * @throws ShudiError data.damaged | data.missing | data.version | key.wrong | vault.unavailable
 */
export function openVaultFile(path: string, check: Uint8Array): DatabaseSync {
  if (!existsSync(dirname(path)))
    throw new ShudiError('data.missing', 'The data directory does not exist.', dirname(path));
  let database: DatabaseSync | null = null;
  try {
    if (!existsSync(path)) createVaultFile(path, check);
    if (statSync(path).size === 0) throw damaged(path);
    database = openDatabase(path);
    // What is deleted is overwritten: a session that has ended should not be found in a free page.
    database.exec('PRAGMA secure_delete = ON');
    requireVersion(database, VAULT_VERSION, path);
    requireWhole(database, path);
    const stored = database.prepare("SELECT value FROM meta WHERE name = 'key-check'").get()?.['value'];
    if (!(stored instanceof Uint8Array) || stored.length !== check.length) throw damaged(path);
    if (!timingSafeEqual(stored, check))
      throw new ShudiError('key.wrong', 'The vault was made with another vault key.', path);
    return database;
  } catch (error) {
    database?.close();
    throw vaultFault(error, path);
  }
}

function createVaultFile(path: string, check: Uint8Array): void {
  // SQLite would play a left-over log into the new file.
  if (existsSync(`${path}-wal`)) throw damaged(path);
  createDatabaseOnce(path, (database) => {
    database.exec(VAULT_SCHEMA);
    database.prepare("INSERT INTO meta (name, value) VALUES ('key-check', ?)").run(check);
  });
}

/** Reads every page once: better a longer start than a fault that shows on the day of a disclosure. */
function requireWhole(database: DatabaseSync, path: string): void {
  const row = database.prepare('PRAGMA quick_check(1)').get();
  if (row?.['quick_check'] !== 'ok') throw damaged(path);
}

function damaged(path: string, cause?: unknown): ShudiError {
  return new ShudiError(
    'data.damaged',
    'The vault is damaged; it was left as it is and must be restored.',
    path,
    cause,
  );
}

/** Any failure of the vault as the error that its users know. */
export function vaultFault(error: unknown, path: string): ShudiError {
  if (error instanceof ShudiError) return error;
  if (isDamage(error)) return damaged(path, error);
  return new ShudiError('vault.unavailable', 'The vault cannot be read or written.', path, error);
}
