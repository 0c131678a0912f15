import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Day, Millis } from '../../model/time.ts';
import { openDatabase, requireVersion, type Durability } from '../../platform/sqlite.ts';
import { batchDigest, firstLink, nextLink } from './digest.ts';
import { TABLE_NAMES, columnsOf, schemaSql, SCHEMA_VERSION, type Cell, type Table } from './schema.ts';

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
  /** Adds rows (JSON arrays `[table, cell, ...]`) as one batch, durable when this returns. */
  commit(lines: readonly string[], at: Millis): void;
  close(): void;
}

/** Opens a day's file, makes it when it is new. Throws SQLite's error when it is damaged. */
export function openPartition(directory: string, day: Day, durability: Durability): Partition {
  const database = openDatabase(partitionPath(directory, day), { durability });
  try {
    if (database.prepare('PRAGMA user_version').get()?.['user_version'] === 0)
      database.exec(`BEGIN; ${schemaSql()} COMMIT;`);
    requireVersion(database, SCHEMA_VERSION, partitionPath(directory, day));
    return partitionOf(database, day);
  } catch (error) {
    database.close();
    throw error;
  }
}

function partitionOf(database: DatabaseSync, day: Day): Partition {
  const inserts = new Map<Table, StatementSync>();
  for (const table of TABLE_NAMES) {
    const places = columnsOf(table).map(() => '?');
    inserts.set(table, database.prepare(`INSERT INTO ${table} VALUES (${places.join(', ')}, ?)`));
  }
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
    commit(lines, at) {
      const byTable = new Map<Table, string[]>();
      begin.run();
      try {
        for (const line of lines) {
          const [table, ...cells] = JSON.parse(line) as [Table, ...Cell[]];
          inserts.get(table)?.run(...cells, seq + 1);
          const same = byTable.get(table);
          if (same === undefined) byTable.set(table, [line]);
          else same.push(line);
        }
        for (const keyed of ['connections', 'ends'] as const)
          byTable.get(keyed)?.sort((a, b) => keyOf(a) - keyOf(b));
        const digest = batchDigest(byTable);
        const link = nextLink(chain, digest);
        insertBatch.run(seq + 1, at, lines.length, digest, link);
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

/** The number that a row of a keyed table begins with: its rowid, and so its place in the digest. */
function keyOf(line: string): number {
  return Number.parseInt(line.slice(line.indexOf(',') + 1), 10);
}
