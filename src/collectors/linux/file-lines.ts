import { constants } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { LineSource } from './line-source.ts';
import type { LineSplitter } from './line-splitter.ts';

export interface FileLinesOptions {
  readonly path: string;
  readonly pollMs: number;
  readonly lines: LineSplitter;
  /** Lines are missing. */
  readonly lost: () => void;
  /** A file can wait: no more is read before what was read is stored. */
  readonly settled: () => Promise<void>;
}

const CHUNK_BYTES = 64 * 1024;
/** A rotated file is left when it was quiet so many times in a row, or after so many in any case. */
const QUIET_POLLS = 2;
const MOST_POLLS = 20;

interface OpenFile {
  readonly handle: FileHandle;
  readonly device: number;
  readonly inode: number;
  position: number;
  /** Since another file has its name; the writer may not have noticed yet. */
  polls: number;
  quiet: number;
}

/** Follows a file from its end on. One that is not there at first is read from its beginning when it comes. */
export class FileLines implements LineSource {
  readonly #options: FileLinesOptions;
  readonly #chunk = Buffer.alloc(CHUNK_BYTES);
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;
  #file: OpenFile | null = null;
  #first = true;
  #fault: string | null = null;
  #starts = 0;

  constructor(options: FileLinesOptions) {
    this.#options = options;
    this.#ended = this.#follow();
  }

  running(): boolean {
    return this.#file !== null;
  }

  isTelling(): boolean {
    return this.running();
  }

  fault(): string | null {
    return this.#fault;
  }

  starts(): number {
    return this.#starts;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#poll();
        this.#fault = null;
      } catch (error) {
        this.#fault = error instanceof Error && 'code' in error ? String(error.code) : 'not-a-file';
      }
      this.#first = false;
      await wait(this.#options.pollMs, null, { signal }).catch(() => undefined);
    }
    await this.#leave();
  }

  async #poll(): Promise<void> {
    this.#file ??= await this.#open(this.#first);
    const file = this.#file;
    const { size } = await file.handle.stat();
    if (size < file.position) {
      // What was written between the last look and the truncation is gone.
      file.position = 0;
      this.#options.lines.drop();
      this.#options.lost();
    }
    const read = await this.#readOn(file);
    if (!(await this.#isReplaced(file))) return;
    file.polls += 1;
    file.quiet = read === 0 ? file.quiet + 1 : 0;
    if (file.quiet < QUIET_POLLS && file.polls < MOST_POLLS) return;
    await this.#leave();
    this.#options.lines.drop();
    this.#file = await this.#open(false);
    await this.#readOn(this.#file);
  }

  async #open(atEnd: boolean): Promise<OpenFile> {
    const { path, lines } = this.#options;
    // Not to wait at a FIFO for somebody who writes.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const state = await handle.stat();
      if (!state.isFile()) throw new Error('not-a-file');
      const file = { handle, device: state.dev, inode: state.ino, position: 0, polls: 0, quiet: 0 };
      if (atEnd && state.size > 0) {
        file.position = state.size;
        const { bytesRead } = await handle.read(this.#chunk, 0, 1, state.size - 1);
        if (bytesRead === 1 && this.#chunk[0] !== 10) lines.skipRest();
      }
      this.#starts += 1;
      this.#fault = null;
      return file;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** @returns how many bytes were read until its end */
  async #readOn(file: OpenFile): Promise<number> {
    const began = file.position;
    while (!this.#stopping.signal.aborted) {
      const { bytesRead } = await file.handle.read(this.#chunk, 0, CHUNK_BYTES, file.position);
      if (bytesRead === 0) break;
      file.position += bytesRead;
      this.#options.lines.push(this.#chunk.subarray(0, bytesRead));
      await this.#settled();
    }
    return file.position - began;
  }

  async #settled(): Promise<void> {
    const { signal } = this.#stopping;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      signal.addEventListener('abort', done);
      void this.#options.settled().then(done, done);
    });
  }

  /** Also false while nothing has its name: the writer still writes to it. */
  async #isReplaced({ device, inode }: OpenFile): Promise<boolean> {
    const named = await stat(this.#options.path).catch(() => null);
    return named !== null && (named.dev !== device || named.ino !== inode);
  }

  async #leave(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.handle.close().catch(() => undefined);
  }
}
