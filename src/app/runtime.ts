import type { AddressInfo } from 'node:net';
import { openAccounts } from '../accounts/open-accounts.ts';
import { serveSubjects } from '../accounts/serve-subjects.ts';
import { openRegions } from '../geo/reader.ts';
import { watchRegions } from '../geo/update.ts';
import { startJournal } from '../ledger/journal.ts';
import type { Journal, Json } from '../model/journal.ts';
import { errorLine, ShudiError } from '../model/errors.ts';
import { displayRegion } from '../model/region.ts';
import { formatTime, systemClock } from '../model/time.ts';
import type { BadgeHistory, BadgePolicy } from '../model/accounts.ts';
import { lockDirectory } from '../platform/lock.ts';
import type { Log } from '../platform/log.ts';
import { trimMemoryWhenIdle } from '../platform/trim-memory.ts';
import {
  openSqliteReader,
  openSqliteRecorder,
  type Opening,
  type SqliteRecorder,
} from '../records/sqlite/engine.ts';
import { anchorer } from './anchor.ts';
import { superviseCollectors, type SupervisedCollectors } from './collectors/supervise.ts';
import { watchClockError } from './clock-error.ts';
import { configDifference } from './config-diff.ts';
import type { Config } from './config.ts';
import { openControl, siteSettings } from './control.ts';
import { dataLayout, prepareDataDirectory } from './data-directory.ts';
import {
  COLLECTORS_KIND,
  CONFIG_KIND,
  CONFIG_REFUSED_KIND,
  CRASHED_KIND,
  DAMAGED_KIND,
  RECORDER_KIND,
  REGIONS_KIND,
  STARTED_KIND,
  STOPPED_KIND,
  WORKER_KIND,
} from './journal-kinds.ts';
import { statusReader } from './status.ts';
import { startWorkers, type Workers } from './workers/workers.ts';

/** How often the recorder's chain is noted in the journal, ms. */
const ANCHOR_MS = 30_000;
/** How often workers are told of a new clock error, ms. */
const CLOCK_MS = 10_000;

export interface Runtime {
  readonly gateway: readonly { readonly name: string; readonly address: AddressInfo }[];
  readonly control: AddressInfo;
  /**
   * Takes over another configuration without closing a connection; its digest and what differs are journalled first.
   * What only a restart can change is named in the log and stays as it is.
   * @throws ShudiError config.invalid | gateway.port-in-use, after which everything is as before
   */
  reload(config: Config): Promise<void>;
  /** Ends in the reverse order of the start; safe to call twice. */
  stop(): Promise<void>;
}

/** What is started is stopped in reverse, whatever fails in between. */
class Closers {
  readonly #closers: (() => Promise<void> | void)[] = [];

  add(close: () => Promise<void> | void): void {
    this.#closers.push(close);
  }

  async run(log: Log): Promise<void> {
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      try {
        await close();
      } catch {
        log.error('stop.failed');
      }
    }
  }
}

/**
 * The schedule of `shudi serve`: main (journal, accounts, control API), the recorder's process, the gateway's workers,
 * in the order in which they stand on each other.
 * @param stopped  gives the start up where it may take long
 */
export async function startRuntime(config: Config, log: Log, stopped?: AbortSignal): Promise<Runtime> {
  const closers = new Closers();
  try {
    return await start(config, log, closers, stopped);
  } catch (error) {
    await closers.run(log);
    throw error;
  }
}

async function start(
  config: Config,
  log: Log,
  closers: Closers,
  stopped: AbortSignal | undefined,
): Promise<Runtime> {
  trimMemoryWhenIdle();
  const layout = dataLayout(config.dataDirectory);
  await prepareDataDirectory(config.dataDirectory);
  const lock = lockDirectory(config.dataDirectory);
  closers.add(() => lock.release());

  const journal = await startJournal({ directory: config.dataDirectory });
  closers.add(() => journal.close());
  await journal.append(STARTED_KIND, 'system', {
    configSha256: config.sha256,
    node: process.version,
  });
  closers.add(async () => void (await journal.append(STOPPED_KIND, 'system', {})));

  const regions = await openRegions(config.regions.file, { overrides: config.regions.overrides });
  const watcher = watchRegions(regions, {
    onUpdate: (update) => {
      if (update.kind === 'refused') log.warn('regions.refused', { code: update.code });
      else note(journal, log, REGIONS_KIND, { records: update.records, buildEpoch: update.buildEpoch });
    },
  });
  closers.add(() => watcher.stop());

  const accounts = await openAccounts({
    directory: config.dataDirectory,
    keysDirectory: layout.keys,
    badgePolicy: badgePolicyOf(config),
  });
  closers.add(() => accounts.close());

  const clockError = await watchClockError();
  closers.add(() => clockError.stop());

  const communities = new Set<string>(config.sites);
  const subjects = await serveSubjects({
    subjects: accounts.subjects,
    socketPath: layout.subjectsSocket,
    isCommunity: (site) => communities.has(site),
  });
  closers.add(() => subjects.close());

  const recorder = await openRecorder(config, journal, log, closers);
  const reader = await openSqliteReader(config.dataDirectory);
  closers.add(() => reader.close());

  const sites = siteSettings(config);
  // The workers are started after the control API and so stop first: nothing is forwarded that could not be recorded.
  let workers: Workers | null = null;
  let collectors: SupervisedCollectors | null = null;
  const control = await openControl({
    config,
    sites,
    parts: {
      records: recorder.writer,
      subjects: accounts.subjects,
      badges: accounts.badges,
      regions,
      clock: systemClock,
      log,
    },
    journal,
    reader,
    status: statusReader(() => ({
      recorder,
      workers,
      collectors,
      regions,
      clockErrorMs: clockError.current(),
    })),
    ready: () => recorder.writer.epoch !== 0 && (workers?.pids().length ?? 0) > 0,
  });
  closers.add(() => control.close());
  if (config.collectors !== null) {
    const supervised = await superviseCollectors({
      settings: config.collectors,
      recorderSocket: recorder.socketPath,
      accounts,
      log,
      ...(stopped === undefined ? {} : { stopped }),
      onEnded: (signal) => {
        log.error('collectors.ended', { signal });
        note(journal, log, COLLECTORS_KIND, { signal });
      },
    });
    collectors = supervised;
    closers.add(() => supervised.close());
  }
  const started = await startWorkers({
    count: config.workers,
    gateway: config.gateway,
    recorderSocket: recorder.socketPath,
    regions: { file: config.regions.file, overrides: config.regions.overrides },
    clockErrorMs: clockError.current(),
    accounts,
    log,
    onEnded: ({ number, signal }) => {
      log.error('worker.ended', { worker: number, signal });
      note(journal, log, WORKER_KIND, { worker: number, signal });
    },
  });
  workers = started;
  const timer = setInterval(() => started.setClockError(clockError.current()), CLOCK_MS);
  closers.add(async () => {
    clearInterval(timer);
    await started.close();
  });

  let current = config;
  const reload = async (next: Config): Promise<void> => {
    const { changed, needsRestart } = configDifference(current.raw, next.raw);
    const configSha256 = next.sha256;
    await journal.append(CONFIG_KIND, 'system', { configSha256, changed, needsRestart });
    if (needsRestart.length > 0) log.warn('config.needs-restart', { keys: needsRestart.length });
    try {
      await started.reload({ ...next.gateway, reusePort: config.gateway.reusePort });
    } catch (error) {
      const code = error instanceof ShudiError ? error.code : 'internal.fault';
      await journal.append(CONFIG_REFUSED_KIND, 'system', { configSha256, code });
      throw error;
    }
    // A site that is gone keeps its settings until a restart: its tokens still are.
    for (const [site, settings] of siteSettings(next)) sites.set(site, settings);
    for (const site of next.sites) communities.add(site);
    // What was not put in force is told again the next time.
    const { workers } = current.raw.gateway;
    current = { ...current, raw: { ...current.raw, gateway: { ...next.raw.gateway, workers } } };
  };
  return {
    gateway: started.addresses(),
    control: control.address,
    reload,
    stop: () => closers.run(log),
  };
}

/** Notes what has happened already; if that fails, the log says so. */
function note(journal: Journal, log: Log, kind: string, body: { readonly [key: string]: Json }): void {
  journal.append(kind, 'system', body).catch((error: unknown) => {
    log.error('journal.failed', { code: errorLine(error).split(':')[0] ?? '' });
  });
}

async function openRecorder(
  config: Config,
  journal: Journal,
  log: Log,
  closers: Closers,
): Promise<SqliteRecorder> {
  const onOpened = ({ first, setAside, crashedAt }: Opening): void => {
    for (const file of setAside) {
      log.error('records.set-aside', { file });
      note(journal, log, DAMAGED_KIND, { file });
    }
    if (crashedAt !== null)
      note(journal, log, first ? CRASHED_KIND : RECORDER_KIND, { vouchedUntil: formatTime(crashedAt) });
    if (!first) log.error('recorder.restarted');
  };
  const recorder = await openSqliteRecorder({
    directory: config.dataDirectory,
    durability: config.durability,
    diskReserveBytes: config.diskReserveBytes,
    onOpened,
    onRestartFailed: (error) =>
      log.error('recorder.not-restarted', {
        code: error instanceof ShudiError ? error.code : 'internal.fault',
      }),
  });
  const anchor = anchorer(recorder, journal);
  // At once: what the run before left as its end, and this one's beginning.
  await anchor();
  const timer = setInterval(() => {
    anchor().catch(() => log.error('records.not-anchored'));
  }, ANCHOR_MS);
  closers.add(async () => {
    clearInterval(timer);
    await recorder.close();
  });
  // Runs before the recorder closes; what closing adds is noted by the next start.
  closers.add(() => anchor());
  return recorder;
}

function badgePolicyOf({ regions }: Config): BadgePolicy {
  return (previous: BadgeHistory | null, answer, _isV4, day) => {
    const last =
      previous === null || previous.lastProvince === null || previous.lastDay === null
        ? null
        : { code: previous.lastProvince, ageDays: Math.max(0, day - previous.lastDay) };
    return displayRegion(answer, regions.mainlandIpv6, last, regions.lastProvinceDays);
  };
}
