import { existsSync, readFileSync, statSync } from 'node:fs';
import { verifyJournal, type JournalVerdict } from '../ledger/verify-journal.ts';
import { ShudiError } from '../model/errors.ts';
import type { JournalEntry, JournalHead, Json } from '../model/journal.ts';
import { dayStart, type Day } from '../model/time.ts';
import { isDamage, openUntouched } from '../platform/sqlite.ts';
import { verifyPartition, type PartitionVerdict } from '../records/sqlite/digest.ts';
import { lateDays } from '../records/sqlite/late-days.ts';
import { damagedDays, partitionPath, requireSound, storedDays } from '../records/sqlite/partition.ts';
import { dataLayout, requireDataDirectory } from './data-directory.ts';
import { ANCHOR_KIND, DELETED_KIND } from './journal-kinds.ts';
import { firstKeptDay } from './retention.ts';

export interface DayVerdict {
  readonly day: string;
  readonly ok: boolean;
  readonly batches: number;
  readonly rows: number;
  readonly why: string | null;
}

export interface DataVerdict {
  readonly ok: boolean;
  readonly journal: JournalVerdict;
  readonly days: readonly DayVerdict[];
  /** Days that the journal anchors, that retention has not deleted, and that are not there. */
  readonly missing: readonly string[];
  readonly setAside: readonly string[];
  /** Whether the edge of retention is the one that the journal tells. */
  readonly retention: boolean;
}

interface Anchor {
  readonly seq: number;
  readonly chain: string;
}

/** What the journal says of the days. */
class JournalWord {
  readonly anchors = new Map<string, Anchor>();
  readonly deleted = new Set<string>();
  keptFrom: string | null = null;

  note({ kind, at, body }: JournalEntry): void {
    const day = textOf(body['day']);
    if (kind === ANCHOR_KIND)
      this.anchors.set(day, { seq: Number(body['seq']), chain: textOf(body['chain']) });
    // Before its time nothing may be deleted, whatever an entry says.
    if (kind === DELETED_KIND && day < firstKeptDay(at)) {
      this.deleted.add(day);
      this.keptFrom = textOf(body['keptFrom']);
    }
  }
}

/**
 * Checks all that a data directory holds, offline: the journal's chain, each day's batches against their rows, and
 * each day's chain against what the journal has noted of it. Changes nothing. The vault's rows are checked where they
 * are used: each identity opens only under its own subject, month and index.
 * @param known  journal heads that were seen before: they must be in the chain
 */
export function verifyData(directory: string, known: readonly JournalHead[] = []): DataVerdict {
  requireDataDirectory(directory);
  const layout = dataLayout(directory);
  const word = new JournalWord();
  const journal = verifyJournal(layout.journal, known, (entry) => word.note(entry));
  const stored = storedDays(layout.records);
  const newest = stored.at(-1);
  // Days that were added to a moment ago are not closed until the journal has noted them again.
  const late = new Set(lateDays(layout.records));
  const days = stored.map((day) =>
    verifyDay(layout.records, day, word.anchors.get(day) ?? null, day !== newest && !late.has(day)),
  );
  const setAside = damagedDays(layout.records);
  const present = new Set<string>([...stored, ...setAside]);
  const missing = [...word.anchors.keys()].filter((day) => !present.has(day) && !word.deleted.has(day));
  const retention = retentionHolds(layout.retainedFrom, word.keptFrom);
  const whole = journal.ok && retention && missing.length === 0 && setAside.length === 0;
  return { ok: whole && days.every(({ ok }) => ok), journal, days, missing, setAside, retention };
}

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

/** The edge of retention must be the one that the journal tells: a later one would hide what is there. */
function retentionHolds(path: string, keptFrom: string | null): boolean {
  if (!existsSync(path)) return true;
  return keptFrom !== null && readFileSync(path, 'utf8').trim() === String(dayStart(keptFrom as Day));
}

/** @param over  whether the day is closed, so that the journal must have noted its end */
function verifyDay(directory: string, day: Day, anchor: Anchor | null, over: boolean): DayVerdict {
  const bad = (why: string): DayVerdict => ({ day, ok: false, batches: 0, rows: 0, why });
  try {
    const path = partitionPath(directory, day);
    if (statSync(path).size === 0) return bad('the file is empty');
    const database = openUntouched(path);
    try {
      requireSound(database, path);
      const verdict = verifyPartition(database, day, anchor?.seq ?? null);
      const why = verdict.why ?? againstAnchor(verdict, anchor, over);
      return { day, ok: why === null, batches: verdict.batches, rows: verdict.rows, why };
    } finally {
      database.close();
    }
  } catch (error) {
    if (isDamage(error)) return bad('the file is damaged');
    if (error instanceof ShudiError && error.code === 'data.version') return bad(error.message);
    // A number that a changed byte made larger than JavaScript holds.
    if (error instanceof Error && 'code' in error && error.code === 'ERR_OUT_OF_RANGE')
      return bad('a cell holds a number that was never stored');
    throw error;
  }
}

function againstAnchor(verdict: PartitionVerdict, anchor: Anchor | null, over: boolean): string | null {
  if (anchor === null) return over ? 'the journal knows nothing of this day' : null;
  if (verdict.anchored === null) return 'batches that the journal has noted are missing';
  if (verdict.anchored !== anchor.chain) return 'the chain is not the one that the journal has noted';
  return over && verdict.batches !== anchor.seq ? 'batches were added after the day was closed' : null;
}
