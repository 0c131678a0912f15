import { connect, type Socket } from 'node:net';
import type { ErrorCode } from '../../model/error-codes.ts';
import { ShudiError } from '../../model/errors.ts';
import type { ConnectionId, RecordItem, RecordWriter } from '../../model/records.ts';
import type { Millis } from '../../model/time.ts';
import { lineOf } from '../sqlite/schema.ts';
import { ConnectionNumbers } from './numbers.ts';
import { Outstanding } from './outstanding.ts';
import { LineCutter, SAY, WAITING_ROWS } from './protocol.ts';
import { withSocketPath } from '../../platform/socket-path.ts';

export interface WriterOptions {
  readonly socketPath: string;
  /**
   * Whether it records what a gateway worker forwards: then the coverage waits for its word, and time is a gap when it
   * goes without one.
   */
  readonly worker: boolean;
  /** How long the first connection is tried for, ms. Default 10000. */
  readonly waitMs?: number;
}

const RETRY_MS = 100;
const WAIT_MS = 10_000;
/** How long `close` waits for the recorder's word that all is stored, ms. */
const CLOSE_MS = 10_000;

/**
 * Connects to a running recorder as one of its writers; comes back by itself when the recorder does, under a new epoch.
 * Resolves with the first connection.
 * @throws ShudiError records.unavailable when there is no recorder, or it has no room
 */
export async function connectRecorder(options: WriterOptions): Promise<RecordWriter> {
  const writer = new SocketWriter(options);
  await writer.opened();
  return writer;
}

const unavailable = (detail: string): ShudiError => new ShudiError('records.unavailable', detail);

class SocketWriter implements RecordWriter {
  readonly #options: WriterOptions;
  readonly #outstanding = new Outstanding();
  #socket: Socket | null = null;
  #numbers = new ConnectionNumbers(0, 0);
  #epoch = 0;
  #openings = 0;
  #closed = false;
  /** An append was refused; none that may rest on it is sent until the recorder knows that this is known. */
  #refused: ErrorCode | null = null;
  #text = '';
  #scheduled = false;
  #retry: NodeJS.Timeout | null = null;
  #gone: (() => void) | null = null;
  readonly #first = Promise.withResolvers<void>();

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#connect();
  }

  get epoch(): number {
    return this.#epoch;
  }

  async opened(): Promise<void> {
    const timer = setTimeout(
      () => this.#first.reject(unavailable('The recorder cannot be reached.')),
      this.#options.waitMs ?? WAIT_MS,
    );
    try {
      await this.#first.promise;
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  nextConnection(at: Millis): ConnectionId {
    return this.#numbers.next(at);
  }

  append(items: readonly RecordItem[]): Promise<void> {
    if (this.#closed) return Promise.reject(unavailable('The recorder is closed.'));
    if (this.#epoch === 0) return Promise.reject(unavailable('The recorder is away.'));
    if (items.length === 0) return Promise.resolve();
    if (this.#outstanding.rows + items.length > WAITING_ROWS)
      return Promise.reject(unavailable('Too many records are waiting to be stored.'));
    if (this.#refused !== null && !items.every(isAlwaysTaken)) return Promise.reject(refusal(this.#refused));
    let text = '';
    for (const item of items) text += `${lineOf(item)}\n`;
    this.#write(`${text}${SAY.append}\n`);
    return this.#outstanding.add(items.length);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    const socket = this.#socket;
    if (socket === null) return;
    const gone = new Promise<void>((resolve) => (this.#gone = resolve));
    // A recorder that is stuck is not waited for for ever: what is outstanding is then rejected.
    const timer = setTimeout(() => socket.destroy(), CLOSE_MS);
    if (this.#epoch === 0) socket.destroy();
    await this.#outstanding.drained();
    this.#write(`${SAY.bye}\n`);
    this.#epoch = 0;
    await gone;
    clearTimeout(timer);
  }

  /** What is said within one turn of the event loop goes out together. */
  #write(text: string): void {
    this.#text += text;
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const said = this.#text;
      this.#text = '';
      if (said !== '') this.#socket?.write(said);
    });
  }

  #connect(): void {
    withSocketPath(this.#options.socketPath, (path, done) => {
      const socket = connect(path);
      const cutter = new LineCutter();
      this.#socket = socket;
      socket.setEncoding('utf8');
      socket.on('connect', () => socket.write(`${this.#options.worker ? SAY.worker : SAY.other}\n`));
      socket.on('data', (text: string) => {
        for (const line of cutter.feed(text) ?? [SAY.failed]) this.#hear(line, socket);
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        done();
        this.#lost();
      });
    });
  }

  #hear(line: string, socket: Socket): void {
    const [word = '', number, code] = line.split(' ');
    const count = Number(number);
    switch (word) {
      case SAY.welcome:
        this.#numbers = new ConnectionNumbers(count, Number(code));
        this.#openings += 1;
        this.#epoch = this.#openings;
        this.#refused = null;
        this.#first.resolve();
        return;
      case SAY.settled:
        this.#outstanding.settle(count);
        if (this.#refused !== null && this.#outstanding.isEmpty) {
          this.#refused = null;
          this.#write(`${SAY.resume}\n`);
        }
        return;
      case SAY.refused:
        this.#refused = code === 'records.disk-reserve' ? code : 'records.unavailable';
        this.#outstanding.refuse(count, refusal(this.#refused));
        return;
      case SAY.no:
        this.#first.reject(unavailable('The recorder takes no more writers.'));
        socket.destroy();
        return;
      case SAY.bye:
        return;
      default:
        socket.destroy();
    }
  }

  #lost(): void {
    this.#epoch = 0;
    this.#socket = null;
    this.#text = '';
    this.#outstanding.rejectAll(unavailable('The recorder has gone.'));
    this.#gone?.();
    if (this.#closed) return;
    this.#retry = setTimeout(() => this.#connect(), RETRY_MS);
  }
}

function refusal(code: ErrorCode): ShudiError {
  return code === 'records.disk-reserve'
    ? new ShudiError(code, 'The disk is nearly full.')
    : new ShudiError(code, 'The recorder has refused a record.');
}

/** See ALWAYS_TAKEN. */
const isAlwaysTaken = ({ type }: RecordItem): boolean =>
  type === 'coverage' || type === 'gap' || type === 'checkpoint' || type === 'end' || type === 'egress-end';
