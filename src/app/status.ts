import type { MachineStatus } from '../api/machine-status.ts';
import type { RegionStore } from '../geo/reader.ts';
import { systemClock } from '../model/time.ts';
import type { SqliteRecorder } from '../records/sqlite/engine.ts';
import type { SupervisedCollectors } from './collectors/supervise.ts';
import { Totals } from './totals.ts';
import type { Workers } from './workers/workers.ts';

/** The parts as they run now; null before they have started. */
export interface RunningParts {
  readonly recorder: { readonly writer: Pick<SqliteRecorder['writer'], 'epoch'> };
  readonly workers: Pick<Workers, 'status' | 'pids'> | null;
  /** Null also when none are configured. */
  readonly collectors: Pick<SupervisedCollectors, 'status'> | null;
  readonly regions: Pick<RegionStore, 'ageDays'>;
  readonly clockErrorMs: number | null;
}

/** Makes what asks all parts for their state; a part that does not answer in time is left out. */
export function statusReader(parts: () => RunningParts): () => Promise<MachineStatus> {
  const refusals = new Totals();
  return async () => {
    const { recorder, workers, collectors, regions, clockErrorMs } = parts();
    const [told, collected] = await Promise.all([workers?.status() ?? [], collectors?.status() ?? null]);
    const sum = (of: (status: (typeof told)[number]) => number): number =>
      told.reduce((total, status) => total + of(status), 0);
    const all = told.length === (workers?.pids().length ?? 0);
    return {
      recording: recorder.writer.epoch !== 0,
      workers: told.length,
      connections: sum(({ counts }) => counts.connections),
      claimedClients: sum(({ counts }) => counts.claimed),
      refusals: refusals.of(
        told.map((status) => status.refusals),
        all,
      ),
      collectors: collected,
      clockErrorMs,
      regionAgeDays: Math.floor(regions.ageDays(systemClock())),
    };
  };
}
