import type { ErrorCode } from '../model/error-codes.ts';
import { errorLine, ShudiError } from '../model/errors.ts';
import { fingerprintOf, loadRegionFile, type RegionData } from './load.ts';
import { checkSentinels, SENTINELS } from './self-check.ts';

export interface CandidateOptions {
  /** Addresses whose answer is known; the default list fits the default data. */
  readonly sentinels?: typeof SENTINELS;
  /** How far the number of records may be from the current file's, as a share of it; 0.3 by default. */
  readonly maxRecordChange?: number;
}

/**
 * Reads a region file that may take over, and refuses it when anything is suspicious: it cannot be parsed, is of
 * another type or version, is damaged or half-written, gets known addresses wrong, or has grown or shrunk
 * too much against the current one.
 *
 * @param current  what is in use; null at the start, when there is nothing to compare with
 * @throws ShudiError region.missing | region.damaged | region.schema | region.sentinel | region.delta
 */
export async function loadCandidate(
  path: string,
  current: RegionData | null = null,
  options: CandidateOptions = {},
): Promise<RegionData> {
  const candidate = await loadRegionFile(path);
  checkSentinels(candidate, options.sentinels ?? SENTINELS);
  const limit = options.maxRecordChange ?? 0.3;
  if (current !== null && Math.abs(candidate.records - current.records) > current.records * limit) {
    throw new ShudiError(
      'region.delta',
      `It has ${candidate.records} records, the current one ${current.records}.`,
      path,
    );
  }
  return candidate;
}

/** What the watcher reports: a file was taken into use, or refused and the previous one stays. */
export type RegionUpdate =
  | { readonly kind: 'swapped'; readonly records: number; readonly buildEpoch: number }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly line: string };

/** The part of a store that the watcher needs. */
export interface Swappable {
  readonly data: RegionData;
  swap(data: RegionData): void;
}

export interface WatchOptions extends CandidateOptions {
  /** Milliseconds from the end of one look at the file to the next; a minute by default. */
  readonly intervalMs?: number;
  readonly onUpdate: (update: RegionUpdate) => void;
}

export interface RegionWatcher {
  /** Looks at the file now. Never rejects. @returns what was done, null when the file is the same */
  check(): Promise<RegionUpdate | null>;
  stop(): void;
}

/**
 * Looks at the store's file now and then (by `stat`, as file events get lost on network and overlay file
 * systems) and swaps in what has changed, once it has passed every check. A refused file is not looked at
 * again until it changes. The timer does not keep the process alive.
 */
export function watchRegions(store: Swappable, options: WatchOptions): RegionWatcher {
  const path = store.data.path;
  let seen = store.data.fingerprint;
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<RegionUpdate | null> | null = null;
  let stopped = false;

  const look = async (): Promise<RegionUpdate | null> => {
    const fingerprint = await fingerprintOf(path);
    if (fingerprint === seen) return null;
    seen = fingerprint;
    let update: RegionUpdate;
    try {
      const data = await loadCandidate(path, store.data, options);
      if (stopped) return null;
      store.swap(data);
      update = { kind: 'swapped', records: data.records, buildEpoch: data.buildEpoch };
    } catch (error) {
      update = {
        kind: 'refused',
        code: error instanceof ShudiError ? error.code : 'internal.fault',
        line: errorLine(error),
      };
    }
    try {
      options.onUpdate(update);
    } catch {
      // A listener's own failure must neither stop the watch nor become an unhandled rejection.
    }
    return update;
  };
  const check = (): Promise<RegionUpdate | null> => (running ??= look().finally(() => (running = null)));
  const schedule = (): void => {
    if (stopped) return;
    timer = setTimeout(() => void check().finally(schedule), options.intervalMs ?? 60_000);
    timer.unref();
  };
  schedule();
  return {
    check,
    stop() {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}
