import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ShudiError } from '../model/errors.ts';
import { sqliteCode } from './sqlite.ts';

/** A held lock of a data directory; the operating system frees it when the process dies, however it dies. */
export interface DirectoryLock {
  release(): void;
}

function tryLock(directory: string): DatabaseSync | null {
  const database = new DatabaseSync(join(directory, 'lock'), { timeout: 0 });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    if (sqliteCode(error) === 5) return null;
    throw error;
  }
}

/**
 * Takes the data directory for one recording process.
 * @throws ShudiError data.locked
 */
export function lockDirectory(directory: string): DirectoryLock {
  const database = tryLock(directory);
  if (database === null) throw new ShudiError('data.locked', 'The data directory is in use.', directory);
  return { release: () => database.close() };
}

/** Whether a recording process holds the directory now. */
export function isLocked(directory: string): boolean {
  const database = tryLock(directory);
  database?.close();
  return database === null;
}
