import type { DatabaseSync } from 'node:sqlite';
import type { IpAddress, Port } from '../../model/address.ts';
import type { Window } from '../../model/records.ts';
import { DAY_MS, dayOf, overlaps, type Day, type Millis } from '../../model/time.ts';
import type { FoundTranslations, ImportState, Translation } from '../../model/translations.ts';
import { SIGN_MS } from '../coverage.ts';
import type { ToldTranslation } from '../told.ts';
import { holdsPort, joinTranslations, takesOver } from '../translation-intervals.ts';
import type { DayFiles } from './day-files.ts';
import { partedSql, type Cell } from './schema.ts';
import { lastsInto, ToldFacts } from './told-facts.ts';
import { toldTranslation } from './told-rows.ts';

/** At most this many events are looked at for one question, the newest first; beyond it the count says so. */
const SCAN_LIMIT = 20_000;
/** Events of one day after the window that may end what is open in it. */
const LATER_LIMIT = 2000;
/** Of one day, allocations that may have taken a translation's ports over. */
const TAKEOVERS = 100;
/** Open translations whose ends are looked for one by one. */
const MOST_OPEN = 500;
/** How long after its beginning a flow may have been told of, days. */
const FLOW_DAYS = 2;

type Side = 'outside' | 'inside';

/** What an event must match: a part of SQL about `t`, and its values. */
interface Match {
  readonly sql: string;
  readonly values: readonly Cell[];
}

type EventTable = 'translations' | 'port_blocks' | 'flows';

/** What sources told of translations, read synchronously. */
export class ToldQuery {
  readonly #files: DayFiles;

  readonly #facts: ToldFacts;

  constructor(files: DayFiles) {
    this.#files = files;
    this.#facts = new ToldFacts(files);
  }

  translations(
    side: Side,
    address: IpAddress,
    port: Port | null,
    window: Window,
    limit: number,
  ): FoundTranslations {
    const events: ToldTranslation[] = [];
    const cut = this.#upTo(side, address, port, window, events);
    const since = this.#facts.vouchedSince();
    const restartsOf = this.#facts.restarts();
    const join = (from = window.from): Translation[] =>
      joinTranslations(events, restartsOf(events), since).filter(
        (item) => isAsked(item, side, address, port) && overlaps(item, from, window.to),
      );
    const looked = new Set<string>();
    // What another took over before the window may have lasted into it.
    const late = join((window.from - SIGN_MS) as Millis).filter(({ ended }) => ended === 'reallocated');
    let missed = Math.max(this.#insideOnly(late, looked, events), this.#around(side, join(), looked, events));
    let found = join();
    // Of what was there already only the end may be told, and that later.
    const certain = dayOf((window.to + SIGN_MS) as Millis);
    // An event that was told of early lies in the file of the day before.
    const first = dayOf((window.to - DAY_MS) as Millis);
    for (const day of this.#files.stored()) {
      if (day < first) continue;
      // Where only the beginnings are told, nothing is ever sure: a late end of what another has taken over is no longer
      // waited for then.
      if (day > certain && !found.some(lastsInto(day))) break;
      const before = events.length;
      missed = Math.max(missed, this.#after(day, side, address, port, window.to, events));
      if (events.length > before) found = join();
    }
    missed = Math.max(missed, this.#around(side, found, looked, events));
    found = join();
    return { translations: found.slice(0, limit), total: found.length + Math.max(cut, missed) };
  }

  /** The sources that a table with an index on its source names. */
  sources(table: 'coverage' | 'leases'): string[] {
    const sources = new Set<string>();
    this.#files.each(this.#files.stored(), (database) => {
      // One search in the index for each source, however many rows it has.
      const rows = database.prepare(
        `WITH RECURSIVE next (source) AS (
           SELECT min(source) FROM ${table}
           UNION ALL
           SELECT (SELECT min(c.source) FROM ${table} c WHERE c.source > next.source) FROM next
           WHERE next.source IS NOT NULL
         ) SELECT source FROM next WHERE source IS NOT NULL`,
      );
      for (const row of rows.iterate()) sources.add(String(row['source']));
    });
    return [...sources];
  }

  imported(source: string, file: string): ImportState | null {
    let known: ImportState | null = null;
    // The newest word counts: what waits for its template is read again from the beginning.
    this.#files.each(this.#files.stored(), (database) => {
      const row = database
        .prepare(
          'SELECT options, messages, done FROM imports WHERE file = ? AND source = ? ORDER BY rowid DESC LIMIT 1',
        )
        .get(file, source);
      if (row !== undefined)
        known = {
          options: String(row['options']),
          messages: Number(row['messages']),
          done: Number(row['done']) === 1,
        };
    });
    return known;
  }

  /** The events up to the window's end, the newest days first; 1 when there were more than are looked at. */
  #upTo(
    side: Side,
    address: IpAddress,
    port: Port | null,
    window: Window,
    events: ToldTranslation[],
  ): number {
    const flows = new Set(this.#flowDays(window));
    let cut = 0;
    for (const day of this.#files.stored().toReversed()) {
      const tables: EventTable[] = day > dayOf(window.to) ? [] : ['translations', 'port_blocks'];
      if (flows.has(day)) tables.push('flows');
      if (tables.length === 0) continue;
      this.#files.each([day], (database) => {
        const found: ToldTranslation[] = [];
        for (const table of tables) {
          const match = matching(table, side, address, port);
          const inTime =
            table === 'flows'
              ? {
                  sql: `${match.sql} AND t.at_ms <= ? AND t.until_ms >= ?`,
                  values: [...match.values, window.to, window.from],
                }
              : { sql: `${match.sql} AND t.at_ms <= ?`, values: [...match.values, window.to] };
          found.push(...eventRows(database, table, inTime, 'DESC', SCAN_LIMIT - events.length));
        }
        events.unshift(...found);
      });
      if (events.length >= SCAN_LIMIT) {
        cut = 1;
        break;
      }
    }
    return cut;
  }

  #flowDays(window: Window): Day[] {
    const last = dayOf((window.to + FLOW_DAYS * DAY_MS) as Millis);
    // A flow that was told of early lies in the file of the day before.
    const first = dayOf((window.from - DAY_MS) as Millis);
    return this.#files.stored().filter((day) => day >= first && day <= last);
  }

  /** What one day tells after the window; 1 when there was more than is looked at. */
  #after(
    day: Day,
    side: Side,
    address: IpAddress,
    port: Port | null,
    to: Millis,
    events: ToldTranslation[],
  ): number {
    let cut = 0;
    this.#files.each([day], (database) => {
      for (const table of ['translations', 'port_blocks'] as const) {
        const { sql, values } = matching(table, side, address, port);
        const later = { sql: `${sql} AND t.at_ms > ?`, values: [...values, to] };
        const rows = eventRows(database, table, later, 'ASC', LATER_LIMIT);
        if (rows.length >= LATER_LIMIT) cut = 1;
        events.push(...rows);
      }
    });
    return cut;
  }

  /**
   * What else says when translations began and ended: events of other endpoints than the one that was asked for.
   * @param looked  those that were looked at before @returns 1 when there were more than are looked at
   */
  #around(side: Side, found: readonly Translation[], looked: Set<string>, events: ToldTranslation[]): number {
    const unsure = found
      .filter(({ ended, began }) => ended !== 'told' || began === 'before')
      .slice(0, MOST_OPEN + 1);
    // All that an inside was told of was found by it.
    let missed = this.#insideOnly(side === 'inside' ? unsure : found, looked, events);
    for (const item of unsure.slice(0, MOST_OPEN)) {
      const { outside, ended, began } = item;
      // All that tells of a single port was found by it.
      if ((side === 'outside' && outside.low === outside.high) || !isNew(looked, 'outside', item)) continue;
      const others = [
        ...(began === 'before' ? this.#before(item) : []),
        ...(ended !== 'told' ? this.#takeovers(item) : []),
      ];
      events.push(...others);
      if (hasUnexplained(others)) missed = Math.max(missed, this.#history(item, looked, events));
    }
    return unsure.length > MOST_OPEN ? 1 : missed;
  }

  /**
   * Deletes that name the inside alone (ASR 9000), also of what another delete ends later.
   * @returns 1 when there are more than are looked at
   */
  #insideOnly(found: readonly Translation[], looked: Set<string>, events: ToldTranslation[]): number {
    const items = found.filter((item) => isNew(looked, 'inside', item));
    let missed = 0;
    for (const table of ['translations', 'port_blocks'] as const) {
      // What has no inside port is a block, or of one.
      const own = items.filter(({ inside }) => (inside.port === null) === (table === 'port_blocks'));
      if (own.length === 0) continue;
      const from = own.reduce((least, item) => Math.min(least, item.from), Infinity) as Millis;
      const to = own.map(lastSign).reduce(latest);
      const some = own.slice(0, LATER_LIMIT);
      const addresses = JSON.stringify([...new Set(some.map(({ inside }) => inside.address))]);
      this.#facts.between(from, to, (database) => {
        if (!hasInsideOnly(database, table)) return false;
        if (own.length > some.length) missed = 1;
        const match = {
          sql: 't.inside_address IN (SELECT value FROM json_each(?)) AND t.outside_address IS NULL AND t.at_ms >= ?',
          values: [addresses, from],
        };
        const rows = eventRows(database, table, match, 'ASC', SCAN_LIMIT);
        if (rows.length >= SCAN_LIMIT) missed = 1;
        events.push(...rows);
        return false;
      });
    }
    return missed;
  }

  /** The first allocation of its outside ports to another inside. */
  #takeovers(item: Translation): ToldTranslation[] {
    const events: ToldTranslation[] = [];
    this.#facts.between(item.from, null, (database) => {
      const rows = this.#sharers(
        database,
        item,
        "t.event <> 'delete' AND t.at_ms >= ?",
        [item.from],
        TAKEOVERS,
      );
      events.push(...rows);
      return rows.some((told) => told.at > item.from && takesOver(told, item));
    });
    return events;
  }

  /** Who had its outside ports before the first sign of it. */
  #before(item: Translation): ToldTranslation[] {
    const { from, to } = item;
    const events: ToldTranslation[] = [];
    const when = to === null ? 't.at_ms >= ?' : 't.at_ms >= ? AND t.at_ms <= ?';
    this.#facts.between(from, to, (database) => {
      events.push(...this.#sharers(database, item, when, to === null ? [from] : [from, to], LATER_LIMIT));
      return false;
    });
    return events;
  }

  /**
   * What was told of its outside ports before it: who had them is no new allocation when a sign of it comes.
   * @returns 1 when there was more than is looked at
   */
  #history(item: Translation, looked: Set<string>, events: ToldTranslation[]): number {
    const earlier: ToldTranslation[] = [];
    // A sign without a protocol may be of one of any.
    const any = { ...item, protocol: null };
    // An event that was told of early lies in the file of the day before.
    const last = dayOf((item.from + DAY_MS) as Millis);
    for (const day of this.#files.stored().toReversed())
      if (day <= last && earlier.length < LATER_LIMIT)
        this.#files.each([day], (database) => {
          const left = LATER_LIMIT - earlier.length;
          earlier.push(...this.#sharers(database, any, 't.at_ms < ?', [item.from], left, 'DESC'));
        });
    events.push(...earlier);
    const joined = joinTranslations(earlier, this.#facts.restarts()(earlier), this.#facts.vouchedSince());
    const missed = this.#insideOnly(joined, looked, events);
    return earlier.length >= LATER_LIMIT ? 1 : missed;
  }

  /** Events of its source about its outside ports. */
  #sharers(
    database: DatabaseSync,
    { source, protocol, outside }: Translation,
    when: string,
    times: readonly Millis[],
    limit: number,
    order: 'ASC' | 'DESC' = 'ASC',
  ): ToldTranslation[] {
    const { address, low, high } = outside;
    if (low === null || high === null) return [];
    return (['translations', 'port_blocks'] as const).flatMap((table) => {
      const range =
        table === 'translations'
          ? 't.outside_low BETWEEN ? AND ?'
          : 't.outside_high >= ? AND t.outside_low <= ?';
      const match = {
        sql: `t.outside_address = ? AND ${range} AND ${when} AND t.source = ? AND (t.protocol IS NULL OR ? IS NULL OR t.protocol = ?)`,
        values: [address, low, high, ...times, source, protocol, protocol],
      };
      return eventRows(database, table, match, order, limit);
    });
  }
}

/** When a sign of it may come at the latest; null: at any time. What was given to another may show a sign later. */
const lastSign = ({ ended, to }: Translation): Millis | null => (ended === 'told' ? to : null);

const latest = (a: Millis | null, b: Millis | null): Millis | null =>
  a === null || b === null ? null : a > b ? a : b;

/** Whether anything of the day names the inside alone: most devices never do. */
function hasInsideOnly(database: DatabaseSync, table: EventTable): boolean {
  const sql = 't.outside_address IS NULL LIMIT 1';
  const any =
    table === 'port_blocks' ? `SELECT 1 FROM port_blocks t WHERE ${sql}` : partedSql(table, '1', sql);
  return database.prepare(any).get() !== undefined;
}

/** Whether a sign tells of what began before all of these. */
function hasUnexplained(events: readonly ToldTranslation[]): boolean {
  const known = new Set<string>();
  return events.some(({ event, realm, inside, outside }) => {
    const key = JSON.stringify([realm, inside, outside]);
    if (event === 'create') known.add(key);
    return event === 'interim' && !known.has(key);
  });
}

/** Whether it was not looked at yet as it is now. */
function isNew(looked: Set<string>, of: Side, item: Translation): boolean {
  const { source, realm, protocol, inside, outside, from, ended } = item;
  const key = JSON.stringify([of, source, realm, protocol, inside, outside, from, ended]);
  if (looked.has(key)) return false;
  looked.add(key);
  return true;
}

/** Whether a joined translation is of the endpoint that was asked for. */
function isAsked(
  { inside, outside }: Translation,
  side: Side,
  address: IpAddress,
  port: Port | null,
): boolean {
  if (side === 'outside') return outside.address === address && (port === null || holdsPort(outside, port));
  return inside.address === address && (port === null || inside.port === null || inside.port === port);
}

function matching(table: EventTable, side: Side, address: IpAddress, port: Port | null): Match {
  if (port === null) return { sql: `t.${side}_address = ?`, values: [address] };
  if (side === 'inside')
    return {
      sql: 't.inside_address = ? AND (t.inside_port = ? OR t.inside_port IS NULL)',
      values: [address, port],
    };
  if (table === 'translations')
    return { sql: 't.outside_address = ? AND t.outside_low = ?', values: [address, port] };
  return {
    sql: 't.outside_address = ? AND (t.outside_low IS NULL OR (t.outside_low <= ? AND t.outside_high >= ?))',
    values: [address, port, port],
  };
}

/** In the order of storing; of more than the limit the newest, or (`ASC`) the oldest. */
function eventRows(
  database: DatabaseSync,
  table: EventTable,
  { sql, values }: Match,
  order: 'ASC' | 'DESC',
  limit: number,
): ToldTranslation[] {
  if (limit <= 0) return [];
  const rows =
    table === 'port_blocks'
      ? `SELECT t.*, t.rowid AS n FROM port_blocks t WHERE ${sql}`
      : partedSql(table, 't.*', sql);
  const found = database
    .prepare(
      `SELECT s.*, m.dialect, m.digest, m.clock_error_ms FROM (${rows} ORDER BY t.at_ms ${order}, t.rowid ${order} LIMIT ${limit}) s LEFT JOIN messages m ON m.id = s.message`,
    )
    .all(...values)
    .map(toldTranslation);
  return order === 'ASC' ? found : found.toReversed();
}
