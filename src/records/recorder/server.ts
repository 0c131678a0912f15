import { createServer, type Server, type Socket } from 'node:net';
import type { ErrorCode } from '../../model/error-codes.ts';
import { GATEWAY_SOURCE, type RecordItem } from '../../model/records.ts';
import type { Clock, Millis } from '../../model/time.ts';
import { listenPrivately } from '../../platform/socket-path.ts';
import { MergedCoverage } from '../merged-coverage.ts';
import { RowBatch } from '../sqlite/row-batch.ts';
import { rowOf, type Cells } from '../sqlite/schema.ts';
import type { SqliteStore } from '../sqlite/store.ts';
import { areAlwaysTaken, WriterClient, type Arrived, type ArrivedRow } from './client.ts';
import { firstNumber, LANES } from './numbers.ts';
import { SAY } from './protocol.ts';

export interface RecorderServerOptions {
  readonly store: SqliteStore;
  readonly socketPath: string;
  readonly clock: Clock;
  /** Whether the disk is nearly full (R11). */
  readonly isLow: () => boolean;
  /** Told once, when a write has failed: nothing more is stored. */
  readonly onFailed: (error: unknown) => void;
  /** Whether a gateway records in this run; else nothing vouches in its name. Default true. */
  readonly gateway?: boolean;
  /** Takes connection numbers of any kind; for those that are given by a test. Default false. */
  readonly anyNumbers?: boolean;
}

export interface RecorderServer {
  /** Stores what has arrived, ends what writers have left open, and closes the store. */
  close(): Promise<void>;
}

/** How often coverage is stored while no gateway worker is there to vouch, ms. */
const IDLE_COVERAGE_MS = 30_000;

/** Listens for writers, and stores what they send: the one place that writes day files while anything records. */
export async function startRecorderServer(options: RecorderServerOptions): Promise<RecorderServer> {
  const recorder = new Recorder(options);
  await recorder.listen();
  return recorder;
}

/**
 * Group commit over sockets: all that has arrived while a batch was being made durable becomes the next one. So a lone
 * record waits for one commit, and a flood shares few.
 */
class Recorder implements RecorderServer {
  readonly #options: RecorderServerOptions;
  readonly #server: Server;
  readonly #clients = new Set<WriterClient>();
  readonly #coverage: MergedCoverage;
  readonly #idle: NodeJS.Timeout;
  #arrived: Arrived[] = [];
  #scheduled = false;
  #highest: number;
  #ended = false;

  constructor(options: RecorderServerOptions) {
    this.#options = options;
    this.#coverage = new MergedCoverage(options.store.started);
    this.#highest = options.store.highest;
    this.#server = createServer((socket) => this.#accept(socket));
    this.#idle = setInterval(() => this.#vouchIdle(), IDLE_COVERAGE_MS).unref();
  }

  async listen(): Promise<void> {
    // Who holds the lock of the records is the only one that listens here.
    await listenPrivately(this.#server, this.#options.socketPath);
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    clearInterval(this.#idle);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#commit();
    for (const client of this.#clients) {
      this.#lose(client);
      client.cut();
    }
    if (this.#options.gateway ?? true) this.#store(this.#coverage.advance(this.#options.clock()));
    this.#ended = true;
    this.#options.store.close();
    await closed;
  }

  #accept(socket: Socket): void {
    socket.on('error', () => undefined);
    const lane = this.#freeLane();
    if (lane === null || this.#ended) {
      socket.write(`${SAY.no}\n`);
      socket.destroySoon();
      return;
    }
    const client = new WriterClient(socket, lane, firstNumber(this.#highest, this.#options.clock(), lane));
    this.#clients.add(client);
    socket.setEncoding('utf8');
    const greeted = (worker: boolean): void => {
      if (worker) this.#join(client);
      client.say(`${SAY.welcome} ${lane} ${client.first}`);
      client.send();
    };
    socket.on('data', (text: string) => {
      if (client.feed(text, greeted, (item) => this.#arrive(item))) return;
      client.say(SAY.no);
      client.dismiss();
      this.#lose(client);
    });
    socket.on('close', () => this.#lose(client));
  }

  #freeLane(): number | null {
    const used = new Set([...this.#clients].map(({ lane }) => lane));
    for (let lane = 0; lane < LANES; lane += 1) if (!used.has(lane)) return lane;
    return null;
  }

  #join(client: WriterClient): void {
    const now = this.#options.clock();
    // Until now no worker was there: that time is vouched for by nobody else.
    if (this.#coverage.idle) this.#store(this.#coverage.advance(now));
    client.voucher = this.#coverage.join(now);
  }

  #arrive(item: Arrived): void {
    this.#arrived.push(item);
    if (this.#scheduled) return;
    this.#scheduled = true;
    // After all sockets that have something were read.
    setImmediate(() => {
      this.#scheduled = false;
      this.#commit();
    });
  }

  #commit(): void {
    const arrived = this.#arrived;
    if (arrived.length === 0 || this.#ended) return;
    this.#arrived = [];
    const low = this.#options.isLow();
    const now = this.#options.clock();
    const batch = new RowBatch();
    const answered = new Set<WriterClient>();
    let vouched = false;
    for (const item of arrived) {
      const { client } = item;
      if (item.kind === 'resume') client.refusing = false;
      else if (item.kind === 'bye') client.saidBye = true;
      else {
        client.settled += 1;
        const code = this.#refusal(client, item.rows, low);
        if (code !== null) {
          client.refusing = true;
          client.say(`${SAY.refused} ${client.settled} ${code}`);
        } else for (const row of item.rows) vouched = this.#take(client, row, batch, now) || vouched;
      }
      answered.add(client);
    }
    if (vouched) addItems(batch, this.#coverage.advance(now));
    if (!this.#write(batch)) return;
    for (const client of answered) {
      client.say(`${SAY.settled} ${client.settled}`);
      if (client.saidBye) this.#leave(client);
      else client.send();
    }
  }

  /** Why an append cannot be taken; null when it can. */
  #refusal(client: WriterClient, rows: readonly ArrivedRow[], low: boolean): ErrorCode | null {
    if ((low || client.refusing) && !areAlwaysTaken(rows))
      return low ? 'records.disk-reserve' : 'records.unavailable';
    for (const { cells } of rows)
      if (cells[0] === 'connections' && !this.#isOwnNumber(client, Number(cells[1])))
        return 'records.unavailable';
    return null;
  }

  /** A number that was given in an earlier opening may be another writer's by now. */
  #isOwnNumber(client: WriterClient, number: number): boolean {
    if (client.open.has(number)) return false;
    return this.#options.anyNumbers === true || (number % LANES === client.lane && number >= client.first);
  }

  /** Adds a row to the batch. Returns whether it was a worker's word on coverage, which is merged instead. */
  #take(client: WriterClient, { cells, line }: ArrivedRow, batch: RowBatch, now: Millis): boolean {
    if (cells[0] === 'coverage' && cells[1] === GATEWAY_SOURCE) {
      client.voucher ??= this.#coverage.join(now);
      this.#coverage.vouch(client.voucher, Number(cells[3]) as Millis, now);
      return true;
    }
    // It has ended already, as a crash of an earlier opening; or it was never stored.
    if (cells[0] === 'ends' && !client.open.has(Number(cells[1]))) return false;
    if (cells[0] === 'connections' || cells[0] === 'messages')
      this.#highest = Math.max(this.#highest, Number(cells[1]));
    if (cells[0] === 'lifecycle') client.noteSource(String(cells[1]), cells[2] === 'start');
    client.open.note(cells);
    batch.add(cells, line);
    return false;
  }

  #leave(client: WriterClient): void {
    this.#clients.delete(client);
    const now = this.#options.clock();
    // Nothing, unless an end of its own was lost: whoever leaves has nothing open.
    const items = client.open.endAll(now, 'stopped');
    if (client.voucher !== null) {
      this.#coverage.leave(client.voucher);
      items.push(...this.#coverage.advance(now));
    }
    this.#store(items);
    client.say(SAY.bye);
    client.dismiss();
  }

  /** A writer has gone without a word: what it had open ends, and what it saw since its last word is a gap. */
  #lose(client: WriterClient): void {
    if (!this.#clients.has(client) || this.#ended) return;
    // What it sent whole was taken.
    this.#commit();
    if (!this.#clients.delete(client) || this.#ended) return;
    const now = this.#options.clock();
    const items = client.open.endAll(now, 'crash');
    for (const source of client.sources) items.push({ type: 'lifecycle', source, event: 'crash', at: now });
    if (client.voucher !== null) {
      const from = this.#coverage.lose(client.voucher, now);
      items.push(
        ...this.#coverage.advance(now),
        { type: 'lifecycle', source: GATEWAY_SOURCE, event: 'crash', at: from },
        { type: 'lifecycle', source: GATEWAY_SOURCE, event: 'start', at: now },
        this.#coverage.mark(now),
      );
    }
    this.#store(items);
  }

  #vouchIdle(): void {
    if (this.#options.gateway === false) return;
    if (this.#coverage.idle && !this.#ended) this.#store(this.#coverage.advance(this.#options.clock()));
  }

  #store(items: readonly RecordItem[]): void {
    const batch = new RowBatch();
    addItems(batch, items);
    this.#write(batch);
  }

  /** Makes a batch durable. After a failure every writer is told, and nothing is tried again. */
  #write(batch: RowBatch): boolean {
    if (this.#ended) return false;
    if (batch.size === 0) return true;
    try {
      this.#options.store.commitBatch(batch);
      return true;
    } catch (error) {
      this.#ended = true;
      clearInterval(this.#idle);
      this.#server.close();
      for (const client of this.#clients) {
        client.say(SAY.failed);
        client.dismiss();
      }
      this.#options.onFailed(error);
      return false;
    }
  }
}

function addItems(batch: RowBatch, items: readonly RecordItem[]): void {
  for (const item of items) {
    const cells = [...rowOf(item)] as Cells;
    batch.add(cells, JSON.stringify(cells));
  }
}
