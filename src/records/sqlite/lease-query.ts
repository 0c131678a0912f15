import type { DatabaseSync } from 'node:sqlite';
import type { Subject } from '../../model/accounts.ts';
import type { IpAddress } from '../../model/address.ts';
import type { Window } from '../../model/records.ts';
import { DAY_MS, dayOf, overlaps, type Millis } from '../../model/time.ts';
import type { FoundLeases, Lease } from '../../model/translations.ts';
import { SIGN_MS } from '../coverage.ts';
import { joinLeases } from '../lease-intervals.ts';
import { prefixesOf } from '../../model/prefix.ts';
import type { ToldLease } from '../told.ts';
import type { DayFiles } from './day-files.ts';
import type { Cell } from './schema.ts';
import { lastsInto, ToldFacts } from './told-facts.ts';
import { toldLease } from './told-rows.ts';

/** At most this many events are looked at for one question, the newest first; beyond it the count says so. */
const SCAN_LIMIT = 20_000;
/** Events of one day after the window that may end what is open in it; and stops of one session. */
const LATER_LIMIT = 2000;
/** Sessions of which a stop without an address is looked for. */
const MOST_SESSIONS = 5000;

/** What access servers told of leases, read synchronously. */
export class LeaseQuery {
  readonly #files: DayFiles;
  readonly #facts: ToldFacts;

  constructor(files: DayFiles) {
    this.#files = files;
    this.#facts = new ToldFacts(files);
  }

  leases(address: IpAddress, window: Window, limit: number): FoundLeases {
    const events: ToldLease[] = [];
    let cut = this.#upTo(address, window.to, events);
    const since = this.#facts.vouchedSince();
    const restartsOf = this.#facts.restarts();
    const join = (): Lease[] =>
      joinLeases(events, restartsOf(events), since).filter((item) => overlaps(item, window.from, window.to));
    let found = join();
    const certain = dayOf((window.to + SIGN_MS) as Millis);
    // An event that was told of early lies in the file of the day before.
    const first = dayOf((window.to - DAY_MS) as Millis);
    for (const day of this.#files.stored()) {
      if (day < first) continue;
      if (day > certain && !found.some(lastsInto(day))) break;
      const before = events.length;
      this.#files.each([day], (database) => {
        const rows = leaseRows(database, at(address, '>', window.to), 'ASC', LATER_LIMIT);
        if (rows.length >= LATER_LIMIT) cut = 1;
        events.push(...rows.filter(holds(address)));
      });
      if (events.length > before) found = join();
    }
    const looked = new Set<string>();
    while (this.#stops(found, events, looked) > 0) found = join();
    if (looked.size >= MOST_SESSIONS) cut = 1;
    return { leases: found.slice(0, limit), total: found.length + cut };
  }

  leasesOf(subject: Subject, window: Window, limit: number): FoundLeases {
    const addresses = new Set<IpAddress>();
    this.#files.each(this.#files.stored(), (database) => {
      const rows = database
        .prepare('SELECT DISTINCT address FROM leases WHERE (subject = ? OR line = ?) AND at_ms <= ?')
        .all(subject, subject, window.to + SIGN_MS);
      for (const row of rows)
        if (row['address'] !== null && addresses.size < SCAN_LIMIT)
          addresses.add(String(row['address']) as IpAddress);
    });
    const found = [...addresses].map((address) => this.leases(address, window, SCAN_LIMIT));
    const cut = found.some((item) => item.total > item.leases.length) || addresses.size >= SCAN_LIMIT;
    const leases = found
      .flatMap((item) => item.leases)
      .filter((item) => item.subject === subject || item.line === subject)
      .sort((a, b) => a.from - b.from);
    return { leases: leases.slice(0, limit), total: leases.length + (cut ? 1 : 0) };
  }

  /** The events up to a time, the newest days first; 1 when there were more than are looked at. */
  #upTo(address: IpAddress, to: Millis, events: ToldLease[]): number {
    let seen = 0;
    this.#files.each(this.#files.stored().toReversed(), (database, day) => {
      if (day > dayOf(to) || seen >= SCAN_LIMIT) return;
      const rows = leaseRows(database, at(address, '<=', to), 'DESC', SCAN_LIMIT - seen);
      seen += rows.length;
      events.unshift(...rows.filter(holds(address)));
    });
    return seen >= SCAN_LIMIT ? 1 : 0;
  }

  /**
   * A stop may name its session alone. It is looked for in the sessions that tell of a lease; where its beginning was not
   * told in all of its server, as a rival's end may tell when it began.
   * @param looked  sessions that were looked for before @returns how many were not
   */
  #stops(found: readonly Lease[], events: ToldLease[], looked: Set<string>): number {
    const concerns = (told: ToldLease): boolean =>
      found.some(
        ({ source, server, from, to, began }) =>
          source === told.source &&
          server === told.server &&
          (began === 'before' || (told.at >= from && told.at <= (to ?? Infinity))),
      );
    const sessions: Record<string, string[]> = {};
    const before = looked.size;
    let first: number = Infinity;
    for (const { source, session, at } of events.filter(concerns).toReversed()) {
      const key = `${source} ${session}`;
      if (!looked.has(key)) {
        if (looked.size >= MOST_SESSIONS) continue;
        looked.add(key);
        (sessions[source] ??= []).push(session);
      }
      first = Math.min(first, at);
    }
    if (looked.size === before) return 0;
    const match = {
      sql: 't.source = ? AND t.session IN (SELECT value FROM json_each(?)) AND t.address IS NULL',
    };
    this.#facts.between(first as Millis, null, (database) => {
      for (const [source, list] of Object.entries(sessions)) {
        const values = [source, JSON.stringify(list)];
        events.push(...leaseRows(database, { ...match, values }, 'ASC', SCAN_LIMIT));
      }
      return false;
    });
    return looked.size - before;
  }
}

interface Match {
  readonly sql: string;
  readonly values: readonly Cell[];
}

/** The events of every prefix that holds an address, before or after a time; see `holds`. */
function at(address: IpAddress, side: '<=' | '>', time: Millis): Match {
  const networks = [...new Set(prefixesOf(address).map(({ network }) => network))];
  const list = networks.map(() => '?').join(', ');
  return { sql: `t.address IN (${list}) AND t.at_ms ${side} ?`, values: [...networks, time] };
}

function holds(address: IpAddress): (item: ToldLease) => boolean {
  const wanted = new Set(prefixesOf(address).map(({ network, bits }) => `${network}/${bits}`));
  return (item) => wanted.has(`${item.address}/${item.bits}`);
}

/** In the order of time; of more than the limit the newest, or (`ASC`) the oldest. */
function leaseRows(
  database: DatabaseSync,
  { sql, values }: Match,
  order: 'ASC' | 'DESC',
  limit: number,
): ToldLease[] {
  const found = database
    .prepare(
      `SELECT t.*, m.digest, m.clock_error_ms FROM leases t LEFT JOIN messages m ON m.id = t.message WHERE ${sql} ORDER BY t.at_ms ${order}, t.rowid ${order} LIMIT ${limit}`,
    )
    .all(...values)
    .map(toldLease);
  return order === 'ASC' ? found : found.toReversed();
}
