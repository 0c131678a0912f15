import type { DatabaseSync } from 'node:sqlite';
import { LRUCache } from 'lru-cache';
import { ShudiError } from '../../model/errors.ts';
import type { Window } from '../../model/records.ts';
import { DAY_MS, dayOf, type Day, type Millis } from '../../model/time.ts';
import { isDamage, openDatabase } from '../../platform/sqlite.ts';
import { recordsDirectory, retainedFromOf } from './layout.ts';
import { damagedDays, partitionPath, requirePartition, storedDays } from './partition.ts';

const OPEN_FILES = 16;

/** The day files of a data directory, open for reading. Many may read while one writes. */
export class DayFiles {
  readonly #directory: string;
  readonly #dataDirectory: string;
  readonly #damaged = new Set<Day>();
  readonly #files = new LRUCache<Day, DatabaseSync>({
    max: OPEN_FILES,
    dispose: (database) => database.close(),
  });

  constructor(dataDirectory: string) {
    this.#dataDirectory = dataDirectory;
    this.#directory = recordsDirectory(dataDirectory);
  }

  /** The stored days, oldest first. */
  stored(): Day[] {
    return storedDays(this.#directory);
  }

  /** The days on which what touches the window may be stored, oldest first. */
  days(window: Window): Day[] {
    const stored = this.stored();
    // A day on which nothing was stored has no file: what was open in the newest file before it is open on it.
    const first = stored.findLast((day) => day <= dayOf(window.from)) ?? dayOf(window.from);
    // What happened just before midnight may be stored just after it.
    const last = dayOf((window.to + DAY_MS) as Millis);
    return stored.filter((day) => day >= first && day <= last);
  }

  /** Those that cannot be read, known so far. */
  damaged(): Day[] {
    return [...this.#damaged, ...damagedDays(this.#directory)];
  }

  /** Runs `action` on each readable day; a day that turns out damaged counts as a gap, the others go on. */
  each(days: readonly Day[], action: (database: DatabaseSync, day: Day) => void): void {
    for (const day of days) {
      if (this.#damaged.has(day)) continue;
      try {
        action(this.#open(day), day);
      } catch (error) {
        // A day of another version cannot be read here either; the other days still answer.
        const foreign = error instanceof ShudiError && error.code === 'data.version';
        if (!isDamage(error) && !foreign) throw error;
        this.#files.delete(day);
        this.#damaged.add(day);
      }
    }
  }

  retainedFrom(): Millis | null {
    return retainedFromOf(this.#dataDirectory);
  }

  close(): void {
    this.#files.clear();
  }

  #open(day: Day): DatabaseSync {
    const known = this.#files.get(day);
    if (known !== undefined) return known;
    const path = partitionPath(this.#directory, day);
    const database = openDatabase(path, { readOnly: true });
    requirePartition(database, path);
    this.#files.set(day, database);
    return database;
  }
}
