import { createHash, hash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { NUMBERED, TABLE_NAMES, columnsOf, type Cell, type Row, type Table } from './schema.ts';

/**
 * The digest of a batch: SHA-256 over its normalised rows, each as the JSON array `[table, cell, ...]` and a line
 * feed; tables in the order of the schema, rows in the order of their keys.
 */
export function batchDigest(rows: ReadonlyMap<Table, readonly string[]>): string {
  let text = '';
  for (const table of TABLE_NAMES) {
    const lines = rows.get(table);
    if (lines !== undefined && lines.length > 0) text += `${lines.join('\n')}\n`;
  }
  return hash('sha256', text, 'hex');
}

/** Each day's chain starts from its name, so that two days cannot be exchanged. */
export function firstLink(day: string): string {
  return hash('sha256', `shudi records ${day}`, 'hex');
}

export function nextLink(previous: string, digest: string): string {
  return hash('sha256', previous + digest, 'hex');
}

export interface PartitionVerdict {
  readonly ok: boolean;
  readonly batches: number;
  readonly rows: number;
  readonly seq: number;
  readonly chain: string;
  readonly why: string | null;
  /** The chain's value after the batch that was asked for; null when there is no such batch. */
  readonly anchored: string | null;
}

/** Recomputes every batch of a day from its rows. Streams: memory does not grow with the day. */
export function verifyPartition(
  database: DatabaseSync,
  day: string,
  anchor: number | null,
): PartitionVerdict {
  const cursors = TABLE_NAMES.map((table) => cursorOf(database, table));
  let chain = firstLink(day);
  let batches = 0;
  let rows = 0;
  let anchored: string | null = null;
  const verdict = (why: string | null): PartitionVerdict => ({
    ok: why === null,
    batches,
    rows,
    seq: batches,
    chain,
    why,
    anchored,
  });
  for (const batch of database
    .prepare('SELECT seq, rows, digest, chain FROM batches ORDER BY seq')
    .iterate()) {
    if (Number(batch['seq']) !== batches + 1) return verdict(`batch ${batches + 1} is missing`);
    const digest = createHash('sha256');
    let found = 0;
    for (const cursor of cursors) found += cursor.feed(batches + 1, (line) => digest.update(line));
    const value = digest.digest('hex');
    if (value !== batch['digest'] || found !== Number(batch['rows']))
      return verdict(`the rows of batch ${batches + 1} are not those that were stored`);
    chain = nextLink(chain, value);
    if (chain !== batch['chain']) return verdict(`the chain breaks at batch ${batches + 1}`);
    batches += 1;
    rows += found;
    if (batches === anchor) anchored = chain;
  }
  for (const cursor of cursors)
    if (cursor.left()) return verdict(`table ${cursor.table} has rows of no batch`);
  for (const cursor of cursors)
    if (!cursor.dense()) return verdict(`table ${cursor.table} has rows under other numbers than their own`);
  return verdict(null);
}

interface Cursor {
  readonly table: Table;
  /** Feeds the lines of one batch, in order; returns how many there were. */
  feed(batch: number, line: (text: string) => void): number;
  left(): boolean;
  /** Whether the rows of a numbered table stand under the numbers from 1 on: questions find them by these. */
  dense(): boolean;
}

function cursorOf(database: DatabaseSync, table: Table): Cursor {
  const columns = columnsOf(table);
  const numbered = NUMBERED.has(table);
  const iterator = database
    .prepare(`SELECT ${columns.join(', ')}, batch, rowid AS number FROM ${table} ORDER BY batch, rowid`)
    .iterate();
  const pull = (): Row | null => {
    const step = iterator.next();
    return step.done === true ? null : step.value;
  };
  let row = pull();
  let expected = 1;
  let dense = true;
  return {
    table,
    feed(batch, line) {
      let count = 0;
      while (row !== null && Number(row['batch']) === batch) {
        const current: Row = row;
        line(`${JSON.stringify([table, ...columns.map((column) => current[column] as Cell)])}\n`);
        count += 1;
        if (numbered && Number(current['number']) !== expected) dense = false;
        expected += 1;
        row = pull();
      }
      return count;
    },
    left: () => row !== null,
    dense: () => dense,
  };
}
