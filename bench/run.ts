import { FIGURES } from './figures.ts';
import { badge, badgeBytes } from './loads/badge.ts';
import type { BenchOptions } from './options.ts';
import { number } from './report-text.ts';
import type { TargetInfo } from './results.ts';
import { withTarget } from './start-target.ts';
import { shudi } from './targets/shudi.ts';
import type { Cell, Load, Outcome, Target } from './types.ts';

/** For when the gateway shows no badge to copy the length of: about what one takes. */
const ASSUMED_BADGE_BYTES = 70;
/** Starting and stopping a target and its upstream, seconds; for the estimate only. */
const START_SECONDS = 2;

type Say = (line: string) => void;

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Targets in the order of their round: another one first every time. */
function rotated<T>(all: readonly T[], round: number): readonly T[] {
  const by = all.length === 0 ? 0 : round % all.length;
  return [...all.slice(by), ...all.slice(0, by)];
}

async function outcomeOf(load: Load, target: Target, options: BenchOptions, bytes: number): Promise<Outcome> {
  try {
    const start = { ...load.needs, badgeBytes: bytes };
    const measurement = await withTarget(target, start, (running, upstream) =>
      load.measure(running, upstream, options),
    );
    return { kind: 'measured', measurement };
  } catch (error) {
    return { kind: 'failed', error: message(error) };
  }
}

/** How long the gateway's badge is, so that the bare route answers with as much. */
async function learnBadgeBytes(say: Say): Promise<number> {
  try {
    return await withTarget(shudi, { ...badge.needs, badgeBytes: 0 }, badgeBytes);
  } catch (error) {
    say(`the badge's length is not known, ${ASSUMED_BADGE_BYTES} bytes assumed: ${message(error)}`);
    return ASSUMED_BADGE_BYTES;
  }
}

function progress({ columns }: Load, outcome: Outcome): string {
  if (outcome.kind === 'failed') return `FAILED ${outcome.error}`;
  const { figures, errors } = outcome.measurement;
  const seen = columns.flatMap((name) => {
    const value = figures[name];
    return value === undefined ? [] : [`${FIGURES[name]} ${number(value)}`];
  });
  return [...seen, `${errors} errors`].join(', ');
}

/** Which of the targets are there. */
export function lookAround(targets: readonly Target[]): Promise<readonly TargetInfo[]> {
  return Promise.all(
    targets.map(async (target) => {
      const { name, does } = target;
      return { name, does, availability: await target.available() };
    }),
  );
}

function installed(targets: readonly Target[], infos: readonly TargetInfo[]): readonly Target[] {
  return targets.filter(
    ({ name }) => infos.find((info) => info.name === name)?.availability.installed === true,
  );
}

const taking = ({ targets }: Load, there: readonly Target[]): readonly Target[] =>
  there.filter(({ name }) => targets.includes(name));

/** About how long a run takes, seconds. */
export function estimatedSeconds(options: BenchOptions, infos: readonly TargetInfo[]): number {
  const there = installed(options.targets, infos);
  return options.loads.reduce((sum, load) => {
    const rounds = Math.min(options.rounds, load.mostRounds);
    return sum + rounds * taking(load, there).length * (load.lasts(options) + START_SECONDS);
  }, 0);
}

/**
 * Runs every load on every installed target and stops all that it started. A round takes all loads, so that two loads
 * of one round can be compared as well as two targets.
 */
export async function runAll(
  options: BenchOptions,
  infos: readonly TargetInfo[],
  say: Say,
): Promise<readonly Cell[]> {
  const there = installed(options.targets, infos);
  const cells: Cell[] = options.loads.flatMap((load) =>
    taking(load, there).map(({ name }) => ({ load: load.name, target: name, rounds: [] })),
  );
  const bytes = cells.some(({ load }) => load === badge.name) ? await learnBadgeBytes(say) : 0;
  for (let round = 0; round < options.rounds; round += 1) {
    for (const load of options.loads.filter(({ mostRounds }) => round < mostRounds)) {
      for (const target of rotated(taking(load, there), round)) {
        const outcome = await outcomeOf(load, target, options, bytes);
        cells.find((cell) => cell.load === load.name && cell.target === target.name)?.rounds.push(outcome);
        say(`${load.name} ${round + 1}/${options.rounds} ${target.name}: ${progress(load, outcome)}`);
      }
    }
  }
  return cells;
}
