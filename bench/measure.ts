import { acceptedConnections, highWaterBytes, treeUsage } from './process-tree.ts';
import { treeHold } from './tree-memory.ts';
import type { Figures } from './figures.ts';
import type { Measurement, RunningTarget } from './types.ts';

const SAMPLE_MS = 100;
/** Beyond this share of failed requests the figures say nothing about the others. */
const TOLERATED_ERRORS = 0.01;
const MIB = 1024 * 1024;

/** What a load generator saw. */
export interface LoadResult {
  readonly generator: string;
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly errors: number;
  /** More that is particular to a load. */
  readonly figures?: Figures;
}

/** Throws when too little was answered to say anything. */
export function requireAnswers({ requests, errors }: Pick<Measurement, 'requests' | 'errors'>): void {
  if (requests === 0) throw new Error('no request was answered');
  if (errors > requests * TOLERATED_ERRORS) throw new Error(`${errors} errors in ${requests} requests`);
}

/** Watches memory until told to stop. */
function watchPeak(pid: number): () => number {
  let peak = 0;
  const sample = (): void => {
    try {
      peak = Math.max(peak, treeUsage(pid).residentBytes);
    } catch {
      // The target is gone; the measurement that follows says so.
    }
  };
  const timer = setInterval(sample, SAMPLE_MS);
  return () => {
    clearInterval(timer);
    sample();
    return peak;
  };
}

/** Takes CPU time, memory and connections of a target over the stretch that `run` loads it. */
export async function measureStretch(
  target: RunningTarget,
  run: () => Promise<LoadResult>,
): Promise<Measurement> {
  const stopWatching = watchPeak(target.pid);
  try {
    const accepted = acceptedConnections();
    const before = treeUsage(target.pid);
    const { generator, requests, seconds, p50Ms, p99Ms, errors, figures } = await run();
    const after = treeUsage(target.pid);
    requireAnswers({ requests, errors });
    return {
      generator,
      requests,
      errors,
      figures: {
        p50Ms,
        p99Ms,
        cpuMicrosPerRequest: (after.cpuMicros - before.cpuMicros) / requests,
        requestsPerSecond: requests / seconds,
        peakMiB: Math.max(stopWatching(), highWaterBytes(target.pid)) / MIB,
        pssMiB: treeHold(target.pid).pss / MIB,
        acceptedPerRequest: (acceptedConnections() - accepted) / requests,
        ...figures,
      },
    };
  } finally {
    stopWatching();
  }
}
