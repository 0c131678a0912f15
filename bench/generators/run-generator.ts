import { runToEnd } from '../processes.ts';
import type { LoadResult } from '../measure.ts';

const GRACE_MS = 30_000;

/** The fields of a line of JSON that must all be numbers. */
export function numbersOf<Name extends string>(
  line: string,
  names: readonly Name[],
): Readonly<Record<Name, number>> {
  const value: unknown = JSON.parse(line);
  const fields = typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : new Map();
  const missing = names.find((name) => typeof fields.get(name) !== 'number');
  if (missing !== undefined) throw new Error(`no ${missing} in ${line.slice(0, 200)}`);
  return Object.fromEntries(names.map((name) => [name, Number(fields.get(name))])) as Record<Name, number>;
}

/** Runs a program that prints its result as a line of JSON at the end; it is killed when it overstays. */
export async function runForNumbers<Name extends string>(
  command: string,
  args: readonly string[],
  seconds: number,
  names: readonly Name[],
): Promise<Readonly<Record<Name, number>>> {
  const printed = await runToEnd(command, args, seconds * 1000 + GRACE_MS);
  return numbersOf(printed.trim().split('\n').at(-1) ?? '', names);
}

/** The same for a load generator. */
export async function runGenerator(
  generator: string,
  command: string,
  args: readonly string[],
  seconds: number,
): Promise<LoadResult> {
  const names = ['requests', 'seconds', 'p50Ms', 'p99Ms', 'errors'] as const;
  return { generator, ...(await runForNumbers(command, args, seconds, names)) };
}
