import type { DatabaseSync } from 'node:sqlite';
import { ShudiError } from '../model/errors.ts';
import type { JournalEntry, JournalHead, Json } from '../model/journal.ts';
import { systemClock, type Clock } from '../model/time.ts';
import { immediately, sqliteCode } from '../platform/sqlite.ts';
import { faultAfter, faultWithin, revive } from './chain.ts';
import { draftOf, EMPTY_HEAD, entryHash, type Draft, type StoredEntry } from './entry.ts';
import { journalFault, openJournalFile } from './journal-file.ts';
import { ENTRY_COLUMNS, storedEntry } from './schema.ts';

/**
 * The journal of a file, answering at once: for the journal's thread, command lines and child processes. The rules of
 * `Journal` (model/journal.ts) hold: an entry is on stable storage when `append` returns.
 */
export interface JournalStore {
  append(
    kind: string,
    actor: string,
    body: { readonly [key: string]: Json },
    expect?: JournalHead,
  ): JournalEntry;
  appendDraft(draft: Draft, at?: number): JournalEntry;
  head(): JournalHead;
  entries(after: number, limit: number): JournalEntry[];
  close(): void;
}

const IO_ERROR = 10;

/**
 * Opens a journal file, making it when it is not there. Several processes may have it open.
 * @throws ShudiError journal.broken | journal.unavailable | data.missing | data.version
 */
export function openJournal(path: string, options: { clock?: Clock } = {}): JournalStore {
  const clock = options.clock ?? systemClock;
  const database = openJournalFile(path);
  const statements = prepareAll(database);
  let failed = false;

  const guarded = <T>(action: () => T): T => {
    // A failed fsync is never tried again: the kernel may have dropped the pages and call the next one a success.
    if (failed)
      throw new ShudiError('journal.unavailable', 'An earlier write of the journal has failed.', path);
    try {
      return action();
    } catch (error) {
      if (sqliteCode(error) === IO_ERROR) failed = true;
      throw journalFault(error, path);
    }
  };

  const lastEntry = (): StoredEntry | null => {
    const row = statements.last.get();
    if (row === undefined) return null;
    const entry = storedEntry(row);
    if (entry === null || faultWithin(entry) !== null)
      throw broken('The last entry is not as it was written.', path);
    return entry;
  };

  const appendDraft = (draft: Draft, at?: number): JournalEntry =>
    guarded(() =>
      immediately(database, () => {
        const last = lastEntry() ?? EMPTY_HEAD;
        const { expect, kind, actor, bodyText } = draft;
        if (expect !== null && (expect.seq !== last.seq || expect.hash !== last.hash)) {
          throw new ShudiError('journal.moved', `The journal is at entry ${last.seq}, not ${expect.seq}.`);
        }
        // The clock is read under the lock, so that the order of times is the order of entries.
        const fields = { seq: last.seq + 1, at: at ?? clock(), kind, actor, bodyText, prev: last.hash };
        const entry = { ...fields, hash: entryHash(fields) };
        statements.insert.run(entry.seq, entry.at, kind, actor, bodyText, entry.prev, entry.hash);
        return revived(entry, path);
      }),
    );

  return {
    append: (kind, actor, body, expect) => appendDraft(draftOf(kind, actor, body, expect)),
    appendDraft,
    head: () =>
      guarded(() => {
        const { seq, hash } = lastEntry() ?? EMPTY_HEAD;
        return { seq, hash };
      }),
    entries: (after, limit) => guarded(() => readEntries(statements, after, limit, path)),
    close: () => database.close(),
  };
}

type Statements = ReturnType<typeof prepareAll>;

function prepareAll(database: DatabaseSync) {
  return {
    last: database.prepare(`SELECT ${ENTRY_COLUMNS} FROM entries ORDER BY seq DESC LIMIT 1`),
    hashOf: database.prepare('SELECT hash FROM entries WHERE seq = ?'),
    page: database.prepare(`SELECT ${ENTRY_COLUMNS} FROM entries WHERE seq > ? ORDER BY seq LIMIT ?`),
    insert: database.prepare(
      'INSERT INTO entries (seq, at, kind, actor, body, prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
  };
}

/** Reads a page and checks its chain: nobody may decide on an entry that was changed after it was written. */
function readEntries(statements: Statements, after: number, limit: number, path: string): JournalEntry[] {
  const start = Math.max(0, after);
  const hash = start === 0 ? EMPTY_HEAD.hash : statements.hashOf.get(start)?.['hash'];
  // Beyond the end there is nothing to read.
  if (typeof hash !== 'string') return [];
  let before: JournalHead = { seq: start, hash };
  const entries: JournalEntry[] = [];
  for (const row of statements.page.iterate(start, limit)) {
    const entry = storedEntry(row);
    if (entry === null || faultAfter(before, entry) !== null) {
      throw broken(`Entry ${before.seq + 1} is not as it was written.`, path);
    }
    entries.push(revived(entry, path));
    before = entry;
  }
  return entries;
}

function revived(entry: StoredEntry, path: string): JournalEntry {
  const result = revive(entry);
  if (result === null) throw broken(`Entry ${entry.seq} cannot be read.`, path);
  return result;
}

function broken(detail: string, path: string): ShudiError {
  return new ShudiError('journal.broken', detail, path);
}
