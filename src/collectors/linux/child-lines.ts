import { spawn, type ChildProcess } from 'node:child_process';
import { LineSplitter } from './line-splitter.ts';
import type { LineSource } from './line-source.ts';

export interface ChildLinesOptions {
  readonly command: readonly [string, ...string[]];
  readonly lines: LineSplitter;
  /** Lines are missing. */
  readonly lost: () => void;
}

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5000;
/** One that has run so long was no failed start. */
const STEADY_MS = 5000;
/** So long it may take to end when it is asked to. */
const LEAVING_MS = 2000;

/** What conntrack writes to its standard error when its socket overran, in its versions. */
const OVERRUN = /ENOBUFS|overrun|losing events|Try increasing/i;

/** Reads the lines of a command that is started again, ever later, whenever it ends. */
export class ChildLines implements LineSource {
  readonly #options: ChildLinesOptions;
  #child: ChildProcess | null = null;
  #retry: NodeJS.Timeout | null = null;
  #waitMs = FIRST_WAIT_MS;
  #attempts = 0;
  #starts = 0;
  #fault: string | null = null;
  #stopping: Promise<void> | null = null;
  #whenEnded: () => void = () => undefined;

  constructor(options: ChildLinesOptions) {
    this.#options = options;
    this.#start();
  }

  running(): boolean {
    return this.#child?.pid !== undefined;
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

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    if (this.#retry !== null) clearTimeout(this.#retry);
    const child = this.#child;
    if (child === null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), LEAVING_MS);
      this.#whenEnded = () => {
        clearTimeout(timer);
        resolve();
      };
      child.kill('SIGTERM');
    });
  }

  #start(): void {
    const { command, lines, lost } = this.#options;
    const [path, ...rest] = command;
    this.#attempts += 1;
    const again = this.#attempts > 1;
    const startedMs = performance.now();
    const child = started(path, rest);
    if (child === null) {
      this.#fault = 'spawn';
      this.#later();
      return;
    }
    this.#child = child;
    const warnings = new LineSplitter(
      (line) => {
        if (OVERRUN.test(line)) lost();
      },
      () => undefined,
    );
    let failed: string | null = null;
    // What happened between two runs nobody told.
    child.once('spawn', () => {
      this.#fault = null;
      this.#starts += 1;
      if (again) lost();
    });
    child.on('error', (error) => {
      failed = 'code' in error ? String(error.code) : 'error';
      if (child.pid === undefined) this.#ended(child, failed, startedMs);
    });
    // Without a free descriptor it has neither.
    child.stdout?.on('data', (bytes: Buffer) => lines.push(bytes));
    child.stderr?.on('data', (bytes: Buffer) => warnings.push(bytes));
    // Both ends of it: what it wrote before it died is read first.
    child.once('close', (code, signal) => this.#ended(child, failed ?? `exit-${code ?? signal}`, startedMs));
  }

  #ended(child: ChildProcess, fault: string, startedMs: number): void {
    if (this.#child !== child) return;
    this.#child = null;
    this.#fault = fault;
    this.#options.lines.drop();
    this.#whenEnded();
    if (this.#stopping !== null) return;
    if (performance.now() - startedMs >= STEADY_MS) this.#waitMs = FIRST_WAIT_MS;
    this.#later();
  }

  #later(): void {
    this.#retry = setTimeout(() => this.#start(), this.#waitMs);
    this.#waitMs = Math.min(LONGEST_WAIT_MS, this.#waitMs * 2);
  }
}

/** Null when the system cannot start any. */
function started(path: string, rest: readonly string[]): ChildProcess | null {
  try {
    // In another language it would write other words of an overrun.
    return spawn(path, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { LC_ALL: 'C' } });
  } catch {
    return null;
  }
}
