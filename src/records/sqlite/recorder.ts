import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ShudiError } from '../../model/errors.ts';
import type { RecordWriter } from '../../model/records.ts';
import type { Millis } from '../../model/time.ts';
import type { FromRecorder, RecorderSetup, ToRecorder } from '../recorder/messages.ts';
import { connectRecorder } from '../recorder/writer.ts';
import type { StoreHead, StoreOptions } from './store.ts';

/** What an opening of the recorder found. */
export interface Opening {
  /** Whether it is the first one of this run of the program. */
  readonly first: boolean;
  /** Files that were damaged and set aside. */
  readonly setAside: readonly string[];
  /** When the run before this one crashed: the time up to which it had vouched. */
  readonly crashedAt: Millis | null;
}

export interface RecorderOptions extends StoreOptions {
  /** Below this much free space only ends and marks of what is stored are taken, bytes. Default 0: none is kept. */
  readonly diskReserveBytes?: number;
  /** Told of each opening, the first included, before anything is stored in it by this program. */
  readonly onOpened?: (opening: Opening) => void;
  /** Told when a restart has failed; it is tried again, less and less often. */
  readonly onRestartFailed?: (error: unknown) => void;
}

/** The recorder of a running program: a process that writers connect to, started again when it dies. */
export interface SqliteRecorder {
  /** The program's own writer, which vouches for nothing that a gateway sees. */
  readonly writer: RecordWriter;
  /** Where workers connect (`connectRecorder`). */
  readonly socketPath: string;
  /**
   * The chains' ends that are to be anchored in the journal (R8): of days closed since the last call, of older days that
   * something was added to, then of today.
   * @param noted  those of earlier calls that the journal has by now
   * @throws ShudiError records.unavailable while the recorder is away
   */
  heads(noted?: readonly StoreHead[]): Promise<readonly StoreHead[]>;
  /** The recorder's process; null while it is away. */
  pid(): number | null;
  /** Stores what has arrived, the coverage and the stop. Workers should have closed their writers before. */
  close(): Promise<void>;
}

const MODULE = fileURLToPath(new URL('./recorder-process.ts', import.meta.url));
/** Before a restart, ms: doubled each time, up to the most. */
const BACK_OFF = { first: 100, most: 5000 };
/** One that lived this long is started again at once, ms. */
const HEALTHY_MS = 10_000;
/** How long it may take to close, ms. */
const CLOSE_MS = 30_000;

/**
 * Starts the recorder and keeps it running. The caller holds the data directory's lock.
 * @throws ShudiError of the first opening: data.version, data.locked, ...
 */
export async function openSqliteRecorder(options: RecorderOptions): Promise<SqliteRecorder> {
  const socketPath = join(options.directory, 'run', 'recorder.sock');
  const supervisor = new Supervisor(options, socketPath);
  await supervisor.start(true);
  try {
    const writer = await connectRecorder({ socketPath, worker: false });
    return {
      writer,
      socketPath,
      heads: (noted = []) => supervisor.heads(noted),
      pid: () => supervisor.pid(),
      close: async () => {
        await writer.close();
        await supervisor.close();
      },
    };
  } catch (error) {
    await supervisor.close();
    throw error;
  }
}

class Supervisor {
  readonly #options: RecorderOptions;
  readonly #setup: RecorderSetup;
  readonly #asked = new Map<number, PromiseWithResolvers<readonly StoreHead[]>>();
  #child: ChildProcess | null = null;
  #starting: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #delay = BACK_OFF.first;
  #next = 1;
  #closing = false;

  constructor(options: RecorderOptions, socketPath: string) {
    this.#options = options;
    this.#setup = {
      directory: options.directory,
      durability: options.durability,
      socketPath,
      diskReserveBytes: options.diskReserveBytes ?? 0,
      gateway: options.gateway ?? true,
    };
  }

  pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Starts a process and waits until it is open. @throws ShudiError that it tells */
  async start(first: boolean): Promise<void> {
    const started = performance.now();
    const child = fork(MODULE, [], {
      execArgv: ['--disable-sigusr1'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const opening = Promise.withResolvers<void>();
    let opened = false;
    child.on('message', (message: FromRecorder) => {
      if (message.kind === 'heads') {
        this.#asked.get(message.id)?.resolve(message.heads);
        this.#asked.delete(message.id);
      } else if (message.kind === 'failed') opening.reject(revive(message));
      else {
        opened = true;
        this.#child = child;
        const crashedAt = message.crashedAt as Millis | null;
        this.#options.onOpened?.({ first, setAside: message.setAside, crashedAt });
        opening.resolve();
      }
    });
    // It could not be started, or a message could not be sent; the end of one that ran is told by `exit`.
    child.on('error', (error) => opening.reject(error));
    child.on('exit', () => {
      opening.reject(new ShudiError('records.unavailable', 'The recorder ended while it was opening.'));
      if (this.#child !== child) return;
      this.#child = null;
      this.#forget();
      if (opened && performance.now() - started >= HEALTHY_MS) this.#delay = 0;
      this.#restart();
    });
    send(child, { kind: 'open', setup: this.#setup });
    await opening.promise;
  }

  heads(noted: readonly StoreHead[]): Promise<readonly StoreHead[]> {
    const child = this.#child;
    if (child === null || !child.connected) return Promise.reject(away());
    const id = this.#next++;
    const asked = Promise.withResolvers<readonly StoreHead[]>();
    this.#asked.set(id, asked);
    send(child, { kind: 'heads', id, noted });
    return asked.promise;
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#starting;
    const child = this.#child;
    if (child === null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const timer = setTimeout(() => child.kill('SIGKILL'), CLOSE_MS);
    send(child, { kind: 'close' });
    await gone;
    clearTimeout(timer);
  }

  #restart(): void {
    if (this.#closing) return;
    this.#timer = setTimeout(() => {
      this.#starting = this.start(false).catch((error: unknown) => {
        this.#options.onRestartFailed?.(error);
        this.#restart();
      });
    }, this.#delay);
    this.#delay = Math.min(BACK_OFF.most, Math.max(BACK_OFF.first, this.#delay * 2));
  }

  #forget(): void {
    for (const asked of this.#asked.values()) asked.reject(away());
    this.#asked.clear();
  }
}

const away = (): ShudiError => new ShudiError('records.unavailable', 'The recorder is away.');

function send(child: ChildProcess, message: ToRecorder): void {
  // A channel that has just broken is told by `exit`.
  child.send(message, () => undefined);
}

function revive({ code, message, where }: Extract<FromRecorder, { kind: 'failed' }>): Error {
  return code === null ? new Error(message) : new ShudiError(code, message, where);
}
