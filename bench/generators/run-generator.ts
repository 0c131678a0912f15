import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { LoadResult } from '../types.ts';

const run = promisify(execFile);
const GRACE_MS = 30_000;

function isResult(value: unknown): value is Omit<LoadResult, 'generator'> {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Record<string, unknown>;
  return ['requests', 'seconds', 'p50Ms', 'p99Ms', 'errors'].every(
    (name) => typeof fields[name] === 'number',
  );
}

/** Runs a generator that prints its result as a line of JSON at the end; it is killed when it overstays. */
export async function runGenerator(
  generator: string,
  command: string,
  args: readonly string[],
  seconds: number,
): Promise<LoadResult> {
  const { stdout } = await run(command, [...args], {
    timeout: seconds * 1000 + GRACE_MS,
    killSignal: 'SIGKILL',
  });
  const line = stdout.trim().split('\n').at(-1) ?? '';
  const result: unknown = JSON.parse(line);
  if (!isResult(result)) throw new Error(`${generator} printed no result: ${line.slice(0, 200)}`);
  return { generator, ...result };
}
