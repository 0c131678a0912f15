import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ShudiError } from '../model/errors.ts';
import { sqliteCode } from './sqlite.ts';

/** A held lock of a data directory; the operating system frees it when the process dies, however it dies. */
export interface DirectoryLock {
  release(): void;
}

function tryLock(directory: string, name: string, timeout: number): DatabaseSync | null {
  const database = new DatabaseSync(join(directory, name), { timeout });
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

/** What is held: a database that nobody refers to would be closed by the garbage collector, and the lock with it. */
const held = new Set<DatabaseSync>();

/** Who only looks holds it for a moment, which is waited for. */
const LOOK_MS = 500;

/**
 * Takes the data directory for one recording process.
 * @param name  of the lock's file; one directory may have locks for different ends
 * @throws ShudiError data.locked
 */
export function lockDirectory(directory: string, name = 'lock'): DirectoryLock {
  const database = tryLock(directory, name, LOOK_MS);
  if (database === null) throw new ShudiError('data.locked', 'The data directory is in use.', directory);
  held.add(database);
  return {
    release: () => {
      if (held.delete(database)) database.close();
    },
  };
}

/**
 * Whether a recording process holds the directory now. Looks without taking the lock, so that two who look at once do
 * not see each other.
 */
export function isLocked(directory: string): boolean {
  const path = join(directory, 'lock');
  if (!existsSync(path)) return false;
  const database = new DatabaseSync(path, { readOnly: true, timeout: 0 });
  try {
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return false;
  } catch (error) {
    if (sqliteCode(error) === 5) return true;
    throw error;
  } finally {
    database.close();
  }
}
