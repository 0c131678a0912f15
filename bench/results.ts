import type { Machine } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { spread } from './statistics.ts';
import type { Spread } from './statistics.ts';
import type { Availability, Cell, Measurement } from './types.ts';

export interface TargetInfo {
  readonly name: string;
  readonly does: string;
  readonly availability: Availability;
}

/** Everything that a run found out; results.json is this. */
export interface Results {
  readonly machine: Machine;
  readonly options: Pick<BenchOptions, 'rounds' | 'seconds' | 'warmUpSeconds'>;
  readonly targets: readonly TargetInfo[];
  readonly loads: readonly { readonly name: string; readonly does: string }[];
  readonly cells: readonly Cell[];
}

/** A figure that has one value a round. */
export type Figure =
  | 'cpuMicrosPerRequest'
  | 'requestsPerSecond'
  | 'p50Ms'
  | 'p99Ms'
  | 'peakMiB'
  | 'acceptedPerRequest';

export function cellOf(results: Results, load: string, target: string): Cell | null {
  return results.cells.find((cell) => cell.load === load && cell.target === target) ?? null;
}

export function measurements(cell: Cell): readonly Measurement[] {
  return cell.rounds.flatMap((outcome) => (outcome.kind === 'measured' ? [outcome.measurement] : []));
}

export function failures(cell: Cell): readonly string[] {
  return cell.rounds.flatMap((outcome) => (outcome.kind === 'failed' ? [outcome.error] : []));
}

export function figure(cell: Cell, name: Figure): Spread | null {
  return spread(measurements(cell).map((measurement) => measurement[name]));
}

/**
 * How a figure compares with another target's. Taken round by round and only then summed up: both halves of one ratio
 * were measured within the same minute or so, so what else the machine did touches both.
 */
export function ratio(cell: Cell, base: Cell, name: Figure): Spread | null {
  const ratios = cell.rounds.flatMap((outcome, round) => {
    const other = base.rounds[round];
    if (outcome.kind !== 'measured' || other?.kind !== 'measured') return [];
    return [outcome.measurement[name] / other.measurement[name]];
  });
  return spread(ratios);
}

/** What went wrong, a line each; a run with any does not count as passed. */
export function complaints(results: Results): readonly string[] {
  return results.cells.flatMap((cell) =>
    [...new Set(failures(cell))].map((error) => `${cell.load} on ${cell.target}: ${error}`),
  );
}
