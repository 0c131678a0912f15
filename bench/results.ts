import type { Figure } from './figures.ts';
import type { Machine } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { spread } from './statistics.ts';
import type { Spread } from './statistics.ts';
import type { Availability, Cell, Load, Measurement, Outcome } from './types.ts';

export interface TargetInfo {
  readonly name: string;
  readonly does: string;
  readonly availability: Availability;
}

/** Everything that a run found out; results.json is this. */
export interface Results {
  readonly machine: Machine;
  readonly options: Pick<BenchOptions, 'rounds' | 'seconds' | 'warmUpSeconds' | 'quick'>;
  readonly targets: readonly TargetInfo[];
  readonly loads: readonly Pick<Load, 'name' | 'does' | 'columns' | 'compared'>[];
  readonly cells: readonly Cell[];
}

export function cellOf(results: Pick<Results, 'cells'>, load: string, target: string): Cell | null {
  return results.cells.find((cell) => cell.load === load && cell.target === target) ?? null;
}

export function measurements(cell: Cell): readonly Measurement[] {
  return cell.rounds.flatMap((outcome) => (outcome.kind === 'measured' ? [outcome.measurement] : []));
}

export function failures(cell: Cell): readonly string[] {
  return cell.rounds.flatMap((outcome) => (outcome.kind === 'failed' ? [outcome.error] : []));
}

function valueOf(outcome: Outcome | undefined, name: Figure): number | null {
  return outcome?.kind === 'measured' ? (outcome.measurement.figures[name] ?? null) : null;
}

export function figure(cell: Cell, name: Figure): Spread | null {
  return spread(measurements(cell).flatMap(({ figures }) => figures[name] ?? []));
}

/**
 * How a figure compares with another cell's. Taken round by round and only then summed up: both halves of one ratio
 * were measured within the same round, so what else the machine did touches both.
 */
export function ratio(cell: Cell, base: Cell, name: Figure): Spread | null {
  const ratios = cell.rounds.flatMap((outcome, round) => {
    const [mine, theirs] = [valueOf(outcome, name), valueOf(base.rounds[round], name)];
    return mine === null || theirs === null ? [] : [mine / theirs];
  });
  return spread(ratios);
}

/** What went wrong, a line each; a run with any does not count as passed. */
export function complaints(results: Results): readonly string[] {
  return results.cells.flatMap((cell) =>
    [...new Set(failures(cell))].map((error) => `${cell.load} on ${cell.target}: ${error}`),
  );
}
