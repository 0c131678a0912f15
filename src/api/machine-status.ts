/**
 * What an operator sees of the machine: counts and health, no records and no addresses of anybody. These are types and
 * no interfaces, so that they are JSON as they stand.
 */
export type MachineStatus = {
  /** Whether records can be stored. */
  readonly recording: boolean;
  /** Workers that answered. */
  readonly workers: number;
  /** Open now, of those workers. */
  readonly connections: number;
  readonly claimedClients: number;
  /** By kind, since the program's start. */
  readonly refusals: { readonly [kind: string]: number };
  /** Null when none are configured, or while their process is away. */
  readonly collectors: CollectorsHealth | null;
  /** Null when the system does not tell. */
  readonly clockErrorMs: number | null;
  readonly regionAgeDays: number;
};

export type CollectorsHealth = {
  readonly sources: readonly SourceHealth[];
  /** In the order of the configuration. */
  readonly listeners: readonly ListenerHealth[];
  /** Messages and connections of senders that no source names. */
  readonly unknownSenders: number;
};

/** How good a source can be; each is a series of its own, so a grade that is missing here does not compile. */
export const SOURCE_GRADES = ['ok', 'no-port', 'no-nat-fields', 'no-translation', 'silent'] as const;

export type SourceHealth = {
  readonly name: string;
  readonly protocol: string;
  readonly grade: (typeof SOURCE_GRADES)[number];
  /** RFC 3339; null when nothing has come yet. */
  readonly lastRecord: string | null;
  /** Translations a second. */
  readonly rate: number;
  readonly messages: number;
  readonly translations: number;
  readonly leases: number;
  readonly lost: number;
  readonly dropped: number;
  readonly restarts: number;
  readonly rejected: { readonly [reason: string]: number };
  readonly clock: {
    readonly offsetMs: number;
    readonly errorMs: number | null;
    readonly driftPpm: number | null;
  };
  readonly templates: {
    readonly exporters: number;
    readonly data: number;
    readonly options: number;
    readonly pending: number;
  } | null;
  readonly input: { readonly running: boolean; readonly starts: number } | null;
};

export type ListenerHealth = {
  readonly protocol: string;
  readonly transport: string;
  readonly port: number;
  readonly connections?: number;
  readonly datagrams?: number;
  readonly kernelDrops?: number | null;
  readonly receiveBufferBytes?: number;
};
