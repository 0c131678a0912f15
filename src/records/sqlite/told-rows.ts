import type { Subject } from '../../model/accounts.ts';
import type { Endpoint, IpAddress, Port } from '../../model/address.ts';
import { GATEWAY_SOURCE, type RecordItem } from '../../model/records.ts';
import type { Millis } from '../../model/time.ts';
import type {
  LeaseRecord,
  MessageId,
  Remote,
  TranslationEvent,
  TranslationRecord,
} from '../../model/translations.ts';
import type { ToldLease, ToldTranslation } from '../told.ts';
import type { Cells, Row, Table } from './schema.ts';

type ToldItem = Extract<
  RecordItem,
  { type: 'message' | 'translation' | 'lease' | 'restart' | 'gap' | 'import' }
>;

/** Stands for a remote that is none of the operator's own. */
const ELSEWHERE = '*';

/** The normalised row of what a source told; the columns are in schema.ts. */
export function toldRow(item: ToldItem): Readonly<Cells> {
  switch (item.type) {
    case 'message':
      return [
        'messages',
        item.id,
        item.source,
        item.dialect,
        item.digest,
        item.at,
        item.received,
        item.offsetMs,
        item.clockErrorMs,
      ];
    case 'translation':
      return [
        tableOf(item),
        item.message,
        item.place,
        item.source,
        item.event,
        item.realm,
        item.protocol,
        item.inside.address,
        item.inside.port,
        item.outside?.address ?? null,
        item.outside?.low ?? null,
        item.outside?.high ?? null,
        item.outside?.step ?? null,
        item.remote === 'elsewhere' ? ELSEWHERE : (item.remote?.address ?? null),
        item.remote === 'elsewhere' ? null : (item.remote?.port ?? null),
        item.flow,
        item.at,
        item.until,
      ];
    case 'lease':
      return [
        'leases',
        item.message,
        item.place,
        item.source,
        item.event,
        item.session,
        item.server,
        item.realm,
        item.address,
        item.bits,
        item.subject,
        item.line,
        item.at,
      ];
    case 'restart':
      return ['restarts', item.source, item.server, item.at];
    case 'gap':
      return ['gaps', item.source, item.from, item.to, item.reason, item.count];
    case 'import':
      return ['imports', item.source, item.file, item.options, item.messages, item.done ? 1 : 0, item.at];
  }
}

/** One port is found by it; a range, or an address alone, by looking through all of its address. */
function tableOf({ event, outside, inside }: TranslationRecord): Table {
  if (event === 'flow') return 'flows';
  if (outside === null) return inside.port === null ? 'port_blocks' : 'translations';
  return outside.low !== null && outside.low === outside.high ? 'translations' : 'port_blocks';
}

/** Where in a row the time stands that says on which day it is stored; a flow's is its end. */
const TIME_PLACE: Partial<Record<Table, number>> = {
  messages: 5,
  translations: 16,
  port_blocks: 16,
  flows: 17,
  leases: 12,
  restarts: 3,
  gaps: 2,
  coverage: 2,
};

/** Tables whose rows lie on the day of what they tell. */
export const DATED = Object.keys(TIME_PLACE) as readonly Table[];

/** The time that says on which day a row is stored; null: on the day on which it comes. */
export function timeCell(cells: Cells): number | null {
  const place = TIME_PLACE[cells[0]];
  if (place === undefined || (cells[0] === 'coverage' && cells[1] === GATEWAY_SOURCE)) return null;
  return Number(cells[place]);
}

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const nullable = (value: unknown): number | null => (value === null ? null : Number(value));
const endpoint = (row: Row, name: string): Endpoint => ({
  address: String(row[`${name}_address`]) as IpAddress,
  port: nullable(row[`${name}_port`]) as Port | null,
});

function remoteOf(row: Row): Remote {
  if (row['remote_address'] === null) return null;
  return row['remote_address'] === ELSEWHERE ? 'elsewhere' : endpoint(row, 'remote');
}

/** A row of one of the three tables, joined with its message. */
export const toldTranslation = (row: Row): ToldTranslation => ({
  type: 'translation',
  message: Number(row['message']) as MessageId,
  place: Number(row['place']),
  source: String(row['source']),
  event: String(row['event']) as TranslationEvent,
  realm: String(row['realm']),
  protocol: nullable(row['protocol']),
  inside: endpoint(row, 'inside'),
  outside:
    typeof row['outside_address'] !== 'string'
      ? null
      : {
          address: row['outside_address'] as IpAddress,
          low: nullable(row['outside_low']) as Port | null,
          high: nullable(row['outside_high']) as Port | null,
          step: Number(row['outside_step']),
        },
  remote: remoteOf(row),
  flow: nullable(row['flow']),
  at: Number(row['at_ms']) as Millis,
  until: nullable(row['until_ms']) as Millis | null,
  dialect: String(row['dialect']),
  digest: textOrNull(row['digest']) ?? `of message ${String(row['message'])}`,
  clockErrorMs: nullable(row['clock_error_ms']),
});

export const toldLease = (row: Row): ToldLease => ({
  type: 'lease',
  message: Number(row['message']) as MessageId,
  place: Number(row['place']),
  source: String(row['source']),
  event: String(row['event']) as LeaseRecord['event'],
  session: String(row['session']),
  server: String(row['server']),
  realm: String(row['realm']),
  address: textOrNull(row['address']) as IpAddress | null,
  bits: Number(row['bits']),
  subject: textOrNull(row['subject']) as Subject | null,
  line: textOrNull(row['line']) as Subject | null,
  at: Number(row['at_ms']) as Millis,
  digest: textOrNull(row['digest']) ?? `of message ${String(row['message'])}`,
  clockErrorMs: nullable(row['clock_error_ms']),
});
