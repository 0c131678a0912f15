import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ShudiError } from '../../model/errors.ts';
import type { Day, Millis } from '../../model/time.ts';
import { createDatabaseOnce } from '../../platform/create-database.ts';
import { openDatabase, requireVersion, type Durability } from '../../platform/sqlite.ts';
import { batchDigest, firstLink, nextLink } from './digest.ts';
import { inserterOf, type Inserter } from './inserter.ts';
import type { RowBatch } from './row-batch.ts';
import { TABLE_NAMES, schemaSql, SCHEMA_VERSION, type Table } from './schema.ts';

const FILE = /^(\d{4}-\d{2}-\d{2})\.sqlite$/;
const DAMAGED = /^(\d{4}-\d{2}-\d{2})\.sqlite\.damaged-\d+$/;

export function partitionPath(directory: string, day: Day): string {
  return join(directory, `${day}.sqlite`);
}

function daysBy(directory: string, pattern: RegExp): Day[] {
  if (!existsSync(directory)) return [];
  const days = readdirSync(directory).flatMap((name) => pattern.exec(name)?.[1] ?? []);
  return [...new Set(days)].sort() as Day[];
}

/** The stored days, oldest first. */
export const storedDays = (directory: string): Day[] => daysBy(directory, FILE);

/** The days of which a file was set aside. */
export const damagedDays = (directory: string): Day[] => daysBy(directory, DAMAGED);

/** One UTC day's file, open for adding. */
export interface Partition {
  readonly day: Day;
  readonly database: DatabaseSync;
  /** The last batch and the chain after it. */
  readonly head: () => { seq: number; chain: string };
  /** Adds rows as one batch, durable when this returns. */
  commit(rows: RowBatch, at: Millis): void;
  close(): void;
}

/**
 * Opens a day's file, makes it when it is not there: whole or not at all, so that an empty one is a damaged one.
 * @throws ShudiError data.damaged | data.version, or SQLite's error when it is damaged (see isDamage)
 */
export function openPartition(directory: string, day: Day, durability: Durability): Partition {
  const path = partitionPath(directory, day);
  if (!existsSync(path))
    createDatabaseOnce(path, (database) => database.exec(`BEGIN; ${schemaSql()} COMMIT;`));
  if (statSync(path).size === 0) throw noDay(path);
  const database = openDatabase(path, { durability });
  try {
    requirePartition(database, path);
    return partitionOf(database, day);
  } catch (error) {
    database.close();
    throw error;
  }
}

const noDay = (path: string): ShudiError =>
  new ShudiError('data.damaged', 'The file is no day of records.', path);

/** @throws ShudiError data.damaged when it is no day of records, data.version when it is one of another version */
export function requirePartition(database: DatabaseSync, path: string): void {
  const tables = new Set(
    database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .all()
      .map((row) => row['name']),
  );
  if (database.prepare('PRAGMA user_version').get()?.['user_version'] === 0) throw noDay(path);
  requireVersion(database, SCHEMA_VERSION, path);
  if (![...TABLE_NAMES, 'batches'].every((table) => tables.has(table))) throw noDay(path);
}

/**
 * That the file is sound as a whole: its schema to the letter (an index that leaves rows out would hide them from
 * questions), and every index holding what its table does.
 * @throws ShudiError data.damaged | data.version
 */
export function requireSound(database: DatabaseSync, path: string): void {
  requirePartition(database, path);
  const fresh = new DatabaseSync(':memory:');
  try {
    fresh.exec(schemaSql());
    const listing = 'SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name';
    const same =
      JSON.stringify(database.prepare(listing).all()) === JSON.stringify(fresh.prepare(listing).all());
    const check = database.prepare('PRAGMA integrity_check(1)').get();
    if (!same || check?.['integrity_check'] !== 'ok') throw noDay(path);
  } finally {
    fresh.close();
  }
}

function partitionOf(database: DatabaseSync, day: Day): Partition {
  const inserters = new Map<Table, Inserter>(
    TABLE_NAMES.map((table) => [table, inserterOf(database, table)]),
  );
  const insertBatch = database.prepare('INSERT INTO batches VALUES (?, ?, ?, ?, ?)');
  const begin = database.prepare('BEGIN IMMEDIATE');
  const end = database.prepare('COMMIT');
  const last = database.prepare('SELECT seq, chain FROM batches ORDER BY seq DESC LIMIT 1').get();
  let seq = last === undefined ? 0 : Number(last['seq']);
  let chain = last === undefined ? firstLink(day) : String(last['chain']);

  return {
    day,
    database,
    head: () => ({ seq, chain }),
    commit(rows, at) {
      begin.run();
      try {
        for (const [table, list] of rows.cells) inserters.get(table)?.(list, seq + 1);
        const digest = batchDigest(rows.lines());
        const link = nextLink(chain, digest);
        insertBatch.run(seq + 1, at, rows.size, digest, link);
        end.run();
        seq += 1;
        chain = link;
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    },
    close: () => database.close(),
  };
}
