import type { DatabaseSync } from 'node:sqlite';
import type { CoverageRecord } from '../../model/records.ts';
import { DAY_MS, dayOf, type Day, type Millis } from '../../model/time.ts';
import type { GapRecord, RestartRecord } from '../../model/translations.ts';
import { SIGN_MS, vouchedSince } from '../coverage.ts';
import type { VouchedSince } from '../translation-intervals.ts';
import type { DayFiles } from './day-files.ts';

interface DayFacts {
  /** Those that touch are one. */
  readonly coverage: readonly CoverageRecord[];
  readonly losses: readonly GapRecord[];
}

/** Whether something that ended as far as is known lasts into a day: what is told then may have ended it earlier. */
export const lastsInto =
  (day: Day) =>
  ({ to }: { readonly to: Millis | null }): boolean =>
    to === null || dayOf(to) >= day;

/** What is to be known of sources to join what they told: when they began anew, and what they vouch for. */
export class ToldFacts {
  readonly #files: DayFiles;

  constructor(files: DayFiles) {
    this.#files = files;
  }

  /**
   * Each day on which something of that time may be stored, until `action` says that it is enough.
   * @param to  null: whatever came later, too
   */
  between(from: Millis, to: Millis | null, action: (database: DatabaseSync) => boolean): void {
    let enough = false;
    // An event that was told of early lies in the file of the day before.
    const first = dayOf((from - DAY_MS) as Millis);
    const last = to === null ? null : dayOf(to);
    for (const day of this.#files.stored())
      if (day >= first && (last === null || day <= last) && !enough)
        this.#files.each([day], (database) => {
          enough = action(database);
        });
  }

  /** For one question: the restarts that may bear on events. Each day is read when it is first needed. */
  restarts(): (events: readonly { readonly at: Millis }[]) => RestartRecord[] {
    const known = new Map<Day, RestartRecord[]>();
    const of = (day: Day): RestartRecord[] => {
      let restarts = known.get(day);
      if (restarts === undefined) known.set(day, (restarts = this.#restartsOn(day)));
      return restarts;
    };
    return (events) => {
      if (events.length === 0) return [];
      const first = events.reduce<number>((least, { at }) => Math.min(least, at), Infinity);
      const since = dayOf((first - SIGN_MS - DAY_MS) as Millis);
      return this.#files
        .stored()
        .filter((day) => day >= since)
        .flatMap(of);
    };
  }

  #restartsOn(day: Day): RestartRecord[] {
    const restarts: RestartRecord[] = [];
    this.#files.each([day], (database) => {
      for (const row of database.prepare('SELECT * FROM restarts').iterate())
        restarts.push({
          type: 'restart',
          source: String(row['source']),
          server: String(row['server']),
          at: Number(row['at_ms']) as Millis,
        });
    });
    return restarts;
  }

  /** For one question: each day of a source is read when it is first needed. */
  vouchedSince(): VouchedSince {
    const known = new Map<string, DayFacts>();
    const of = (source: string, day: Day): DayFacts => {
      const key = `${day} ${source}`;
      let facts = known.get(key);
      if (facts === undefined) known.set(key, (facts = this.#read(source, day)));
      return facts;
    };
    return (source, at) => {
      const first = dayOf((at - SIGN_MS - DAY_MS) as Millis);
      const days = this.#files.stored().filter((day) => day >= first && day <= dayOf(at));
      const facts = days.map((day) => of(source, day));
      return vouchedSince(source, at, {
        coverage: facts.flatMap(({ coverage }) => coverage),
        losses: facts.flatMap(({ losses }) => losses),
        lifecycle: [],
        damaged: [],
        liveUntil: null,
        liveWithinMs: null,
        now: at,
      });
    };
  }

  #read(source: string, day: Day): DayFacts {
    const coverage: CoverageRecord[] = [];
    const losses: GapRecord[] = [];
    this.#files.each([day], (database) => {
      const stretches = database
        .prepare('SELECT from_ms, to_ms FROM coverage WHERE source = ? ORDER BY from_ms')
        .iterate(source);
      for (const row of stretches) {
        const from = Number(row['from_ms']) as Millis;
        const to = Number(row['to_ms']) as Millis;
        const last = coverage.at(-1);
        if (last !== undefined && from <= last.to)
          coverage[coverage.length - 1] = { ...last, to: Math.max(last.to, to) as Millis };
        else coverage.push({ type: 'coverage', source, from, to });
      }
      for (const row of database.prepare('SELECT from_ms, to_ms FROM gaps WHERE source = ?').iterate(source))
        losses.push({
          type: 'gap',
          source,
          from: Number(row['from_ms']) as Millis,
          to: Number(row['to_ms']) as Millis,
          reason: 'lost',
          count: 0,
        });
    });
    return { coverage, losses };
  }
}
