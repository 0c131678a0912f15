import { openControlApi, type ControlApi } from '../api/control-api.ts';
import type { ControlParts, SiteSettings } from '../api/parts.ts';
import { addressSet } from '../disclosure/address-set.ts';
import { createExecutor } from '../disclosure/executor.ts';
import { Register } from '../disclosure/register.ts';
import type { GatewayParts } from '../gateway/options.ts';
import type { Journal } from '../model/journal.ts';
import type { RecordReader } from '../model/records.ts';
import type { Site } from '../model/accounts.ts';
import { createTracer } from '../trace/tracer.ts';
import type { Config } from './config.ts';
import { dataLayout } from './data-directory.ts';

export interface ControlComposition {
  readonly config: Config;
  /** A reload changes it. */
  readonly sites: ReadonlyMap<Site, SiteSettings>;
  readonly parts: Pick<GatewayParts, 'records' | 'subjects' | 'badges' | 'regions' | 'clock' | 'log'>;
  readonly journal: Journal;
  readonly reader: RecordReader;
  readonly status: ControlParts['status'];
  readonly ready: ControlParts['ready'];
}

/** Composes the control side: people and their paper trail over the journal, traces over the reader. */
export async function openControl({
  config,
  sites,
  parts,
  journal,
  reader,
  status,
  ready,
}: ControlComposition): Promise<ControlApi> {
  const register = new Register({ journal, clock: parts.clock, grantTtlMs: config.grantExpiryMs });
  await register.refresh();
  const { assumedClockErrorMs, unshared, dataDirectory } = config;
  return openControlApi({
    ...config.control,
    journal,
    register,
    tracer: createTracer({ records: reader, assumedClockErrorMs, isUnshared: addressSet(unshared) }),
    records: { reader, writer: parts.records },
    subjects: parts.subjects,
    badges: parts.badges,
    regions: parts.regions,
    sites,
    execute: createExecutor({
      dataDirectory,
      keysDirectory: dataLayout(dataDirectory).keys,
      assumedClockErrorMs,
      unshared,
    }),
    status,
    ready,
    clock: parts.clock,
    log: parts.log,
  });
}

export function siteSettings(config: Config): Map<Site, SiteSettings> {
  return new Map(config.gateway.routes.map(({ site, badgeBasis }) => [site, { badgeBasis }]));
}
