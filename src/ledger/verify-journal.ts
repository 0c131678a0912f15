import { existsSync, statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { ShudiError } from '../model/errors.ts';
import type { JournalEntry, JournalHead } from '../model/journal.ts';
import { isDamage, openDatabase, openUntouched } from '../platform/sqlite.ts';
import { faultAfter, revive, type ChainFault } from './chain.ts';
import { EMPTY_HEAD, type StoredEntry } from './entry.ts';
import { ENTRY_COLUMNS, requireSchema, storedEntry } from './schema.ts';

/** Something that a reader of the journal should know, though the chain is whole. */
export interface JournalNote {
  readonly seq: number;
  /** `clock-back`: its time lies before that of the entry before. */
  readonly why: 'clock-back';
}

export interface JournalVerdict {
  readonly ok: boolean;
  /** How many entries, from the first, are as they were written. */
  readonly entries: number;
  /** The last of them. */
  readonly head: JournalHead;
  readonly firstBad: { readonly seq: number; readonly why: ChainFault } | null;
  /** At most the first 100. */
  readonly notes: readonly JournalNote[];
}

const NOTE_LIMIT = 100;

/**
 * Recomputes the whole chain of a journal file, entry by entry, and changes nothing; works on a copy on read-only
 * media and on a file that is being appended to.
 *
 * A chain cannot show by itself that its last entries were cut off, or that all of it was written anew: pass heads
 * that were seen before (a backup's, a bundle's), and they must be in it.
 * @throws ShudiError data.missing | data.version | journal.unavailable
 */
export function verifyJournal(
  path: string,
  known: readonly JournalHead[] = [],
  visit: (entry: JournalEntry) => void = () => undefined,
): JournalVerdict {
  if (!existsSync(path)) throw new ShudiError('data.missing', 'There is no journal here.', path);
  const settled = !existsSync(`${path}-wal`);
  const verdict = verifyOnce(path, known, settled, visit);
  // A writer that came meanwhile has changed the file under a reader that takes no locks: look again, with locks.
  return !verdict.ok && settled && existsSync(`${path}-wal`)
    ? verifyOnce(path, known, false, visit)
    : verdict;
}

function verifyOnce(
  path: string,
  known: readonly JournalHead[],
  settled: boolean,
  visit: (entry: JournalEntry) => void,
): JournalVerdict {
  const walk = new ChainWalk(known);
  if (statSync(path).size === 0) return walk.verdict('schema');
  let database: DatabaseSync | null = null;
  try {
    database = settled ? openUntouched(path) : openDatabase(path, { readOnly: true });
    database.exec('BEGIN');
    requireSchema(database, path);
    for (const row of database.prepare(`SELECT ${ENTRY_COLUMNS} FROM entries ORDER BY seq`).iterate()) {
      const entry = storedEntry(row);
      const fault = entry === null ? 'unreadable' : walk.step(entry);
      if (fault !== null) return walk.verdict(fault);
      const revived = entry === null ? null : revive(entry);
      if (revived !== null) visit(revived);
    }
    // The rows are whole; is the tree that they hang in, so that every way to them finds the same ones?
    const check = database.prepare('PRAGMA integrity_check(1)').get();
    return walk.verdict(check?.['integrity_check'] === 'ok' ? walk.missingHead() : 'unreadable');
  } catch (error) {
    if (error instanceof ShudiError && error.code === 'journal.broken') return walk.verdict('schema');
    if (error instanceof ShudiError) throw error;
    if (isDamage(error) || isOutOfRange(error)) return walk.verdict('unreadable');
    throw new ShudiError('journal.unavailable', 'The journal cannot be read.', path, error);
  } finally {
    database?.close();
  }
}

/** A number that a changed byte made larger than JavaScript holds. */
function isOutOfRange(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_OUT_OF_RANGE';
}

class ChainWalk {
  private head: JournalHead = EMPTY_HEAD;
  private at = Number.NEGATIVE_INFINITY;
  private readonly notes: JournalNote[] = [];
  private readonly known: Map<number, JournalHead[]>;
  private readonly wanted: readonly JournalHead[];

  constructor(known: readonly JournalHead[]) {
    this.wanted = known;
    this.known = Map.groupBy(known, ({ seq }) => seq);
  }

  step(entry: StoredEntry): ChainFault | null {
    const fault = faultAfter(this.head, entry);
    if (fault !== null) return fault;
    if (this.known.get(entry.seq)?.some(({ hash }) => hash !== entry.hash) === true) return 'forked';
    if (entry.at < this.at && this.notes.length < NOTE_LIMIT)
      this.notes.push({ seq: entry.seq, why: 'clock-back' });
    this.head = { seq: entry.seq, hash: entry.hash };
    this.at = entry.at;
    return null;
  }

  /** `missing` when a head that was seen before lies beyond the end. */
  missingHead(): ChainFault | null {
    return this.wanted.some(({ seq }) => seq > this.head.seq) ? 'missing' : null;
  }

  verdict(fault: ChainFault | null): JournalVerdict {
    const firstBad = fault === null ? null : { seq: this.head.seq + 1, why: fault };
    return { ok: fault === null, entries: this.head.seq, head: this.head, firstBad, notes: this.notes };
  }
}
