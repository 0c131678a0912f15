import { parseArgs } from 'node:util';
import type { CollectorsOptions } from './collectors/run.ts';
import { LOADS } from './loads/index.ts';
import { TARGETS } from './targets/index.ts';
import type { Load, Stretch, Target } from './types.ts';

export interface BenchOptions extends Stretch {
  readonly mode: 'loads';
  readonly targets: readonly Target[];
  readonly loads: readonly Load[];
  readonly rounds: number;
  /** A run of everything at full length: only that is worth keeping in RESULTS.md. */
  readonly full: boolean;
  /** Where to write the report of a run that is not full; null for nowhere. */
  readonly out: string | null;
}

export interface SoakOptions {
  readonly mode: 'soak';
  readonly target: Target;
  readonly seconds: number;
  /** Long enough to be worth keeping in SOAK.md. */
  readonly full: boolean;
  readonly out: string | null;
}

export interface CollectorsBenchOptions extends CollectorsOptions {
  readonly mode: 'collectors';
  /** Long enough to be worth keeping in COLLECTORS.md. */
  readonly full: boolean;
  readonly out: string | null;
}

export const USAGE = `usage: npm run bench -- [--quick] [--only TARGET,..] [--load LOAD,..] [--rounds N] [--seconds N] [--out DIR]
       npm run bench -- soak [--seconds N] [--only TARGET] [--out DIR]
       npm run bench -- collectors [--quick] [--rounds N] [--seconds N] [--out DIR]
  targets: ${TARGETS.map(({ name }) => name).join(', ')}
  loads:   ${LOADS.map(({ name }) => name).join(', ')}
A run without --quick, --only and --load, of at least the default length, rewrites bench/RESULTS.md; a soak of shudi of
at least 600 s rewrites bench/SOAK.md; collectors of the default length rewrite bench/COLLECTORS.md. --out writes any run's report elsewhere.`;

export class UsageError extends Error {
  override name = 'UsageError';
}

const DEFAULT = { rounds: 5, seconds: 8, warmUpSeconds: 2 } as const;
const QUICK = { rounds: 1, seconds: 2, warmUpSeconds: 1 } as const;
const SOAK_SECONDS = 600;

function count(
  text: string | undefined,
  fallback: number,
  [min, max]: readonly [number, number],
  flag: string,
): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max)
    throw new UsageError(`${flag}: ${min} to ${max}`);
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
export function benchOptions(args: readonly string[]): BenchOptions | SoakOptions | CollectorsBenchOptions {
  const { values, positionals } = parse(args);
  const [mode] = positionals;
  if (positionals.length > 1 || (mode !== undefined && mode !== 'soak' && mode !== 'collectors'))
    throw new UsageError(`no ${positionals.join(' ')}`);
  if (mode === 'collectors') return collectorsOptions(values);
  return mode === 'soak' ? soakOptions(values) : loadOptions(values);
}

type Values = ReturnType<typeof parse>['values'];

function loadOptions(values: Values): BenchOptions {
  const length = values.quick ? QUICK : DEFAULT;
  const rounds = count(values.rounds, length.rounds, [1, 50], '--rounds');
  const seconds = count(values.seconds, length.seconds, [1, 120], '--seconds');
  return {
    mode: 'loads',
    targets: chosen(TARGETS, values.only, '--only'),
    loads: chosen(LOADS, values.load, '--load'),
    rounds,
    seconds,
    warmUpSeconds: length.warmUpSeconds,
    quick: values.quick,
    full:
      !values.quick &&
      values.only === undefined &&
      values.load === undefined &&
      rounds >= DEFAULT.rounds &&
      seconds >= DEFAULT.seconds,
    out: values.out ?? null,
  };
}

function soakOptions({ only = 'shudi', seconds: text, out, quick, load, rounds }: Values): SoakOptions {
  if (quick || load !== undefined || rounds !== undefined)
    throw new UsageError('soak takes --seconds, --only and --out');
  const [target, ...others] = chosen(TARGETS, only, '--only');
  if (target === undefined || others.length > 0) throw new UsageError('soak: one target');
  const seconds = count(text, SOAK_SECONDS, [10, 86_400], '--seconds');
  const full = seconds >= SOAK_SECONDS && target.name === 'shudi';
  return { mode: 'soak', target, seconds, full, out: out ?? null };
}

const COLLECTORS = { rounds: 3, seconds: 20, rates: [50_000, 100_000] } as const;
const COLLECTORS_QUICK = { rounds: 1, seconds: 3, rates: [50_000] } as const;

function collectorsOptions({
  quick,
  only,
  load,
  rounds: times,
  seconds: text,
  out,
}: Values): CollectorsBenchOptions {
  if (only !== undefined || load !== undefined)
    throw new UsageError('collectors takes --quick, --rounds, --seconds and --out');
  const length = quick ? COLLECTORS_QUICK : COLLECTORS;
  const rounds = count(times, length.rounds, [1, 50], '--rounds');
  const seconds = count(text, length.seconds, [1, 600], '--seconds');
  const full = !quick && rounds >= COLLECTORS.rounds && seconds >= COLLECTORS.seconds;
  return { mode: 'collectors', rounds, seconds, rates: length.rates, full, out: out ?? null };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
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
