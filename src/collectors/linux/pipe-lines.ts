import { close, constants, fstat, open, stat, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import type { LineSource } from './line-source.ts';
import type { LineSplitter } from './line-splitter.ts';

export interface PipeLinesOptions {
  readonly path: string;
  readonly pollMs: number;
  readonly lines: LineSplitter;
  /** Lines are missing. */
  readonly lost: () => void;
}

const openFile = promisify(open);
const stateOf = promisify(fstat);
const stateAt = promisify(stat);
const closeFile = (descriptor: number): void => close(descriptor, () => undefined);

interface Reading {
  readonly socket: Socket;
  /**
   * Open as long as we read at all. Without a reader a writer would be killed (SIGPIPE) while we open the FIFO again,
   * and what it has written would be gone.
   */
  readonly keep: number;
  readonly device: number;
  readonly inode: number;
}

/**
 * Reads a FIFO. Its end is told when the last writer has gone: what that began and did not end is dropped, and it is
 * opened again. The socket waits in the kernel's poll, so that no thread is blocked by a FIFO without a writer.
 */
export class PipeLines implements LineSource {
  readonly #options: PipeLinesOptions;
  #reading: Reading | null = null;
  readonly #timer: NodeJS.Timeout;
  #fault: string | null = null;
  #starts = 0;
  #looking: Promise<void> | null = null;
  #stopped = false;
  /** Whether a writer has gone and no other has written yet. */
  #gone = false;
  #isHeard = false;

  constructor(options: PipeLinesOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#look(), options.pollMs);
    this.#look();
  }

  running(): boolean {
    return this.#reading !== null && !this.#reading.socket.destroyed;
  }

  /** A pipe that nobody writes to tells of nothing: until the first line, and after a writer has gone. */
  isTelling(): boolean {
    return this.running() && this.#isHeard && !this.#gone;
  }

  fault(): string | null {
    return this.#fault;
  }

  starts(): number {
    return this.#starts;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#looking;
    this.#leave();
  }

  /** Opens it when it is not open, or when another file has its name. Once at a time. */
  #look(): void {
    if (this.#looking !== null || this.#stopped) return;
    this.#looking = this.#open()
      .then(
        () => {
          this.#fault = null;
        },
        (error: unknown) => {
          this.#fault = error instanceof Error && 'code' in error ? String(error.code) : 'not-a-pipe';
        },
      )
      .finally(() => {
        this.#looking = null;
      });
  }

  async #open(): Promise<void> {
    const { path } = this.#options;
    const before = this.#reading;
    if (before !== null && !before.socket.destroyed) {
      const named: Stats | null = await stateAt(path).catch(() => null);
      if (named === null || (named.dev === before.device && named.ino === before.inode)) return;
    }
    const keep = await openPipe(path);
    try {
      const descriptor = await openPipe(path);
      const { dev, ino } = await stateOf(descriptor);
      const socket = new Socket({ fd: descriptor, readable: true, writable: false });
      if (before !== null) {
        this.#gone = true;
        this.#leave();
      }
      this.#reading = { socket, keep, device: dev, inode: ino };
      this.#starts += 1;
      this.#listen(socket);
    } catch (error) {
      closeFile(keep);
      throw error;
    }
  }

  #listen(socket: Socket): void {
    const { lines, lost } = this.#options;
    let heard = false;
    socket.on('data', (bytes: Buffer) => {
      heard = true;
      if (this.#reading?.socket !== socket) return;
      // What happened between two writers nobody told.
      if (this.#gone) lost();
      this.#gone = false;
      this.#isHeard = true;
      lines.push(bytes);
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      if (this.#reading?.socket !== socket) return;
      lines.drop();
      this.#gone = true;
      // One that ends at once would be opened over and over: it has until the next look.
      if (heard) this.#look();
    });
  }

  #leave(): void {
    const reading = this.#reading;
    this.#reading = null;
    if (reading === null) return;
    this.#options.lines.drop();
    reading.socket.destroy();
    closeFile(reading.keep);
  }
}

/** Does not wait for a writer. */
async function openPipe(path: string): Promise<number> {
  const descriptor = await openFile(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if ((await stateOf(descriptor)).isFIFO()) return descriptor;
  } catch (error) {
    closeFile(descriptor);
    throw error;
  }
  closeFile(descriptor);
  throw new Error('not-a-pipe');
}
