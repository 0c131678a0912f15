import { badgeBytes } from './loads/badge.ts';
import { measure } from './measure.ts';
import type { BenchOptions } from './options.ts';
import { startScript } from './processes.ts';
import type { TargetInfo } from './results.ts';
import { shudi } from './targets/shudi.ts';
import type { Cell, Load, Outcome, RunningTarget, StartOptions, Target } from './types.ts';

/** For when the gateway shows no badge to copy the length of: about what one takes. */
const ASSUMED_BADGE_BYTES = 120;

type Say = (line: string) => void;

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Targets in the order of their round: another one first every time. */
function rotated<T>(all: readonly T[], round: number): readonly T[] {
  const by = all.length === 0 ? 0 : round % all.length;
  return [...all.slice(by), ...all.slice(0, by)];
}

/** Runs something against a started target with an upstream of its own, and stops both. */
async function withTarget<T>(
  target: Target,
  options: StartOptions,
  use: (running: RunningTarget) => Promise<T>,
): Promise<T> {
  const upstream = await startScript('servers/upstream.ts', []);
  try {
    const running = await target.start(upstream, options);
    try {
      return await use(running);
    } finally {
      await running.stop();
    }
  } finally {
    await upstream.stop();
  }
}

async function outcomeOf(load: Load, target: Target, options: BenchOptions, bytes: number): Promise<Outcome> {
  try {
    const measurement = await withTarget(target, { clients: load.clients, badgeBytes: bytes }, (running) =>
      measure(load, running, options.seconds, options.warmUpSeconds),
    );
    return { kind: 'measured', measurement };
  } catch (error) {
    return { kind: 'failed', error: message(error) };
  }
}

/** How long the gateway's badge is, so that the bare route answers with as much. */
async function learnBadgeBytes(say: Say): Promise<number> {
  try {
    return await withTarget(shudi, { clients: 'claimed', badgeBytes: 0 }, badgeBytes);
  } catch (error) {
    say(`the badge's length is not known, ${ASSUMED_BADGE_BYTES} bytes assumed: ${message(error)}`);
    return ASSUMED_BADGE_BYTES;
  }
}

function progress(outcome: Outcome): string {
  if (outcome.kind === 'failed') return `FAILED ${outcome.error}`;
  const { cpuMicrosPerRequest, requestsPerSecond, p99Ms, errors } = outcome.measurement;
  return `${cpuMicrosPerRequest.toFixed(1)} us/request, ${Math.round(requestsPerSecond)}/s, p99 ${p99Ms.toFixed(1)} ms, ${errors} errors`;
}

async function runLoad(
  load: Load,
  targets: readonly Target[],
  options: BenchOptions,
  say: Say,
): Promise<readonly Cell[]> {
  const taking = targets.filter(({ name }) => load.targets.includes(name));
  const cells = new Map(
    taking.map((target): [Target, Cell] => [target, { load: load.name, target: target.name, rounds: [] }]),
  );
  const bytes = load.name === 'badge' && taking.length > 0 ? await learnBadgeBytes(say) : 0;
  for (let round = 0; round < options.rounds; round += 1) {
    for (const target of rotated(taking, round)) {
      const outcome = await outcomeOf(load, target, options, bytes);
      cells.get(target)?.rounds.push(outcome);
      say(`${load.name} ${round + 1}/${options.rounds} ${target.name}: ${progress(outcome)}`);
    }
  }
  return [...cells.values()];
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

/** Runs every load on every installed target, interleaved, and stops all that it started. */
export async function runAll(
  options: BenchOptions,
  infos: readonly TargetInfo[],
  say: Say,
): Promise<readonly Cell[]> {
  const there = options.targets.filter(
    ({ name }) => infos.find((info) => info.name === name)?.availability.installed === true,
  );
  const cells: Cell[] = [];
  for (const load of options.loads) cells.push(...(await runLoad(load, there, options, say)));
  return cells;
}
