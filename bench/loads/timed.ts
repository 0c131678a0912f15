import { measureStretch, type LoadResult } from '../measure.ts';
import type { Load, RunningTarget } from '../types.ts';
import { ORDINARY } from './needs.ts';
import { PROXIES } from './proxies.ts';

interface TimedLoad
  extends Pick<Load, 'name' | 'does'>, Partial<Omit<Load, 'name' | 'does' | 'lasts' | 'measure'>> {
  /** Before every measurement, outside of it. */
  readonly prepare?: (target: RunningTarget) => Promise<void>;
  readonly run: (url: string, seconds: number) => Promise<LoadResult>;
}

/** A load that is sent for some seconds: a warm-up that nobody looks at, then the stretch that counts. */
export function timedLoad({ prepare, run, ...about }: TimedLoad): Load {
  return {
    needs: ORDINARY,
    targets: PROXIES,
    columns: [
      'cpuMicrosPerRequest',
      'requestsPerSecond',
      'p50Ms',
      'p99Ms',
      'peakMiB',
      'pssMiB',
      'acceptedPerRequest',
    ],
    compared: ['cpuMicrosPerRequest', 'requestsPerSecond'],
    mostRounds: Infinity,
    ...about,
    lasts: ({ seconds, warmUpSeconds }) => seconds + warmUpSeconds,
    measure: async (target, _upstream, { seconds, warmUpSeconds }) => {
      await prepare?.(target);
      await run(target.url, warmUpSeconds);
      return measureStretch(target, () => run(target.url, seconds));
    },
  };
}
