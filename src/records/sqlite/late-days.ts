import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import { ShudiError } from '../../model/errors.ts';
import { dayOf, dayStart, type Day, type Millis } from '../../model/time.ts';
import { writeFileAtomically } from '../../platform/files.ts';
import { isDamage, setAside, type Durability } from '../../platform/sqlite.ts';
import { openPartition, partitionPath, type Partition } from './partition.ts';
import { RowBatch } from './row-batch.ts';
import type { Table } from './schema.ts';
import type { StoreHead } from './store.ts';
import { DATED, timeCell } from './told-rows.ts';

/** Older days that are open for adding at once: what is told late comes in the order of time, more or less. */
const OPEN_DAYS = 3;
const MARK = /^late-(\d{4}-\d{2}-\d{2})$/;

const markOf = (directory: string, day: Day): string => join(directory, `late-${day}`);

/** The days to which rows were added of which the journal may not know yet: each has a file that says so. */
export function lateDays(directory: string): Day[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .flatMap((name) => MARK.exec(name)?.[1] ?? [])
    .sort() as Day[];
}

/**
 * What sources tell late, or an import reads, goes into the day on which it happened. That day's chain grows then, so
 * its mark stays until the journal has noted its new end (R8).
 */
export class LateDays {
  readonly #directory: string;
  readonly #durability: Durability;
  readonly #marked: Set<Day>;
  readonly #open = new LRUCache<Day, Partition>({
    max: OPEN_DAYS,
    dispose: (partition) => partition.close(),
  });

  constructor(directory: string, durability: Durability) {
    this.#directory = directory;
    this.#durability = durability;
    this.#marked = new Set(lateDays(directory));
  }

  /** A day of another version is left as it is: nothing in it can be read either, so it counts as damaged. */
  commit(day: Day, rows: RowBatch, at: Millis): void {
    if (this.#isForeign(day)) return;
    if (!this.#marked.has(day)) {
      writeFileAtomically(markOf(this.#directory, day), '');
      this.#marked.add(day);
    }
    try {
      this.#partition(day).commit(rows, at);
    } catch (error) {
      if (!isDamage(error)) throw error;
      // One damaged day must not stop what is recorded today: it is set aside, as at a start.
      this.#open.delete(day);
      setAside(partitionPath(this.#directory, day), at);
      this.#partition(day).commit(rows, at);
    }
  }

  /** @param noted  heads that the journal has: of a day that has not grown since, the mark goes */
  heads(noted: readonly StoreHead[]): StoreHead[] {
    return [...this.#marked].sort().flatMap((day) => {
      const head = { day, ...this.#partition(day).head() };
      if (!noted.some((item) => item.day === day && item.chain === head.chain)) return [head];
      rmSync(markOf(this.#directory, day), { force: true });
      this.#marked.delete(day);
      return [];
    });
  }

  close(): void {
    this.#open.clear();
  }

  #isForeign(day: Day): boolean {
    if (this.#open.has(day) || !existsSync(partitionPath(this.#directory, day))) return false;
    try {
      this.#partition(day);
      return false;
    } catch (error) {
      return error instanceof ShudiError && error.code === 'data.version';
    }
  }

  #partition(day: Day): Partition {
    const known = this.#open.get(day);
    if (known !== undefined) return known;
    const partition = openPartition(this.#directory, day, this.#durability);
    this.#open.set(day, partition);
    return partition;
  }
}

export interface ByDay {
  readonly current: RowBatch;
  readonly older: ReadonlyMap<Day, RowBatch>;
}

/**
 * Sorts rows by the day that they belong to. What lies ahead of the open day stays with it, as a clock may be a little
 * fast.
 * @param retained  what lies before is left out: it would bring back what retention has deleted
 */
export function byDay(rows: RowBatch, open: Day, retained: Millis | null): ByDay {
  const start = dayStart(open);
  const isLate = (table: Table): boolean =>
    rows.cells.get(table)?.some((cells) => (timeCell(cells) ?? start) < start) ?? false;
  if (!DATED.some(isLate)) return { current: rows, older: new Map() };
  const current = new RowBatch();
  const older = new Map<Day, RowBatch>();
  rows.each((cells, line) => {
    const at = timeCell(cells) ?? start;
    if (at >= start) current.add(cells, line);
    else if (retained === null || at >= retained) {
      const day = dayOf(at as Millis);
      let batch = older.get(day);
      if (batch === undefined) older.set(day, (batch = new RowBatch()));
      batch.add(cells, line);
    }
  });
  return { current, older: new Map([...older].sort(([a], [b]) => (a < b ? -1 : 1))) };
}
