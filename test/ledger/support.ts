import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue } from 'node:sqlite';
import { openJournal } from '../../src/ledger/journal-store.ts';
import type { JournalEntry } from '../../src/model/journal.ts';
import type { Millis } from '../../src/model/time.ts';

export const START = Date.UTC(2026, 10, 22) as Millis;

/** A journal of `count` entries, closed. */
export function writeJournal(path: string, count: number): JournalEntry[] {
  let now = START;
  const journal = openJournal(path, { clock: () => now++ as Millis });
  const entries = Array.from({ length: count }, (_, i) =>
    journal.append('test.entry', 'system', { number: i, text: `条目 ${i}` }),
  );
  journal.close();
  return entries;
}

/** Changes the file behind the journal's back, as somebody with a database tool would. */
export function tamper(path: string, sql: string, ...values: SQLInputValue[]): void {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA synchronous = OFF');
  database.prepare(sql).run(...values);
  database.close();
}
