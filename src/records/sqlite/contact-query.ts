import type { IpAddress, Port } from '../../model/address.ts';
import type { Subject } from '../../model/accounts.ts';
import type {
  BindingRecord,
  ConnectionId,
  ConnectionRecord,
  Contact,
  EgressEndRecord,
  EgressRecord,
  EndRecord,
  Found,
  FoundRequest,
  RequestRecord,
  PublicationRecord,
  RequestId,
  SessionRecord,
  UnbindingRecord,
  Window,
} from '../../model/records.ts';
import { DAY_MS, dayOf, dayStart, overlaps, type Millis } from '../../model/time.ts';
import { assembleContact, assembleRequest, carriedBy, selectContacts } from '../assemble.ts';
import { prefix64 } from '../../model/prefix.ts';
import type { DayFiles } from './day-files.ts';
import { fromRow, partedSql, type Row } from './schema.ts';

/** At most this many connections are looked at for one question; beyond it the count says that there are more. */
const SCAN_LIMIT = 20_000;
/** Of a connection `t`: that it had not ended when the window began. What is over must not use up the limit. */
const NOT_OVER = 'NOT EXISTS (SELECT 1 FROM ends e WHERE e.connection = t.id AND e.closed_ms < ?)';
const IN_ORDER = `ORDER BY t.from_ms, t.id LIMIT ${SCAN_LIMIT}`;

type Connections = Map<ConnectionId, ConnectionRecord> & { cut: number };

/** What the gateway stored, read synchronously: for the reader's thread and for commands. */
export class ContactQuery {
  readonly #files: DayFiles;

  constructor(files: DayFiles) {
    this.#files = files;
  }

  byClient(address: IpAddress, port: Port | null, window: Window, limit: number): Found {
    const ofPort = port === null ? '' : 'AND (t.client_port = ? OR t.client_port IS NULL)';
    const ids = this.#connections(
      window,
      partedSql(
        'connections',
        't.*',
        `t.client_address = ? ${ofPort} AND t.from_ms <= ? AND ${NOT_OVER} ${IN_ORDER}`,
      ),
      [address, ...(port === null ? [] : [port]), window.to, window.from],
    );
    const prefix = prefix64(address);
    // What was aggregated stands under the first address of its /64, without a port.
    if (prefix !== null) {
      const aggregated = this.#connections(
        window,
        partedSql(
          'connections',
          't.*',
          `t.client_address = ? AND t.client_port IS NULL AND t.verdict = 'aggregated' AND t.from_ms <= ? AND ${NOT_OVER} ${IN_ORDER}`,
        ),
        [prefix, window.to, window.from],
      );
      for (const [id, record] of aggregated) ids.set(id, record);
      ids.cut = Math.max(ids.cut, aggregated.cut);
    }
    const selected = selectContacts(this.#assemble(ids), window, limit);
    return { contacts: selected.contacts, total: selected.total + ids.cut, shared: false };
  }

  byEgress(address: IpAddress, port: Port, window: Window, limit: number): Found {
    const used = new Map<string, EgressRecord>();
    this.#files.each(this.#files.days(window), (database) => {
      const rows = database
        .prepare(partedSql('egress', 't.*', 't.local_port = ? AND t.local_address = ? AND t.from_ms <= ?'))
        .all(port, address, window.to);
      for (const item of rows.map(fromRow.egress)) used.set(`${item.connection} ${item.from}`, item);
    });
    const dedicated = new Map<ConnectionId, ConnectionRecord>();
    let shared = false;
    let cut = 0;
    const contacts = new Map<ConnectionId, Contact>();
    for (const egress of used.values()) {
      if (egress.connection === null) {
        const until = this.#carrierEnd(egress);
        if (!overlaps({ from: egress.from, to: until }, window.from, window.to)) continue;
        shared = true;
        const carried = this.#carried(egress, until, window);
        cut += carried.cut;
        for (const contact of carried.contacts) contacts.set(contact.id, contact);
      } else {
        const record = this.#connection(egress.connection, egress.from);
        if (record !== null) dedicated.set(record.id, record);
      }
    }
    for (const contact of this.#assemble(dedicated)) {
      const use = contact.egress.filter((item) => item.local.address === address && item.local.port === port);
      if (use.some((item) => overlaps(item, window.from, window.to))) contacts.set(contact.id, contact);
    }
    const sorted = [...contacts.values()].sort((a, b) => a.from - b.from || a.id - b.id);
    return { contacts: sorted.slice(0, limit), total: sorted.length + cut, shared };
  }

  bySubject(subject: Subject, window: Window, limit: number): Found {
    const ids = this.#connections(
      window,
      `SELECT * FROM connections t WHERE id IN (${partedSql('bindings', 't.connection', 't.subject = ? AND t.from_ms <= ?')}) AND ${NOT_OVER} ${IN_ORDER}`,
      [subject, window.to, window.from],
    );
    const matching = this.#assemble(ids).filter((contact) =>
      contact.bindings.some((item) => item.subject === subject && overlaps(item, window.from, window.to)),
    );
    matching.sort((a, b) => a.from - b.from || a.id - b.id);
    return { contacts: matching.slice(0, limit), total: matching.length + ids.cut, shared: false };
  }

  byRequest(request: RequestId): FoundRequest | null {
    const rows: RequestRecord[] = [];
    for (const day of this.#files.stored().toReversed()) {
      const done = rows.length > 0;
      this.#files.each([day], (database) => {
        const sql = partedSql('requests', 't.*', 't.request = ? ORDER BY t.n');
        rows.unshift(...database.prepare(sql).all(request).map(fromRow.request));
      });
      // An event may have named the account on the day after the request; never later.
      if (done) break;
    }
    const last = rows.at(-1);
    if (last === undefined) return null;
    const record = this.#connection(last.connection, last.at);
    const contact = record === null ? undefined : this.#assemble(new Map([[record.id, record]]))[0];
    return contact === undefined ? null : assembleRequest(rows, contact);
  }

  sessionsOf(subject: Subject, window: Window, limit: number): SessionRecord[] {
    return this.#rowsOf('sessions', subject, window, limit).map(fromRow.session);
  }

  publicationsOf(subject: Subject, window: Window, limit: number): PublicationRecord[] {
    return this.#rowsOf('publications', subject, window, limit).map(fromRow.publication);
  }

  /** Connections by their number; `cut` is 1 when there were more than are looked at. */
  #connections(window: Window, sql: string, values: readonly (string | number | null)[]): Connections {
    const found: Connections = Object.assign(new Map<ConnectionId, ConnectionRecord>(), { cut: 0 });
    this.#files.each(this.#files.days(window), (database) => {
      let rows = 0;
      for (const row of database.prepare(sql).iterate(...values)) {
        const record = fromRow.connection(row);
        found.set(record.id, record);
        rows += 1;
      }
      if (rows >= SCAN_LIMIT) found.cut = 1;
    });
    return found;
  }

  #connection(id: ConnectionId, near: Millis): ConnectionRecord | null {
    const days = this.#files.days({ from: near, to: near });
    let found: ConnectionRecord | null = null;
    this.#files.each(days, (database) => {
      const row = database.prepare('SELECT * FROM connections WHERE id = ?').get(id);
      if (row !== undefined) found ??= fromRow.connection(row);
    });
    return found;
  }

  #carrierEnd(egress: EgressRecord): Millis | null {
    let end: Millis | null = null;
    const later = this.#files.stored().filter((day) => day >= dayOf(egress.from));
    this.#files.each(later, (database) => {
      const row = database
        .prepare('SELECT to_ms FROM egress_ends WHERE local_port = ? AND local_address = ? AND from_ms = ?')
        .get(egress.local.port, egress.local.address, egress.from);
      if (row !== undefined) end ??= Number(row['to_ms']) as Millis;
    });
    return end;
  }

  /** What a shared endpoint may have carried within the window; see `carriedBy`. */
  #carried(egress: EgressRecord, until: Millis | null, window: Window): { contacts: Contact[]; cut: number } {
    const records =
      egress.peer === null
        ? this.#connections(
            window,
            `SELECT * FROM connections t WHERE t.from_ms <= ? AND ${NOT_OVER} ${IN_ORDER}`,
            [Math.min(window.to, until ?? window.to), Math.max(window.from, egress.from)],
          )
        : this.#connections(
            window,
            `SELECT * FROM connections t WHERE peer_address = ? AND listener = ? AND verdict <> 'direct' AND from_ms <= ? AND ${NOT_OVER} ${IN_ORDER}`,
            [egress.peer.address, egress.listener, window.to, window.from],
          );
    const contacts = this.#assemble(records).filter(
      (contact) => overlaps(contact, window.from, window.to) && carriedBy(contact, egress, until),
    );
    return { contacts, cut: records.cut };
  }

  /** Collects all that is stored about the connections, from the day of their start until their end is found. */
  #assemble(records: ReadonlyMap<ConnectionId, ConnectionRecord>): Contact[] {
    const days = this.#files.stored();
    return [...records.values()].map((connection) => {
      const bindings: BindingRecord[] = [];
      const unbindings: UnbindingRecord[] = [];
      const egress: EgressRecord[] = [];
      const egressEnds: EgressEndRecord[] = [];
      let end: EndRecord | null = null;
      for (const day of days) {
        if (day < dayOf(connection.from)) continue;
        // A site may report an event a little after the end: the day after is still looked at.
        if (end !== null && dayStart(day) > (end as EndRecord).closed + DAY_MS) break;
        this.#files.each([day], (database) => {
          const of = (table: string, column = 'connection'): Row[] =>
            database.prepare(`SELECT * FROM ${table} WHERE ${column} = ? ORDER BY rowid`).all(connection.id);
          bindings.push(...of('bindings').map(fromRow.binding));
          unbindings.push(...of('unbindings').map((row) => fromRow.unbinding(row)));
          egress.push(...of('egress').map(fromRow.egress));
          const row = of('ends')[0];
          if (row !== undefined) end = fromRow.end(row);
          for (const used of egress) {
            const ended = database
              .prepare('SELECT * FROM egress_ends WHERE local_port = ? AND local_address = ? AND from_ms = ?')
              .all(used.local.port, used.local.address, used.from);
            egressEnds.push(...ended.map(fromRow.egressEnd));
          }
        });
      }
      return assembleContact({ connection, end, bindings, unbindings, egress, egressEnds });
    });
  }

  #rowsOf(table: 'sessions' | 'publications', subject: Subject, window: Window, limit: number): Row[] {
    const rows: Row[] = [];
    this.#files.each(this.#files.days(window), (database) => {
      rows.push(
        ...database
          .prepare(
            `SELECT * FROM ${table} WHERE subject = ? AND at_ms BETWEEN ? AND ? ORDER BY at_ms LIMIT ?`,
          )
          .all(subject, window.from, window.to, limit - rows.length),
      );
    });
    return rows.slice(0, limit);
  }
}
