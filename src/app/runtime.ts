import { hash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { openAccounts } from '../accounts/open-accounts.ts';
import { openGateway, type Gateway } from '../gateway/gateway.ts';
import { openRegions, type RegionStore } from '../geo/reader.ts';
import { watchRegions } from '../geo/update.ts';
import { startJournal } from '../ledger/journal.ts';
import type { Journal } from '../model/journal.ts';
import { displayRegion } from '../model/region.ts';
import { formatTime, systemClock, type Millis } from '../model/time.ts';
import type { BadgeHistory, BadgePolicy } from '../model/accounts.ts';
import { lockDirectory } from '../platform/lock.ts';
import type { Log } from '../platform/log.ts';
import { openSqliteReader, openSqliteWriter, type SqliteWriter } from '../records/sqlite/engine.ts';
import { watchClockError } from './clock-error.ts';
import type { Config } from './config.ts';
import { openControl } from './control.ts';
import { dataLayout, prepareDataDirectory } from './data-directory.ts';
import {
  ANCHOR_KIND,
  CRASHED_KIND,
  DAMAGED_KIND,
  REGIONS_KIND,
  STARTED_KIND,
  STOPPED_KIND,
} from './journal-kinds.ts';

/** How often the recorder's chain is noted in the journal, ms. */
const ANCHOR_MS = 30_000;

export interface Runtime {
  readonly gateway: readonly { readonly name: string; readonly address: AddressInfo }[];
  readonly control: AddressInfo;
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

/** The schedule of `shudi serve`: one process, its parts in the order in which they stand on each other. */
export async function startRuntime(config: Config, configText: string, log: Log): Promise<Runtime> {
  const closers = new Closers();
  try {
    return await start(config, configText, log, closers);
  } catch (error) {
    await closers.run(log);
    throw error;
  }
}

async function start(config: Config, configText: string, log: Log, closers: Closers): Promise<Runtime> {
  const layout = dataLayout(config.dataDirectory);
  await prepareDataDirectory(config.dataDirectory);
  const lock = lockDirectory(config.dataDirectory);
  closers.add(() => lock.release());

  const journal = await startJournal({ directory: config.dataDirectory });
  closers.add(() => journal.close());
  await journal.append(STARTED_KIND, 'system', {
    configSha256: hash('sha256', configText, 'hex'),
    node: process.version,
  });
  closers.add(async () => void (await journal.append(STOPPED_KIND, 'system', {})));

  const regions = await openRegions(config.regions.file, { overrides: config.regions.overrides });
  const watcher = watchRegions(regions, {
    onUpdate: (update) => {
      if (update.kind === 'refused') log.warn('regions.refused', { code: update.code });
      else
        void journal
          .append(REGIONS_KIND, 'system', { records: update.records, buildEpoch: update.buildEpoch })
          .catch(() => log.error('journal.failed'));
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

  const writer = await openWriter(config, journal, log, closers);
  const reader = await openSqliteReader(config.dataDirectory);
  closers.add(() => reader.close());

  const parts = {
    records: writer,
    subjects: accounts.subjects,
    sessions: accounts.sessions,
    badges: accounts.badges,
    regions,
    clock: systemClock,
    clockErrorMs: () => clockError.current(),
    log,
  };
  // The gateway is opened after the control API and so stops first: nothing is forwarded that could not be recorded.
  let gateway: Gateway | null = null;
  const control = await openControl({
    config,
    parts,
    journal,
    reader,
    status: () => statusOf(gateway, regions, clockError.current()),
    ready: () => gateway?.healthy() ?? false,
  });
  closers.add(() => control.close());
  gateway = await openGateway(config.gateway, parts);
  const opened = gateway;
  closers.add(() => opened.close());
  return { gateway: opened.addresses(), control: control.address, stop: () => closers.run(log) };
}

async function openWriter(
  config: Config,
  journal: Journal,
  log: Log,
  closers: Closers,
): Promise<SqliteWriter> {
  const writer = await openSqliteWriter({ directory: config.dataDirectory, durability: config.durability });
  for (const file of writer.setAside) {
    log.error('records.set-aside', { file });
    await journal.append(DAMAGED_KIND, 'system', { file });
  }
  if (writer.crashedAt !== null)
    await journal.append(CRASHED_KIND, 'system', { vouchedUntil: formatTime(writer.crashedAt as Millis) });
  let noted = '';
  const anchor = async (): Promise<void> => {
    for (const head of await writer.heads()) {
      if (head.chain === noted) continue;
      await journal.append(ANCHOR_KIND, 'system', { day: head.day, seq: head.seq, chain: head.chain });
      noted = head.chain;
    }
  };
  // At once: what the run before left as its end, and this one's beginning.
  await anchor();
  const timer = setInterval(() => {
    anchor().catch(() => log.error('records.not-anchored'));
  }, ANCHOR_MS);
  closers.add(async () => {
    clearInterval(timer);
    await writer.close();
  });
  // Runs before the writer closes; what closing adds is noted by the next start.
  closers.add(() => anchor());
  return writer;
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

function statusOf(gateway: Gateway | null, regions: RegionStore, clockErrorMs: number | null) {
  return {
    recording: gateway?.healthy() ?? false,
    connections: gateway?.counts().direct ?? 0,
    claimedClients: gateway?.counts().claimed ?? 0,
    clockErrorMs,
    regionAgeDays: Math.floor(regions.ageDays(systemClock())),
  };
}
