import { createHash } from 'node:crypto';
import { canonicalAddress, canonicalPort, type IpAddress, type Port } from '../../model/address.ts';
import { ShudiError } from '../../model/errors.ts';
import { isHeldPrefix } from '../../model/prefix.ts';
import { parseTime, type Millis } from '../../model/time.ts';
import type { PortRange, TranslationEvent } from '../../model/translations.ts';
import type { ToldTranslation } from '../feed.ts';
import type { LeaseFeed, ToldLease } from '../lease-feed.ts';
import { CSV_FIELDS, type CsvField, type CsvMapping } from './csv-mapping.ts';
import { cellsOf } from './csv-row.ts';
import { linesOf, openText } from './lines.ts';
import type { Reading, ReadingOptions } from './reading.ts';

const MOST_COLUMNS = 500;

type Row = (field: CsvField) => string;

/** Tables with a heading, or without one by the numbers of their columns. */
export class CsvReading implements Reading {
  readonly #options: ReadingOptions;
  readonly #leases: LeaseFeed;
  #rows = 0;

  constructor(options: ReadingOptions, leases: LeaseFeed) {
    this.#options = options;
    this.#leases = leases;
  }

  async file(path: string, turn: (bytesRead: number) => Promise<void>): Promise<void> {
    const { source, mapping, clock } = this.#options;
    const { stream, written, read } = await openText(path);
    clock.now = written;
    let places: ReadonlyMap<CsvField, number> | null = mapping === null ? null : byNumber(mapping);
    // The last row need not have a line end (RFC 4180, 2.2).
    for await (const { text, isCut } of linesOf(stream, path)) {
      if (text.trim() === '') continue;
      const cells = isCut ? null : cellsOf(text);
      if (places === null) {
        if (cells === null) throw new ShudiError('import.format', 'The file is no CSV.', path);
        places = byHeading(cells, mapping, path);
        continue;
      }
      this.#rows += 1;
      const fault = cells === null ? (isCut ? 'long' : 'quote') : this.#take(rowOf(cells, places), cells);
      if (fault === 'identity') source.rejected('csv-identity', 1);
      else if (fault !== null) source.unread(`csv-${fault}`, 1);
      await turn(read());
    }
  }

  records(): number {
    return this.#rows;
  }

  pending(): number {
    return 0;
  }

  /** Null when it was taken, else why not. */
  #take(row: Row, cells: readonly string[]): string | null {
    const original = JSON.stringify(cells);
    const time = timeOf(row('time'));
    if (time === null) return 'time';
    if (row('inside') === '') return this.#lease(row, time, original);
    const translation = translationOf(row, time);
    if (typeof translation === 'string') return translation;
    void this.#options.source.take({ original, dialect: 'csv', sentMs: null, translations: [translation] });
    return null;
  }

  #lease(row: Row, time: Millis, original: string): string | null {
    const lease = leaseOf(row, time);
    if (typeof lease === 'string') return lease;
    void this.#leases.account({
      original: Buffer.from(original),
      sentMs: null,
      byOurClock: false,
      leases: [lease],
      translations: [],
      restarted: null,
    });
    return null;
  }
}

const rowOf =
  (cells: readonly string[], places: ReadonlyMap<CsvField, number>): Row =>
  (field) =>
    (cells[places.get(field) ?? -1] ?? '').trim();

/** Null when columns are named by their headings. */
function byNumber(mapping: CsvMapping): Map<CsvField, number> | null {
  const places = new Map<CsvField, number>();
  for (const [field, column] of mapping) {
    if (!/^[1-9]\d{0,2}$/.test(column)) return null;
    places.set(field, Number(column) - 1);
  }
  return places;
}

/** @throws ShudiError import.mapping when a column is not there */
function byHeading(
  cells: readonly string[],
  mapping: CsvMapping | null,
  path: string,
): Map<CsvField, number> {
  const heading = cells.slice(0, MOST_COLUMNS).map((cell) => cell.trim());
  const places = new Map<CsvField, number>();
  for (const field of CSV_FIELDS) {
    const column = mapping === null ? field : mapping.get(field);
    if (column === undefined) continue;
    const place = heading.indexOf(column);
    if (place !== -1) places.set(field, place);
    else if (mapping !== null)
      throw new ShudiError('import.mapping', 'The file has no such column.', column.slice(0, 40));
  }
  if (!places.has('time') || !(places.has('inside') || places.has('address')))
    throw new ShudiError('import.mapping', 'The file needs columns for time, and inside or address.', path);
  return places;
}

/** RFC 3339 with an offset, or whole or fractional seconds, or milliseconds, since the epoch. */
function timeOf(text: string): Millis | null {
  if (/^\d{9,10}(\.\d{1,9})?$/.test(text)) return Math.floor(Number(text) * 1000) as Millis;
  if (/^\d{12,13}$/.test(text)) return Number(text) as Millis;
  try {
    return parseTime(text, 'time');
  } catch {
    return null;
  }
}

const PROTOCOLS: Readonly<Record<string, number>> = {
  tcp: 6,
  udp: 17,
  icmp: 1,
  icmpv6: 58,
  sctp: 132,
  dccp: 33,
};
const EVENTS: Readonly<Record<string, TranslationEvent>> = {
  create: 'create',
  add: 'create',
  delete: 'delete',
  interim: 'interim',
  flow: 'flow',
};

/** A cell's port: null when there is none, undefined when it is no port. */
const portOf = (text: string): Port | null | undefined =>
  text === '' || text === '0' ? null : (canonicalPort(text) ?? undefined);

function translationOf(row: Row, time: Millis): ToldTranslation | string {
  const event = row('event') === '' ? 'create' : EVENTS[row('event').toLowerCase()];
  if (event === undefined) return 'event';
  const inside = canonicalAddress(row('inside'));
  const insidePort = portOf(row('insidePort'));
  if (inside === null || insidePort === undefined) return 'inside';
  const outside = rangeOf(row);
  if (typeof outside === 'string') return outside;
  if (outside === null && event !== 'delete') return 'outside';
  if (outside !== null && outside.address === inside && outside.low === insidePort) return 'identity';
  const protocol = protocolOf(row('protocol'));
  if (protocol === undefined) return 'protocol';
  const until = row('until') === '' ? null : timeOf(row('until'));
  if (row('until') !== '' && (until === null || until < time)) return 'until';
  const remote = row('remote') === '' ? null : canonicalAddress(row('remote'));
  const remotePort = portOf(row('remotePort'));
  if ((row('remote') !== '' && remote === null) || remotePort === undefined) return 'remote';
  const flow = row('flow') === '' ? null : Number(row('flow'));
  if (flow !== null && (!Number.isSafeInteger(flow) || flow < 0)) return 'flow';
  return {
    // A row with an end tells of the whole.
    event: until === null ? event : 'flow',
    timeMs: time,
    untilMs: until,
    realm: cutTo(row('realm'), 64),
    protocol,
    inside: { address: inside, port: insidePort },
    outside,
    remote: remote === null ? null : { address: remote, port: remotePort },
    flow,
  };
}

/** No half of a character is left. */
const cutTo = (text: string, characters: number): string => text.slice(0, characters).toWellFormed();

function rangeOf(row: Row): PortRange | null | string {
  if (row('outside') === '') return null;
  const address = canonicalAddress(row('outside'));
  if (address === null) return 'outside';
  const low = portOf(row('outsideLow') === '' ? row('outsidePort') : row('outsideLow'));
  const high = row('outsideHigh') === '' ? low : portOf(row('outsideHigh'));
  const step = row('outsideStep') === '' ? 1 : Number(row('outsideStep'));
  if (low === undefined || high === undefined || (low === null) !== (high === null)) return 'outside';
  if (low !== null && high !== null && low > high) return 'outside';
  if (!Number.isInteger(step) || step < 1 || step > 65_535) return 'outside';
  return { address, low, high, step };
}

function protocolOf(text: string): number | null | undefined {
  if (text === '') return null;
  const known = PROTOCOLS[text.toLowerCase()];
  if (known !== undefined) return known;
  return /^(25[0-5]|2[0-4]\d|1?\d?\d)$/.test(text) ? Number(text) : undefined;
}

const LEASE_EVENTS: Readonly<Record<string, ToldLease['event']>> = {
  start: 'start',
  interim: 'interim',
  stop: 'stop',
};

function leaseOf(row: Row, time: Millis): ToldLease | string {
  const event = row('event') === '' ? 'start' : LEASE_EVENTS[row('event').toLowerCase()];
  if (event === undefined) return 'event';
  const [text = '', length] = row('address').split('/');
  const address: IpAddress | null = canonicalAddress(text);
  if (address === null) return 'address';
  const whole = address.includes(':') ? 128 : 32;
  const bits = length === undefined ? whole : Number(length);
  if (!Number.isInteger(bits) || bits < 1 || bits > whole) return 'address';
  if (!isHeldPrefix(address, bits)) return 'prefix';
  const server = cutTo(row('server'), 253);
  const session = row('session') === '' ? `${row('address')} ${row('subscriber')}` : row('session');
  return {
    event,
    timeMs: time,
    session: createHash('sha256').update(`${server}\0${session}`).digest('hex').slice(0, 16),
    server,
    address,
    bits,
    userName: row('subscriber') === '' ? null : cutTo(row('subscriber'), 253),
    callingStation: row('line') === '' ? null : cutTo(row('line'), 253),
  };
}
