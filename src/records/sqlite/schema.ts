import type { IpAddress, Port, Endpoint } from '../../model/address.ts';
import type { Site, Subject } from '../../model/accounts.ts';
import type {
  BindingRecord,
  ConnectionId,
  ConnectionRecord,
  EgressEndRecord,
  EgressRecord,
  EndReason,
  EndRecord,
  Learned,
  PublicationRecord,
  RecordItem,
  RequestId,
  RequestRecord,
  SessionRecord,
  UnbindingRecord,
  Verdict,
} from '../../model/records.ts';
import type { Millis } from '../../model/time.ts';
import { toldRow } from './told-rows.ts';

/** Of the files' layout; another number is refused, never guessed at. */
export const SCHEMA_VERSION = 5;

export type Cell = string | number | null;

/**
 * What is told of a translation. Three tables have these columns: `translations` those of one port, `port_blocks` those
 * of a range or of a whole address, which are found by looking through all of an address, and `flows` what was only
 * seen for a while, which need not be looked for on the days before.
 */
const TOLD =
  'message INTEGER, place INTEGER, source TEXT, event TEXT, realm TEXT, protocol INTEGER, inside_address TEXT, inside_port INTEGER, outside_address TEXT, outside_low INTEGER, outside_high INTEGER, outside_step INTEGER, remote_address TEXT, remote_port INTEGER, flow INTEGER, at_ms INTEGER, until_ms INTEGER';

/**
 * The tables of a day, in the order in which a batch's digest walks them. Rows are only ever added: what a row says
 * is never changed, so that its digest stands (R8). `batch` is the last column of each.
 */
export const TABLES = {
  connections:
    'id INTEGER, listener TEXT, peer_address TEXT, peer_port INTEGER, client_address TEXT, client_port INTEGER, verdict TEXT, chain TEXT, own_address TEXT, own_port INTEGER, from_ms INTEGER, clock_error_ms INTEGER',
  egress:
    'connection INTEGER, local_address TEXT, local_port INTEGER, remote_address TEXT, remote_port INTEGER, listener TEXT, peer_address TEXT, peer_port INTEGER, from_ms INTEGER',
  ends: 'connection INTEGER PRIMARY KEY, to_ms INTEGER, closed_ms INTEGER, reason TEXT',
  checkpoints: 'connection INTEGER, to_ms INTEGER',
  egress_ends: 'connection INTEGER, local_address TEXT, local_port INTEGER, from_ms INTEGER, to_ms INTEGER',
  bindings:
    'connection INTEGER, site TEXT, subject TEXT, learned TEXT, from_ms INTEGER, session_since_ms INTEGER',
  unbindings: 'connection INTEGER, subject TEXT, at_ms INTEGER',
  sessions:
    'site TEXT, subject TEXT, event TEXT, at_ms INTEGER, learned TEXT, connection INTEGER, request TEXT',
  publications: 'site TEXT, subject TEXT, at_ms INTEGER, connection INTEGER, request TEXT',
  requests: 'request TEXT, connection INTEGER, site TEXT, subject TEXT, learned TEXT, at_ms INTEGER',
  refusals: 'listener TEXT, prefix TEXT, kind TEXT, minute_ms INTEGER, count INTEGER',
  coverage: 'source TEXT, from_ms INTEGER, to_ms INTEGER',
  lifecycle: 'source TEXT, event TEXT, at_ms INTEGER',
  messages:
    'id INTEGER, source TEXT, dialect TEXT, digest TEXT, at_ms INTEGER, received_ms INTEGER, offset_ms INTEGER, clock_error_ms INTEGER',
  translations: TOLD,
  port_blocks: TOLD,
  flows: TOLD,
  leases:
    'message INTEGER, place INTEGER, source TEXT, event TEXT, session TEXT, server TEXT, realm TEXT, address TEXT, bits INTEGER, subject TEXT, line TEXT, at_ms INTEGER',
  restarts: 'source TEXT, server TEXT, at_ms INTEGER',
  gaps: 'source TEXT, from_ms INTEGER, to_ms INTEGER, reason TEXT, count INTEGER',
  imports: 'source TEXT, file TEXT, options TEXT, messages INTEGER, done INTEGER, at_ms INTEGER',
} as const;

export type Table = keyof typeof TABLES;

export const TABLE_NAMES = Object.keys(TABLES) as Table[];

interface Column {
  readonly name: string;
  readonly isText: boolean;
}

function columnsIn(table: Table): Column[] {
  return TABLES[table].split(', ').map((column) => {
    const [name = '', kind] = column.split(' ');
    return { name, isText: kind === 'TEXT' };
  });
}

/** The columns of each table, without `n` and `batch`. */
const COLUMNS: ReadonlyMap<string, readonly Column[]> = new Map(
  TABLE_NAMES.map((table) => [table, columnsIn(table)]),
);

/** The column names of a table, without `n` and `batch`. */
export function columnsOf(table: Table): string[] {
  return columnsIn(table).map(({ name }) => name);
}

/** Tables whose rows are numbered from 1 in the order of storing, so that their indexes can be cut into parts. */
export const NUMBERED: ReadonlySet<Table> = new Set<Table>([
  'connections',
  'egress',
  'bindings',
  'requests',
  'translations',
  'flows',
]);

/**
 * An index over random keys (addresses, ports) costs a page for each row that is added, and so most of a commit. Each
 * 1024 rows therefore have a part of the index to themselves: what is being added to is a few pages. A question looks
 * into every part, which is one search in the tree for each 1024 rows. Of what NAT devices tell there may be a
 * thousand times more: their parts are larger.
 */
const PART = 'n >> 10';
const LARGE_PART = 'n >> 14';
const LARGE: ReadonlySet<Table> = new Set<Table>(['translations', 'flows']);

const INDEXES = [
  'connections_id ON connections (id)',
  `connections_client ON connections (${PART}, client_address, client_port)`,
  "connections_carrier ON connections (peer_address, from_ms) WHERE verdict <> 'direct'",
  `egress_local ON egress (${PART}, local_port, local_address)`,
  'egress_connection ON egress (connection)',
  'egress_ends_local ON egress_ends (local_port, local_address, from_ms)',
  'checkpoints_connection ON checkpoints (connection)',
  'bindings_connection ON bindings (connection)',
  `bindings_subject ON bindings (${PART}, subject)`,
  'unbindings_connection ON unbindings (connection)',
  'sessions_subject ON sessions (subject, at_ms)',
  'publications_subject ON publications (subject, at_ms)',
  `requests_request ON requests (${PART}, request)`,
  'messages_id ON messages (id)',
  `translations_outside ON translations (${LARGE_PART}, outside_address, outside_low)`,
  `translations_inside ON translations (${LARGE_PART}, inside_address, inside_port)`,
  'port_blocks_outside ON port_blocks (outside_address)',
  'port_blocks_inside ON port_blocks (inside_address)',
  `flows_outside ON flows (${LARGE_PART}, outside_address, outside_low)`,
  `flows_inside ON flows (${LARGE_PART}, inside_address, inside_port)`,
  'leases_address ON leases (address)',
  'leases_session ON leases (source, session)',
  'leases_subject ON leases (subject)',
  'leases_line ON leases (line) WHERE line IS NOT NULL',
  'coverage_source ON coverage (source)',
  'imports_file ON imports (file)',
];

/**
 * A query over all parts of an index. The parts are walked one by one, each found by the next row's number.
 * @param table  a numbered one; called `t` in `where`
 * @param where  must begin with the columns of the parted index
 */
export function partedSql(table: Table, columns: string, where: string): string {
  const shift = LARGE.has(table) ? 14 : 10;
  return `WITH RECURSIVE parts (p) AS (
    SELECT min(n) >> ${shift} FROM ${table}
    UNION ALL
    SELECT (SELECT x.n >> ${shift} FROM ${table} x WHERE x.n >= ((parts.p + 1) << ${shift}) ORDER BY x.n LIMIT 1)
    FROM parts WHERE parts.p IS NOT NULL
  ) SELECT ${columns} FROM parts CROSS JOIN ${table} t WHERE (t.n >> ${shift}) = parts.p AND ${where}`;
}

/** The statements that make an empty day. */
export function schemaSql(): string {
  const tables = TABLE_NAMES.map((table) => {
    const number = NUMBERED.has(table) ? 'n INTEGER PRIMARY KEY, ' : '';
    return `CREATE TABLE ${table} (${number}${TABLES[table]}, batch INTEGER NOT NULL);`;
  });
  const batches =
    'CREATE TABLE batches (seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, rows INTEGER NOT NULL, digest TEXT NOT NULL, chain TEXT NOT NULL);';
  return [
    ...tables,
    batches,
    ...INDEXES.map((index) => `CREATE INDEX ${index};`),
    `PRAGMA user_version = ${SCHEMA_VERSION};`,
  ].join('\n');
}

/** A row as it travels: the table's name, then the cells in the order of the columns. */
export type Cells = [Table, ...Cell[]];

/**
 * Parses a row's line, the JSON text of `rowOf`. What SQLite would store as something else is refused, as it could
 * not be verified later; so is a text that is not the one that JSON gives of its cells.
 * @returns null when it is no row
 */
export function parseRow(line: string): Cells | null {
  let cells: unknown;
  try {
    cells = JSON.parse(line);
  } catch {
    return null;
  }
  if (!Array.isArray(cells)) return null;
  const [table] = cells as unknown[];
  const columns = typeof table === 'string' ? COLUMNS.get(table) : undefined;
  if (columns === undefined || cells.length !== columns.length + 1) return null;
  for (let index = 0; index < columns.length; index += 1) {
    const cell: unknown = cells[index + 1];
    if (cell === null) continue;
    const good =
      columns[index]?.isText === true
        ? typeof cell === 'string' && cell.isWellFormed()
        : Number.isSafeInteger(cell);
    if (!good) return null;
  }
  return cells as Cells;
}

/** An item's line: what is sent, hashed and verified. */
export const lineOf = (item: RecordItem): string => JSON.stringify(rowOf(item));

/** The normalised row of an item: its table and its cells in the order of the columns. */
export function rowOf(item: RecordItem): Readonly<Cells> {
  switch (item.type) {
    case 'connection':
      return [
        'connections',
        item.id,
        item.listener,
        item.peer.address,
        item.peer.port,
        item.client.address,
        item.client.port,
        item.verdict,
        item.chain,
        item.own.address,
        item.own.port,
        item.from,
        item.clockErrorMs,
      ];
    case 'egress':
      return [
        'egress',
        item.connection,
        item.local.address,
        item.local.port,
        item.remote.address,
        item.remote.port,
        item.listener,
        item.peer?.address ?? null,
        item.peer?.port ?? null,
        item.from,
      ];
    case 'end':
      return ['ends', item.connection, item.to, item.closed, item.reason];
    case 'checkpoint':
      return ['checkpoints', item.connection, item.to];
    case 'egress-end':
      return ['egress_ends', item.connection, item.local.address, item.local.port, item.from, item.to];
    case 'binding':
      return [
        'bindings',
        item.connection,
        item.site,
        item.subject,
        item.learned,
        item.from,
        item.sessionSince,
      ];
    case 'unbinding':
      return ['unbindings', item.connection, item.subject, item.at];
    case 'session':
      return [
        'sessions',
        item.site,
        item.subject,
        item.event,
        item.at,
        item.learned,
        item.connection,
        item.request,
      ];
    case 'publication':
      return ['publications', item.site, item.subject, item.at, item.connection, item.request];
    case 'request':
      return ['requests', item.request, item.connection, item.site, item.subject, item.learned, item.at];
    case 'refusal':
      return ['refusals', item.listener, item.prefix, item.kind, item.minute, item.count];
    case 'coverage':
      return ['coverage', item.source, item.from, item.to];
    case 'lifecycle':
      return ['lifecycle', item.source, item.event, item.at];
    case 'message':
    case 'translation':
    case 'lease':
    case 'restart':
    case 'gap':
    case 'import':
      return toldRow(item);
  }
}

/** A row as SQLite gives it. */
export type Row = Record<string, unknown>;

const text = (row: Row, name: string): string => String(row[name]);
const number = (row: Row, name: string): number => Number(row[name]);
const time = (row: Row, name: string): Millis => Number(row[name]) as Millis;
const nullable = (row: Row, name: string): number | null => (row[name] === null ? null : Number(row[name]));
const endpoint = (row: Row, name: string): Endpoint => ({
  address: text(row, `${name}_address`) as IpAddress,
  port: nullable(row, `${name}_port`) as Port | null,
});

/** The items that rows stand for; what was parsed on the way in is trusted here. */
export const fromRow = {
  request: (row: Row): RequestRecord => ({
    type: 'request',
    request: text(row, 'request') as RequestId,
    connection: number(row, 'connection') as ConnectionId,
    site: text(row, 'site') as Site,
    subject: row['subject'] === null ? null : (text(row, 'subject') as Subject),
    learned: row['learned'] === null ? null : (text(row, 'learned') as Learned),
    at: time(row, 'at_ms'),
  }),
  connection: (row: Row): ConnectionRecord => ({
    type: 'connection',
    id: number(row, 'id') as ConnectionId,
    listener: text(row, 'listener'),
    peer: endpoint(row, 'peer'),
    client: endpoint(row, 'client'),
    verdict: text(row, 'verdict') as Verdict,
    chain: text(row, 'chain'),
    own: endpoint(row, 'own'),
    from: time(row, 'from_ms'),
    clockErrorMs: nullable(row, 'clock_error_ms'),
  }),
  egress: (row: Row): EgressRecord => ({
    type: 'egress',
    connection: nullable(row, 'connection') as ConnectionId | null,
    local: endpoint(row, 'local'),
    remote: endpoint(row, 'remote'),
    listener: row['listener'] === null ? null : text(row, 'listener'),
    peer: row['peer_address'] === null ? null : endpoint(row, 'peer'),
    from: time(row, 'from_ms'),
  }),
  end: (row: Row): EndRecord => ({
    type: 'end',
    connection: number(row, 'connection') as ConnectionId,
    to: time(row, 'to_ms'),
    closed: time(row, 'closed_ms'),
    reason: text(row, 'reason') as EndReason,
  }),
  egressEnd: (row: Row): EgressEndRecord => ({
    type: 'egress-end',
    connection: nullable(row, 'connection') as ConnectionId | null,
    local: endpoint(row, 'local'),
    from: time(row, 'from_ms'),
    to: time(row, 'to_ms'),
  }),
  binding: (row: Row): BindingRecord => ({
    type: 'binding',
    connection: number(row, 'connection') as ConnectionId,
    site: text(row, 'site') as Site,
    subject: text(row, 'subject') as Subject,
    learned: text(row, 'learned') as Learned,
    from: time(row, 'from_ms'),
    sessionSince: nullable(row, 'session_since_ms') as Millis | null,
  }),
  unbinding: (row: Row): UnbindingRecord => ({
    type: 'unbinding',
    connection: number(row, 'connection') as ConnectionId,
    subject: text(row, 'subject') as Subject,
    at: time(row, 'at_ms'),
  }),
  session: (row: Row): SessionRecord => ({
    type: 'session',
    site: text(row, 'site') as Site,
    subject: text(row, 'subject') as Subject,
    event: text(row, 'event') === 'login' ? 'login' : 'logout',
    at: time(row, 'at_ms'),
    learned: text(row, 'learned') as Learned,
    connection: nullable(row, 'connection') as ConnectionId | null,
    request: row['request'] === null ? null : (text(row, 'request') as RequestId),
  }),
  publication: (row: Row): PublicationRecord => ({
    type: 'publication',
    site: text(row, 'site') as Site,
    subject: text(row, 'subject') as Subject,
    at: time(row, 'at_ms'),
    connection: nullable(row, 'connection') as ConnectionId | null,
    request: row['request'] === null ? null : (text(row, 'request') as RequestId),
  }),
};
