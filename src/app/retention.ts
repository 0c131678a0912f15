import { rmSync } from 'node:fs';
import { openJournal } from '../ledger/journal-store.ts';
import { dayStart, type Clock, type Day, type Millis } from '../model/time.ts';
import { writeFileAtomically } from '../platform/files.ts';
import { partitionPath, storedDays } from '../records/sqlite/partition.ts';
import { dataLayout, requireDataDirectory } from './data-directory.ts';
import { DELETED_KIND } from './journal-kinds.ts';

/** Network logs are kept at least six months (CSL 21(3)): calendar months, as 180 days fall short of some. */
const FLOOR_MONTHS = 6;

/** The first day that must still be kept: six calendar months back, and one partition more (R9). */
export function firstKeptDay(now: Millis): Day {
  const date = new Date(now);
  const day = date.getUTCDate();
  const back = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - FLOOR_MONTHS, 1));
  const lastOfMonth = new Date(Date.UTC(back.getUTCFullYear(), back.getUTCMonth() + 1, 0)).getUTCDate();
  back.setUTCDate(Math.min(day, lastOfMonth) - 1);
  return back.toISOString().slice(0, 10) as Day;
}

/**
 * Deletes the days whose time is over, each after its journal entry. From then on a question before the first kept
 * day is answered `outside-retention`.
 */
export function runRetention(directory: string, clock: Clock): { deleted: Day[]; keptFrom: Day } {
  requireDataDirectory(directory);
  const layout = dataLayout(directory);
  const keptFrom = firstKeptDay(clock());
  const over = storedDays(layout.records).filter((day) => day < keptFrom);
  if (over.length === 0) return { deleted: [], keptFrom };
  const journal = openJournal(layout.journal);
  try {
    // First what answers for the hole, then the hole: never the other way round.
    writeFileAtomically(layout.retainedFrom, String(dayStart(keptFrom)));
    for (const day of over) {
      journal.append(DELETED_KIND, 'operator', { day, floorMonths: FLOOR_MONTHS, keptFrom });
      for (const suffix of ['', '-wal', '-shm'])
        rmSync(partitionPath(layout.records, day) + suffix, { force: true });
    }
  } finally {
    journal.close();
  }
  return { deleted: over, keptFrom };
}
