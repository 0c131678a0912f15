import { acceptedConnections, highWaterBytes, treeUsage } from './process-tree.ts';
import type { Load, Measurement, RunningTarget } from './types.ts';

const SAMPLE_MS = 100;
/** Beyond this share of failed requests the figures say nothing about the others. */
const TOLERATED_ERRORS = 0.01;
const MIB = 1024 * 1024;

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

/** Runs one load on a running target: a warm-up that nobody looks at, then the stretch that counts. */
export async function measure(
  load: Load,
  target: RunningTarget,
  seconds: number,
  warmUpSeconds: number,
): Promise<Measurement> {
  await load.prepare?.(target);
  await load.run(target.url, warmUpSeconds);

  const stopWatching = watchPeak(target.pid);
  try {
    const accepted = acceptedConnections();
    const before = treeUsage(target.pid);
    const result = await load.run(target.url, seconds);
    const after = treeUsage(target.pid);
    if (result.requests === 0) throw new Error('no request was answered');
    if (result.errors > result.requests * TOLERATED_ERRORS) {
      throw new Error(`${result.errors} errors in ${result.requests} requests`);
    }
    return {
      ...result,
      cpuMicrosPerRequest: (after.cpuMicros - before.cpuMicros) / result.requests,
      requestsPerSecond: result.requests / result.seconds,
      peakMiB: Math.max(stopWatching(), highWaterBytes(target.pid)) / MIB,
      processes: after.processes,
      acceptedPerRequest: (acceptedConnections() - accepted) / result.requests,
    };
  } finally {
    stopWatching();
  }
}
