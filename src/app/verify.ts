import { statSync } from 'node:fs';
import { verifyJournal, type JournalVerdict } from '../ledger/verify-journal.ts';
import { ShudiError } from '../model/errors.ts';
import type { Json } from '../model/journal.ts';
import type { Day } from '../model/time.ts';
import { isDamage, openUntouched } from '../platform/sqlite.ts';
import { verifyPartition } from '../records/sqlite/digest.ts';
import { damagedDays, partitionPath, requirePartition, storedDays } from '../records/sqlite/partition.ts';
import { dataLayout, requireDataDirectory } from './data-directory.ts';
import { ANCHOR_KIND, DELETED_KIND } from './journal-kinds.ts';

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
}

interface Anchors {
  readonly last: Map<string, { seq: number; chain: string }>;
  readonly deleted: Set<string>;
}

/**
 * Checks all that a data directory holds, offline: the journal's chain, each day's batches against their rows, and
 * each day's chain against what the journal has noted of it. Changes nothing.
 */
export function verifyData(directory: string): DataVerdict {
  requireDataDirectory(directory);
  const layout = dataLayout(directory);
  const anchors: Anchors = { last: new Map(), deleted: new Set() };
  const journal = verifyJournal(layout.journal, [], ({ kind, body }) => {
    if (kind === ANCHOR_KIND)
      anchors.last.set(textOf(body['day']), { seq: Number(body['seq']), chain: textOf(body['chain']) });
    if (kind === DELETED_KIND) anchors.deleted.add(textOf(body['day']));
  });
  const days = storedDays(layout.records).map((day) =>
    verifyDay(layout.records, day, anchors.last.get(day) ?? null),
  );
  const setAside = damagedDays(layout.records);
  const present = new Set<string>([...days.map(({ day }) => day), ...setAside]);
  const missing = [...anchors.last.keys()].filter((day) => !present.has(day) && !anchors.deleted.has(day));
  return {
    ok: journal.ok && missing.length === 0 && setAside.length === 0 && days.every(({ ok }) => ok),
    journal,
    days,
    missing,
    setAside,
  };
}

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

function verifyDay(directory: string, day: Day, anchor: { seq: number; chain: string } | null): DayVerdict {
  const bad = (why: string): DayVerdict => ({ day, ok: false, batches: 0, rows: 0, why });
  try {
    const path = partitionPath(directory, day);
    if (statSync(path).size === 0) return bad('the file is empty');
    const database = openUntouched(path);
    try {
      requirePartition(database, path);
      const verdict = verifyPartition(database, day, anchor?.seq ?? null);
      const result = { day, ok: verdict.ok, batches: verdict.batches, rows: verdict.rows, why: verdict.why };
      if (!verdict.ok || anchor === null || verdict.anchored === anchor.chain) return result;
      return {
        ...result,
        ok: false,
        why:
          verdict.anchored === null
            ? 'batches that the journal has noted are missing'
            : 'the chain is not the one that the journal has noted',
      };
    } finally {
      database.close();
    }
  } catch (error) {
    if (isDamage(error)) return bad('the file is damaged');
    if (error instanceof ShudiError && error.code === 'data.version') return bad(error.message);
    throw error;
  }
}
