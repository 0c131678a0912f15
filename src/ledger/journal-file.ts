import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { ShudiError } from '../model/errors.ts';
import { createDatabaseOnce } from '../platform/create-database.ts';
import { isDamage, openDatabase, sqliteCode } from '../platform/sqlite.ts';
import { JOURNAL_SCHEMA, requireSchema } from './schema.ts';

const BUSY = 5;
const OPEN_ATTEMPTS = 250;
const OPEN_PAUSE_MS = 20;

/**
 * Opens the journal for appending; makes it when it is not there, whole or not at all, so that an empty file can only
 * be a damaged one.
 * @throws ShudiError journal.broken | journal.unavailable | data.missing | data.version
 */
export function openJournalFile(path: string): DatabaseSync {
  if (!existsSync(dirname(path)))
    throw new ShudiError('data.missing', 'The data directory does not exist.', dirname(path));
  try {
    if (!existsSync(path)) createJournalFile(path);
    if (statSync(path).size === 0) throw new ShudiError('journal.broken', 'The journal file is empty.', path);
    return openPatiently(path);
  } catch (error) {
    throw journalFault(error, path);
  }
}

function createJournalFile(path: string): void {
  // SQLite would play a left-over log into the new file.
  if (existsSync(`${path}-wal`))
    throw new ShudiError('journal.broken', 'The journal file is gone, but not its log.', path);
  createDatabaseOnce(path, (database) => database.exec(JOURNAL_SCHEMA));
}

/** SQLite's own waiting does not cover the first moments of a file (log recovery, the switch to WAL). */
function openPatiently(path: string): DatabaseSync {
  for (let attempt = 1; ; attempt++) {
    try {
      const database = openDatabase(path);
      try {
        requireSchema(database, path);
        return database;
      } catch (error) {
        database.close();
        throw error;
      }
    } catch (error) {
      if (sqliteCode(error) !== BUSY || attempt === OPEN_ATTEMPTS) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, OPEN_PAUSE_MS);
    }
  }
}

/** Any failure of the journal as the error that its users know. */
export function journalFault(error: unknown, path: string): ShudiError {
  if (error instanceof ShudiError) return error;
  if (isDamage(error))
    return new ShudiError('journal.broken', 'The journal file is damaged; nothing was changed.', path, error);
  return new ShudiError('journal.unavailable', 'The journal cannot be read or written.', path, error);
}
