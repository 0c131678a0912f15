import path from 'node:path';
import { runForNumbers } from '../generators/run-generator.ts';
import { treeUsage } from '../process-tree.ts';
import { settledMemory, watchMemory } from '../tree-memory.ts';
import type { Figure } from '../figures.ts';
import type { Load } from '../types.ts';
import { ORDINARY } from './needs.ts';

const SCRIPT = path.join(import.meta.dirname, '../generators/transfer.ts');
const FULL_BYTES = 2 * 2 ** 30;
const QUICK_BYTES = 2 ** 28;
const WARM_UP_BYTES = 2 ** 26;
const SAMPLE_MS = 100;
/** Beyond this the target moves less than 10 MB/s, and the run is given up. */
const MOST_SECONDS = 200;
const MB = 1_000_000;

type Direction = 'down' | 'up';

interface Way {
  readonly direction: Direction;
  readonly connections: number;
  readonly figure: Figure;
}

const WAYS: readonly Way[] = [
  { direction: 'down', connections: 1, figure: 'downOneMBps' },
  { direction: 'up', connections: 1, figure: 'upOneMBps' },
  { direction: 'down', connections: 8, figure: 'downEightMBps' },
  { direction: 'up', connections: 8, figure: 'upEightMBps' },
];

/** @returns MB a second */
async function move(url: string, { direction, connections }: Way, bytes: number): Promise<number> {
  const args = [SCRIPT, url, direction, String(bytes), String(connections)];
  const moved = await runForNumbers(process.execPath, args, MOST_SECONDS, ['bytes', 'seconds']);
  return moved.bytes / MB / moved.seconds;
}

export const transfer: Load = {
  name: 'transfer',
  does: '2 GiB down and 2 GiB up, over one connection, then over eight (256 MiB each); "more" is the highest sample of memory beyond what the target has after 64 MiB each way',
  needs: ORDINARY,
  targets: ['direct', 'shudi', 'nginx'],
  columns: [...WAYS.map(({ figure }) => figure), 'cpuMsPerGB', 'warmPssMB', 'extraPssMB', 'extraRssMB'],
  compared: WAYS.map(({ figure }) => figure),
  mostRounds: 3,
  lasts: ({ quick }) => (quick ? 6 : 20),

  measure: async (target, _upstream, { quick }) => {
    const bytes = quick ? QUICK_BYTES : FULL_BYTES;
    for (const way of WAYS) await move(target.url, way, WARM_UP_BYTES);
    const warm = await settledMemory(target.pid);
    const cpuBefore = treeUsage(target.pid).cpuMicros;
    const stopWatching = watchMemory(target.pid, SAMPLE_MS);
    const rates: [Figure, number][] = [];
    try {
      for (const way of WAYS) rates.push([way.figure, await move(target.url, way, bytes)]);
      const cpu = treeUsage(target.pid).cpuMicros - cpuBefore;
      const peak = stopWatching();
      return {
        generator: 'own',
        requests: WAYS.reduce((sum, { connections }) => sum + connections, 0),
        errors: 0,
        figures: {
          ...Object.fromEntries(rates),
          cpuMsPerGB: cpu / 1000 / ((bytes * WAYS.length) / 1e9),
          warmPssMB: warm.pss / MB,
          extraPssMB: (peak.pss - warm.pss) / MB,
          extraRssMB: (peak.rss - warm.rss) / MB,
        },
      };
    } finally {
      stopWatching();
    }
  },
};
