import type { BadgeDirectory, Site, SubjectDirectory } from '../model/accounts.ts';
import type { Journal } from '../model/journal.ts';
import type { RecordReader, RecordWriter } from '../model/records.ts';
import type { RegionLookup } from '../model/region.ts';
import type { Clock } from '../model/time.ts';
import type { Execute } from '../disclosure/executor.ts';
import type { Register } from '../disclosure/register.ts';
import type { Log } from '../platform/log.ts';
import type { Tracer } from '../trace/tracer.ts';
import type { MachineStatus } from './machine-status.ts';

/** Which acts set an account's badge. */
export interface SiteSettings {
  readonly badgeBasis: 'publication' | 'login' | 'any';
}

/** What the control side works with; made by the composition (src/app). It shares no listener with the gateway. */
export interface ControlParts {
  readonly journal: Journal;
  readonly register: Register;
  /** Without `subjectsOf`: a trace without a grant knows no accounts. */
  readonly tracer: Tracer;
  readonly records: {
    readonly reader: Pick<RecordReader, 'byRequest' | 'sessionsOf' | 'publicationsOf'>;
    readonly writer: Pick<RecordWriter, 'append'>;
  };
  readonly subjects: SubjectDirectory;
  readonly badges: BadgeDirectory;
  readonly regions: RegionLookup;
  readonly sites: ReadonlyMap<Site, SiteSettings>;
  readonly execute: Execute;
  readonly status: () => MachineStatus | Promise<MachineStatus>;
  /** Whether records can be stored. */
  readonly ready: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** A token's rate: `perSecond` in the long run, `burst` at once. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export interface ControlOptions extends ControlParts {
  readonly host: string;
  readonly port: number;
  /** Host names, besides the loopback ones, that requests may be addressed to; without ports. */
  readonly hosts: readonly string[];
  readonly rates?: { readonly person: Rate; readonly site: Rate };
}
