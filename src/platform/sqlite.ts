import { renameSync, existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { ShudiError } from '../model/errors.ts';

/**
 * `fsync`: a commit is on stable storage when it returns. `os`: it is with the operating system, which a process
 * kill survives and a power loss may not. What each costs: docs/guarantees.md.
 */
export type Durability = 'fsync' | 'os';

/** Opens a database file with the settings that the guarantees stand on. A connection waits 5 s for a lock. */
export function openDatabase(
  path: string,
  options: { durability?: Durability; readOnly?: boolean } = {},
): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: options.readOnly ?? false, timeout: 5000 });
  try {
    if (options.readOnly !== true) {
      database.exec('PRAGMA journal_mode = WAL');
      database.exec(`PRAGMA synchronous = ${options.durability === 'os' ? 'NORMAL' : 'FULL'}`);
    }
    database.exec('PRAGMA trusted_schema = OFF');
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return database;
  } catch (cause) {
    database.close();
    throw cause;
  }
}

/**
 * Opens a file as evidence: a file without a log is read without locks and side files, so that nothing beside it
 * changes and read-only media will do. One with a log is read in the ordinary way.
 */
export function openUntouched(path: string): DatabaseSync {
  if (existsSync(`${path}-wal`)) return openDatabase(path, { readOnly: true });
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  return new DatabaseSync(url, { readOnly: true });
}

/** SQLite's primary result code of an error, or null: 11 SQLITE_CORRUPT, 26 SQLITE_NOTADB, 5 SQLITE_BUSY. */
export function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null;
  return error.errcode & 0xff;
}

/** Whether a stored file is damaged: as SQLite says, or as we found it. */
export function isDamage(error: unknown): boolean {
  if (error instanceof ShudiError) return error.code === 'data.damaged';
  const code = sqliteCode(error);
  return code === 11 || code === 26;
}

/** Moves a damaged database and its side files out of the way, keeping them for a repair; returns the new name. */
export function setAside(path: string, now: number): string {
  const target = `${path}.damaged-${now}`;
  renameSync(path, target);
  for (const suffix of ['-wal', '-shm'])
    if (existsSync(path + suffix)) renameSync(path + suffix, target + suffix);
  return target;
}

/**
 * Runs `action` in a transaction that holds the write lock from its start, so that what it read is still true
 * when it commits.
 */
export function immediately<T>(database: DatabaseSync, action: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = action();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    try {
      database.exec('ROLLBACK');
    } catch {
      // A failed COMMIT has rolled back by itself; the first error is the one that matters.
    }
    throw error;
  }
}

/** @throws ShudiError data.version when the file was made by another version of its schema. */
export function requireVersion(database: DatabaseSync, version: number, path: string): void {
  const row = database.prepare('PRAGMA user_version').get();
  const found = Number(row?.['user_version']);
  if (found !== version)
    throw new ShudiError(
      'data.version',
      `The file has version ${found}, this program reads ${version}.`,
      path,
    );
}
