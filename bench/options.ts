import { parseArgs } from 'node:util';
import { LOADS } from './loads/index.ts';
import { TARGETS } from './targets/index.ts';
import type { Load, Target } from './types.ts';

export interface BenchOptions {
  readonly targets: readonly Target[];
  readonly loads: readonly Load[];
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** A run of everything at full length: only that is worth keeping in RESULTS.md. */
  readonly full: boolean;
  /** Where to write the report of a run that is not full; null for nowhere. */
  readonly out: string | null;
}

export const USAGE = `usage: npm run bench -- [--quick] [--only TARGET,..] [--load LOAD,..] [--rounds N] [--seconds N] [--out DIR]
  targets: ${TARGETS.map(({ name }) => name).join(', ')}
  loads:   ${LOADS.map(({ name }) => name).join(', ')}
A run without --quick, --only and --load, of at least the default length, rewrites bench/RESULTS.md.`;

export class UsageError extends Error {
  override name = 'UsageError';
}

const DEFAULT = { rounds: 5, seconds: 8, warmUpSeconds: 2 } as const;
const QUICK = { rounds: 1, seconds: 2, warmUpSeconds: 1 } as const;

function count(text: string | undefined, fallback: number, max: number, flag: string): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > max) throw new UsageError(`${flag}: 1 to ${max}`);
  return value;
}

function chosen<T extends { readonly name: string }>(
  all: readonly T[],
  names: string | undefined,
  flag: string,
): readonly T[] {
  if (names === undefined) return all;
  const wanted = names.split(',');
  const unknown = wanted.find((name) => all.every((one) => one.name !== name));
  if (unknown !== undefined) throw new UsageError(`${flag}: no ${unknown}`);
  return all.filter(({ name }) => wanted.includes(name));
}

/** Throws a UsageError for what it does not understand; nothing is silently dropped. */
export function benchOptions(args: readonly string[]): BenchOptions {
  const { values } = parse(args);
  const length = values.quick ? QUICK : DEFAULT;
  const rounds = count(values.rounds, length.rounds, 50, '--rounds');
  const seconds = count(values.seconds, length.seconds, 120, '--seconds');
  return {
    targets: chosen(TARGETS, values.only, '--only'),
    loads: chosen(LOADS, values.load, '--load'),
    rounds,
    seconds,
    warmUpSeconds: length.warmUpSeconds,
    full:
      !values.quick &&
      values.only === undefined &&
      values.load === undefined &&
      rounds >= DEFAULT.rounds &&
      seconds >= DEFAULT.seconds,
    out: values.out ?? null,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean', default: false },
        only: { type: 'string' },
        load: { type: 'string' },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        out: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
