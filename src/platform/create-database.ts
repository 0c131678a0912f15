import { randomBytes } from 'node:crypto';
import { closeSync, linkSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { syncDirectory } from './files.ts';
import { openDatabase } from './sqlite.ts';

/**
 * Makes a database file whole or not at all, readable by its owner only. When another process was first, its file
 * stays. So an empty file under this name can only be a damaged one.
 */
export function createDatabaseOnce(path: string, fill: (database: DatabaseSync) => void): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.new`;
  closeSync(openSync(temporary, 'wx', 0o600));
  try {
    const database = openDatabase(temporary);
    try {
      fill(database);
    } finally {
      database.close();
    }
    linkSync(temporary, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    for (const suffix of ['', '-wal', '-shm']) rmSync(temporary + suffix, { force: true });
  }
  syncDirectory(dirname(path));
}
