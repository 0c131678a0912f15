import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const START_MS = 20_000;
const STOP_MS = 5_000;
const TAIL_CHARACTERS = 2_000;
const PRINTED_BYTES = 1 << 20;
/** Sets the number of open files as high as it goes, then becomes the program: the process id stays. */
const MANY_FILES = 'ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"; exec "$0" "$@"';

/** Made by us, stopped by us. */
export interface OwnProcess {
  readonly pid: number;
  /** Where it writes its standard output and error; removed when it stops. */
  readonly directory: string;
  /** Resolves when a GET is answered 2xx; throws with what it wrote when it ends or stays silent. */
  answering(url: string): Promise<void>;
  /** Resolves with the first match in what it writes; waits for 20 s, or as long as it is told to. */
  says(pattern: RegExp, withinMs?: number): Promise<RegExpExecArray>;
  stop(): Promise<void>;
}

/** A directory of our own below the system's temporary one. */
export function scratchDirectory(): string {
  return mkdtempSync(path.join(tmpdir(), 'shudi-bench-'));
}

async function stopChild(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM');
    const timeout = new AbortController();
    const slow = sleep(STOP_MS, 'slow', { signal: timeout.signal }).catch(() => 'stopped');
    if ((await Promise.race([exited, slow])) === 'slow') child.kill('SIGKILL');
    timeout.abort();
    await exited;
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, {
      headers: { connection: 'close' },
      redirect: 'manual',
      signal: AbortSignal.timeout(1000),
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

const running = new Set<OwnProcess>();
const generators = new Set<ChildProcess>();

/** Stops whatever is still running; for when the bench itself is told to stop. */
export async function stopEverything(): Promise<void> {
  for (const child of generators) child.kill('SIGKILL');
  await Promise.all([...running].map((own) => own.stop()));
}

/** Runs a program to its end and gives what it printed; it is killed, and this rejects, when it overstays. */
export function runToEnd(command: string, args: readonly string[], timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: PRINTED_BYTES } as const;
    const child = execFile('sh', ['-c', MANY_FILES, command, ...args], options, (error, stdout) => {
      generators.delete(child);
      if (error === null) resolve(stdout);
      else reject(error);
    });
    generators.add(child);
  });
}

/**
 * Starts a program with its output in a file of `directory`, which goes when the process is stopped. The directory
 * is also where programs look for a place of their own to keep settings in.
 */
export function startProcess(directory: string, command: string, args: readonly string[]): OwnProcess {
  const logFile = path.join(directory, 'output.log');
  const log = openSync(logFile, 'w');
  const child = spawn('sh', ['-c', MANY_FILES, command, ...args], {
    stdio: ['ignore', log, log],
    env: { ...process.env, NODE_ENV: 'production', XDG_CONFIG_HOME: directory, XDG_DATA_HOME: directory },
  });
  closeSync(log);
  const state: { ended: string | null } = { ended: null };
  const exited = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      state.ended = error.message;
      resolve();
    });
    child.once('exit', (code, signal) => {
      state.ended = `ended with ${signal ?? code}`;
      resolve();
    });
  });

  const written = (): string => readFileSync(logFile, 'utf8');
  async function until<T>(
    what: string,
    attempt: () => Promise<T | null> | T | null,
    withinMs = START_MS,
  ): Promise<T> {
    const deadline = Date.now() + withinMs;
    while (state.ended === null && Date.now() < deadline) {
      const value = await attempt();
      if (value !== null) return value;
      await sleep(50);
    }
    const reason = state.ended ?? `${what} did not happen within ${withinMs / 1000} s`;
    throw new Error(`${command}: ${reason}\n${written().slice(-TAIL_CHARACTERS)}`.trim());
  }

  const own: OwnProcess = {
    pid: child.pid ?? -1,
    directory,
    answering: async (url) => {
      await until(`an answer from ${url}`, async () => ((await answers(url)) ? true : null));
    },
    says: (pattern, withinMs) =>
      until(`output like ${pattern.source}`, () => pattern.exec(written()), withinMs),
    async stop() {
      await stopChild(child, exited);
      rmSync(directory, { recursive: true, force: true });
      running.delete(own);
    },
  };
  running.add(own);
  return own;
}

/** Waits for a process to be ready, and stops it again when that fails. */
export async function readyOrStopped(own: OwnProcess, ready: () => Promise<void>): Promise<void> {
  try {
    await ready();
  } catch (error) {
    await own.stop();
    throw error;
  }
}

/** Starts a script of ours that listens on a free port and says `listening PORT`. */
export async function startScript(
  script: string,
  args: readonly string[],
): Promise<{ url: string; pid: number; stop(): Promise<void> }> {
  const own = startProcess(scratchDirectory(), process.execPath, [
    path.join(import.meta.dirname, script),
    ...args,
  ]);
  let url = '';
  await readyOrStopped(own, async () => {
    const [, port = ''] = await own.says(/^listening (\d+)$/m);
    url = `http://127.0.0.1:${port}`;
  });
  return { url, pid: own.pid, stop: () => own.stop() };
}
