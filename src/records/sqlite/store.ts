import { ShudiError } from '../../model/errors.ts';
import { GATEWAY_SOURCE, type ConnectionId } from '../../model/records.ts';
import { dayOf, type Clock, type Day, type Millis } from '../../model/time.ts';
import { makePrivateDirectory } from '../../platform/files.ts';
import { isDamage, setAside, type Durability } from '../../platform/sqlite.ts';
import { byDay, LateDays } from './late-days.ts';
import { recordsDirectory, retainedFromOf } from './layout.ts';
import { openPartition, partitionPath, storedDays, type Partition } from './partition.ts';
import { RowBatch } from './row-batch.ts';
import { columnsOf, fromRow, lineOf } from './schema.ts';

export interface StoreOptions {
  /** The data directory; day files lie in its `records`. */
  readonly directory: string;
  readonly durability: Durability;
  /** Whether a gateway records in this run, so that its start, coverage and stop are stored. Default true. */
  readonly gateway?: boolean;
}

export interface StoreHead {
  readonly day: Day;
  readonly seq: number;
  readonly chain: string;
}

/** The writing side, synchronous: for the recorder's process and for commands. One at a time (platform/lock). */
export interface SqliteStore {
  /** The highest number of a connection or message that was stored before. */
  readonly highest: number;
  /** When it was opened: from then on it vouches. */
  readonly started: Millis;
  /** File names that were found damaged at the start and set aside. */
  readonly setAside: readonly string[];
  /** When a run before this one crashed: the time up to which it had vouched. */
  readonly crashedAt: Millis | null;
  /**
   * Stores rows, as lines (see `lineOf`), as one batch; durable when this returns.
   * @throws ShudiError records.unavailable, and after that each time
   */
  commit(lines: readonly string[]): void;
  /** The same with rows that are parsed already. */
  commitBatch(rows: RowBatch): void;
  /**
   * The ends of the chains that were closed since the last call, oldest first, those of older days that something was
   * added to, then that of the open day.
   * @param noted  those of an earlier call that the journal has by now
   */
  heads(noted?: readonly StoreHead[]): StoreHead[];
  close(): void;
}

/** Of a row `t` of egress: that no end of it is stored. */
const UNCLOSED =
  'NOT EXISTS (SELECT 1 FROM egress_ends x WHERE x.local_port = t.local_port AND x.local_address = t.local_address AND x.from_ms = t.from_ms)';

export interface Recovered {
  readonly setAside: readonly string[];
  /** The highest number of a connection or message that is stored. */
  readonly highest: number;
  /** Up to when a crashed run had vouched; null when there was none. */
  readonly crashedAt: Millis | null;
  /** The ends of the two newest days' chains, the older first: a kill may have come before the older was noted. */
  readonly heads: readonly StoreHead[];
}

/**
 * Ends what a run that did not stop has left open. Returns the files that had to be set aside.
 * Idempotent: a second call finds nothing to do.
 */
export function recoverRecords(options: StoreOptions, clock: Clock): Recovered {
  const directory = recordsDirectory(options.directory);
  makePrivateDirectory(directory);
  const aside: string[] = [];
  let highest = 0;
  const heads: StoreHead[] = [];
  let run: { crashedAt: Millis | null } | null = null;
  for (const day of storedDays(directory).toReversed()) {
    // The newest run may be in an older day (a day that was only just begun when the power went), and so may the
    // highest id (a day without connections).
    if (run !== null && highest > 0 && heads.length >= 2) break;
    try {
      const partition = openPartition(directory, day, options.durability);
      try {
        if (run === null) run = recoverPartition(partition, clock);
        highest = Math.max(highest, highestIn(partition));
        if (heads.length < 2) heads.unshift({ day, ...partition.head() });
      } finally {
        partition.close();
      }
    } catch (error) {
      if (!isDamage(error)) throw error;
      aside.push(setAside(partitionPath(directory, day), clock()));
    }
  }
  return { setAside: aside, highest, crashedAt: run?.crashedAt ?? null, heads };
}

function highestIn({ database }: Partition): number {
  const highest = (table: string): number =>
    Number(database.prepare(`SELECT coalesce(max(id), 0) AS id FROM ${table}`).get()?.['id']);
  return Math.max(highest('connections'), highest('messages'));
}

/** Null when no run is in this day. */
function recoverPartition(partition: Partition, clock: Clock): { crashedAt: Millis | null } | null {
  const { database } = partition;
  const run = database
    .prepare('SELECT event, at_ms FROM lifecycle WHERE source = ? ORDER BY rowid DESC LIMIT 1')
    .get(GATEWAY_SOURCE);
  if (run === undefined) return null;
  if (run['event'] !== 'start') return { crashedAt: null };
  const covered = database
    .prepare('SELECT max(to_ms) AS until FROM coverage WHERE source = ?')
    .get(GATEWAY_SOURCE);
  const until = Math.max(Number(run['at_ms']), Number(covered?.['until'] ?? 0)) as Millis;
  const open = database
    .prepare(
      `SELECT c.id AS id, max(c.from_ms, coalesce((SELECT max(k.to_ms) FROM checkpoints k WHERE k.connection = c.id), 0)) AS to_ms
       FROM connections c WHERE NOT EXISTS (SELECT 1 FROM ends e WHERE e.connection = c.id)`,
    )
    .all();
  const ends = open.map((row) => {
    const to = Number(row['to_ms']) as Millis;
    return lineOf({
      type: 'end',
      connection: Number(row['id']) as ConnectionId,
      to,
      closed: Math.max(to, until) as Millis,
      reason: 'crash',
    });
  });
  const carriers = database
    .prepare(`SELECT * FROM egress t WHERE connection IS NULL AND ${UNCLOSED}`)
    .all()
    .map(fromRow.egress);
  const carrierEnds = carriers.map((item) =>
    lineOf({
      type: 'egress-end',
      connection: null,
      local: item.local,
      from: item.from,
      to: Math.max(item.from, until) as Millis,
    }),
  );
  partition.commit(
    RowBatch.of([
      ...ends,
      ...carrierEnds,
      lineOf({ type: 'lifecycle', source: GATEWAY_SOURCE, event: 'crash', at: until }),
    ]),
    clock(),
  );
  return { crashedAt: until };
}

/** Recovers, then opens the store for a run. @throws ShudiError data.version */
export function openStore(options: StoreOptions, clock: Clock): SqliteStore {
  const directory = recordsDirectory(options.directory);
  const gateway = options.gateway ?? true;
  const recovered = recoverRecords(options, clock);
  const started = clock();
  let partition = openPartition(directory, dayOf(started), options.durability);
  let covered = started;
  // What the run before left as its end may not be in the journal yet.
  const closed = recovered.heads.filter(({ day }) => day !== partition.day);
  const late = new LateDays(directory, options.durability);
  const retained = retainedFromOf(options.directory);
  if (gateway)
    partition.commit(
      RowBatch.of([
        lineOf({ type: 'lifecycle', source: GATEWAY_SOURCE, event: 'start', at: started }),
        lineOf({ type: 'coverage', source: GATEWAY_SOURCE, from: started, to: started }),
      ]),
      started,
    );
  let failure: unknown = null;

  const roll = (day: Day, now: Millis): void => {
    const next = openPartition(directory, day, options.durability);
    const carried = openRows(partition);
    const goingOn = [
      lineOf({ type: 'lifecycle', source: GATEWAY_SOURCE, event: 'start', at: started }),
      // Up to where it has vouched; from there a running recorder goes on.
      lineOf({ type: 'coverage', source: GATEWAY_SOURCE, from: covered, to: covered }),
    ];
    next.commit(RowBatch.of([...(gateway ? goingOn : []), ...carried]), now);
    closed.push({ day: partition.day, ...partition.head() });
    partition.close();
    partition = next;
  };

  const commitBatch = (rows: RowBatch): void => {
    if (failure !== null)
      throw new ShudiError(
        'records.unavailable',
        'The recorder stopped after a failed write.',
        null,
        failure,
      );
    const now = clock();
    try {
      // A clock that steps back over midnight does not reopen a day: items go to the newest file.
      if (dayOf(now) > partition.day) roll(dayOf(now), now);
      const { current, older } = byDay(rows, partition.day, retained);
      for (const [day, part] of older) late.commit(day, part, now);
      if (current.size > 0) partition.commit(current, now);
    } catch (error) {
      failure = error;
      throw new ShudiError(
        'records.unavailable',
        'A record could not be stored.',
        partitionPath(directory, partition.day),
        error,
      );
    }
    for (const [, source, , to] of rows.cells.get('coverage') ?? [])
      if (source === GATEWAY_SOURCE) covered = Math.max(covered, Number(to)) as Millis;
  };
  const commit = (lines: readonly string[]): void => commitBatch(RowBatch.of(lines));

  return {
    highest: recovered.highest,
    started,
    setAside: recovered.setAside,
    commit,
    commitBatch,
    crashedAt: recovered.crashedAt,
    heads: (noted = []) => [
      ...closed.splice(0),
      ...late.heads(noted),
      { day: partition.day, ...partition.head() },
    ],
    close() {
      if (failure === null && gateway) {
        const now = clock();
        commit([
          lineOf({ type: 'coverage', source: GATEWAY_SOURCE, from: covered, to: now }),
          lineOf({ type: 'lifecycle', source: GATEWAY_SOURCE, event: 'stop', at: now }),
        ]);
      }
      late.close();
      partition.close();
    },
  };
}

/** The rows of what is still open in a day, to be carried into the next, so that each day answers for itself. */
function openRows(partition: Partition): string[] {
  const pick = (table: 'connections' | 'egress' | 'bindings' | 'unbindings', where: string): string[] =>
    partition.database
      .prepare(`SELECT ${columnsOf(table).join(', ')} FROM ${table} t WHERE ${where}`)
      .all()
      .map((row) => JSON.stringify([table, ...Object.values(row)]));
  const live = (column: string): string => `NOT EXISTS (SELECT 1 FROM ends e WHERE e.connection = ${column})`;
  const checkpoints = partition.database
    .prepare(
      `SELECT connection, max(to_ms) AS to_ms FROM checkpoints t WHERE ${live('t.connection')} GROUP BY connection`,
    )
    .all()
    .map((row) => JSON.stringify(['checkpoints', ...Object.values(row)]));
  return [
    ...pick('connections', live('t.id')),
    ...pick('egress', `${UNCLOSED} AND (t.connection IS NULL OR ${live('t.connection')})`),
    ...pick('bindings', live('t.connection')),
    ...pick('unbindings', live('t.connection')),
    ...checkpoints,
    ...startsOf(partition),
  ];
}

/** The starts of sources that had not stopped: without theirs, what vouches up to now would be told by nobody. */
function startsOf({ database }: Partition): string[] {
  return database
    .prepare('SELECT source, event, at_ms, max(rowid) FROM lifecycle WHERE source <> ? GROUP BY source')
    .all(GATEWAY_SOURCE)
    .filter(({ event }) => event === 'start')
    .map(({ source, event, at_ms: at }) => JSON.stringify(['lifecycle', source, event, at]));
}
