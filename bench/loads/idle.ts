import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { httpLoad } from '../generators/http-load.ts';
import { numbersOf } from '../generators/run-generator.ts';
import { treeUsage } from '../process-tree.ts';
import { scratchDirectory, startProcess } from '../processes.ts';
import { settledMemory } from '../tree-memory.ts';
import type { Load } from '../types.ts';
import { ORDINARY } from './needs.ts';

const SCRIPT = path.join(import.meta.dirname, '../generators/idle-connections.ts');
export const IDLE_CONNECTIONS = 10_000;
const OPENING_MS = 120_000;
const SETTLING_MS = 20_000;
const MB = 1_000_000;

export const idle: Load = {
  name: 'idle',
  does: `${IDLE_CONNECTIONS.toLocaleString('en-US')} connections that each made one request and then stay, kept alive; the target before them, after a short warm-up, and with them. Some are asked again afterwards`,
  // Dedicated egress has an upstream connection for each.
  needs: { ...ORDINARY, connections: 3 * IDLE_CONNECTIONS },
  targets: ['shudi', 'nginx'],
  columns: [
    'pssBeforeMB',
    'pssAfterMB',
    'rssBeforeMB',
    'rssAfterMB',
    'pssPerConnectionKB',
    'cpuMicrosPerRequest',
  ],
  compared: [],
  mostRounds: 3,
  lasts: ({ warmUpSeconds }) => warmUpSeconds + 35,

  measure: async (target, _upstream, { warmUpSeconds }) => {
    const warmUp = {
      seconds: warmUpSeconds,
      connections: 64,
      connection: 'keep-alive',
      requests: 'same',
    } as const;
    await httpLoad({ ...warmUp, url: `${target.url}/` });
    const before = await settledMemory(target.pid);
    const cpuBefore = treeUsage(target.pid).cpuMicros;
    const args = [SCRIPT, `${target.url}/`, String(IDLE_CONNECTIONS)];
    const holder = startProcess(scratchDirectory(), process.execPath, args);
    try {
      const [, held = ''] = await holder.says(/^holding (.*)$/m, OPENING_MS);
      const { connections, errors } = numbersOf(held, ['connections', 'errors']);
      const cpu = treeUsage(target.pid).cpuMicros - cpuBefore;
      // Idle for a while: what was needed only to open them may go.
      await sleep(SETTLING_MS);
      const after = await settledMemory(target.pid);
      process.kill(holder.pid, 'SIGUSR2');
      const [, checked = ''] = await holder.says(/^checked (.*)$/m);
      const { closed, unanswered } = numbersOf(checked, ['closed', 'unanswered']);
      const lost = errors + closed + unanswered;
      if (lost > 0)
        throw new Error(`of ${connections}, ${errors} failed, ${closed} closed, ${unanswered} unanswered`);
      return {
        generator: 'own',
        requests: connections,
        errors: lost,
        figures: {
          pssBeforeMB: before.pss / MB,
          pssAfterMB: after.pss / MB,
          rssBeforeMB: before.rss / MB,
          rssAfterMB: after.rss / MB,
          pssPerConnectionKB: (after.pss - before.pss) / connections / 1000,
          cpuMicrosPerRequest: cpu / connections,
        },
      };
    } finally {
      await holder.stop();
    }
  },
};
