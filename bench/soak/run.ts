import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runForNumbers } from '../generators/run-generator.ts';
import { ORDINARY } from '../loads/needs.ts';
import type { SoakOptions } from '../options.ts';
import { treeUsage } from '../process-tree.ts';
import { withTarget } from '../start-target.ts';
import { treeHold } from '../tree-memory.ts';
import { grows, trendOf, type Trend } from './trend.ts';

const SCRIPT = path.join(import.meta.dirname, '../generators/soak-mix.ts');
const PRINTED = ['keptAlive', 'newConnections', 'logins', 'aborts', 'errors', 'p50Ms', 'p99Ms'] as const;
const SAMPLE_MS = 10_000;
/** At least so many samples, however short the run. */
const FEWEST_SAMPLES = 24;
const MB = 1_000_000;
/** Failures beyond this part of the requests make a run worthless. */
const TOLERATED_ERRORS = 0.01;

/** What is watched, with its unit. */
export const WATCHED = { pss: 'MB', rss: 'MB', handles: '' } as const;
export type Watched = keyof typeof WATCHED;

export interface SoakSample extends Readonly<Record<Watched | 'at', number>> {
  /** PSS of each process, MB. */
  readonly pssOf: Readonly<Record<string, number>>;
}

export interface SoakVerdict {
  readonly watched: Watched;
  /** Over the second half of the run; null for too few samples. */
  readonly trend: Trend | null;
  readonly grows: boolean;
}

export interface SoakResult {
  readonly target: string;
  readonly seconds: number;
  readonly seen: Readonly<Record<(typeof PRINTED)[number], number>>;
  readonly cpuShare: number;
  readonly samples: readonly SoakSample[];
  readonly verdicts: readonly SoakVerdict[];
}

function sample(pid: number, startedMs: number): SoakSample {
  const { pss, rss, handles, pssOf } = treeHold(pid);
  return {
    at: Math.round((performance.now() - startedMs) / 100) / 10,
    pss: pss / MB,
    rss: rss / MB,
    handles,
    pssOf: Object.fromEntries(Object.entries(pssOf).map(([name, bytes]) => [name, bytes / MB])),
  };
}

function verdictOf(samples: readonly SoakSample[], seconds: number, watched: Watched): SoakVerdict {
  const late = samples.filter(({ at }) => at >= seconds / 2);
  const trend = trendOf(late.map((one) => ({ at: one.at, value: one[watched] })));
  return { watched, trend, grows: trend !== null && grows(trend) };
}

/** Loads one target with what visitors do, and watches what it holds. */
export function runSoak({ target, seconds }: SoakOptions, say: (line: string) => void): Promise<SoakResult> {
  return withTarget(target, { ...ORDINARY, badgeBytes: 0 }, async ({ url, pid }) => {
    const everyMs = Math.min(SAMPLE_MS, (seconds * 1000) / FEWEST_SAMPLES);
    const samples: SoakSample[] = [];
    const cpuBefore = treeUsage(pid).cpuMicros;
    const started = performance.now();
    const ended = new AbortController();
    const load = runForNumbers(process.execPath, [SCRIPT, url, String(seconds)], seconds, PRINTED).finally(
      () => ended.abort(),
    );
    const watch = async (): Promise<void> => {
      while (performance.now() - started < seconds * 1000 && !ended.signal.aborted) {
        await sleep(everyMs, undefined, { signal: ended.signal }).catch(() => undefined);
        if (ended.signal.aborted) return;
        const now = sample(pid, started);
        samples.push(now);
        say(
          `${now.at} s: PSS ${now.pss.toFixed(1)} MB (${Object.entries(now.pssOf)
            .map(([name, value]) => `${name} ${value.toFixed(1)}`)
            .join(', ')}), RSS ${now.rss.toFixed(1)} MB, ${now.handles} handles`,
        );
      }
    };
    const [seen] = await Promise.all([load, watch()]);
    const cpuShare = (treeUsage(pid).cpuMicros - cpuBefore) / 1e6 / seconds;
    const requests = seen.keptAlive + seen.newConnections + seen.logins;
    if (seen.errors > requests * TOLERATED_ERRORS)
      throw new Error(`${seen.errors} errors in ${requests} requests and visits`);
    const verdicts = (['pss', 'rss', 'handles'] as const).map((watched) =>
      verdictOf(samples, seconds, watched),
    );
    return { target: target.name, seconds, seen, cpuShare, samples, verdicts };
  });
}
