import type { Subject } from './accounts.ts';
import type { Endpoint, IpAddress, Port } from './address.ts';
import type { Branded } from './brand.ts';
import type { Interval, Millis } from './time.ts';

/** A message's number: unique in a data directory, below 2^53. */
export type MessageId = Branded<number, 'MessageId'>;

/**
 * What arrived at once from a source: a datagram, a message of a stream, a line. It has the digest of the original (R8)
 * and what is true of everything in it. A message whose events lie on several days is stored on each of them.
 */
export interface MessageRecord {
  readonly type: 'message';
  readonly id: MessageId;
  /** The exporter's configured name. */
  readonly source: string;
  /** How it was read: `ipfix:rfc8158`, `conntrack`, `syslog:junos` ... */
  readonly dialect: string;
  /** SHA-256 of the original, hex. */
  readonly digest: string;
  /** When the first of its events that lie on this day happened: it says which day the message is stored on. */
  readonly at: Millis;
  readonly received: Millis;
  /** What was added to the exporter's times to get ours, ms. */
  readonly offsetMs: number;
  /** How far a corrected time may be off, ms; null when it was not measured (R4). */
  readonly clockErrorMs: number | null;
}

/** Outside ports: one (low = high), a block from low to high in steps, or an address alone (both null). */
export interface PortRange {
  readonly address: IpAddress;
  readonly low: Port | null;
  readonly high: Port | null;
  readonly step: number;
}

/**
 * Where a translated connection went: one of the operator's own services, told but not one of them (then where is not
 * kept, RFC 6888 REQ-12), or null when it was not told.
 */
export type Remote = Endpoint | 'elsewhere' | null;

/**
 * - `create`, `delete`: the translation began, ended.
 * - `interim`: it is there at that time; a beginning only where none is known.
 * - `flow`: it was seen from `at` to `until`; neither its beginning nor its end is told.
 */
export type TranslationEvent = 'create' | 'delete' | 'interim' | 'flow';

/** What a message says of a translation: inside address and port mapped to outside ones, in a realm. */
export interface TranslationRecord {
  readonly type: 'translation';
  readonly message: MessageId;
  /** Its place in the message, from 0: with the message's digest it tells a repetition from another event. */
  readonly place: number;
  readonly source: string;
  readonly event: TranslationEvent;
  /** Address space of the inside (VRF); '' where there is only one. */
  readonly realm: string;
  /** IANA's number; null stands for every one. */
  readonly protocol: number | null;
  readonly inside: Endpoint;
  /** Null for a delete that names the inside alone. */
  readonly outside: PortRange | null;
  readonly remote: Remote;
  /** The exporter's own number of the session; null when it has none. */
  readonly flow: number | null;
  readonly at: Millis;
  /** Of a `flow`. */
  readonly until: Millis | null;
}

/** An address or prefix held by a subscriber: what an access server says of it. */
export interface LeaseRecord {
  readonly type: 'lease';
  readonly message: MessageId;
  readonly place: number;
  readonly source: string;
  readonly event: 'start' | 'interim' | 'stop';
  /** A digest of the server's own number of the session, hex. */
  readonly session: string;
  /** The access server within the source; '' when it is not told. */
  readonly server: string;
  readonly realm: string;
  /** Null for a stop that names none: it ends all that its session held. */
  readonly address: IpAddress | null;
  /** Length of the prefix, bits; 32 or 128 for one address. */
  readonly bits: number;
  /** The subscriber by their user name; null when none was told. */
  readonly subject: Subject | null;
  /** The subscriber's line by its calling number; null when none was told. */
  readonly line: Subject | null;
  readonly at: Millis;
}

/** A source (of a RADIUS source: one access server) began anew: what it held until then has ended. */
export interface RestartRecord {
  readonly type: 'restart';
  readonly source: string;
  /** '' for the whole source. */
  readonly server: string;
  readonly at: Millis;
}

/** Time in which a source recorded, but not all: `lost` on the way, `dropped` here, `silent` beyond what is usual. */
export interface GapRecord {
  readonly type: 'gap';
  readonly source: string;
  readonly from: Millis;
  readonly to: Millis;
  readonly reason: 'lost' | 'dropped' | 'silent';
  /** Records or messages as far as they could be counted; 0 when they could not. */
  readonly count: number;
}

/** How far a file has been imported, so that the same file twice adds nothing. */
export interface ImportRecord {
  readonly type: 'import';
  readonly source: string;
  /** SHA-256 of the file, hex. */
  readonly file: string;
  /** A digest of the options that say how the file was read. */
  readonly options: string;
  /** Messages of the file that are stored. */
  readonly messages: number;
  readonly done: boolean;
  readonly at: Millis;
}

/** The newest word on a file. */
export type ImportState = Pick<ImportRecord, 'options' | 'messages' | 'done'>;

/** A translation as it was in force: events joined. `to` null while it lasts. */
export interface Translation extends Interval {
  readonly source: string;
  readonly dialect: string;
  readonly realm: string;
  readonly protocol: number | null;
  readonly inside: Endpoint;
  readonly outside: PortRange;
  readonly remote: Remote;
  /** `told`: its beginning was; `before`: it was there already, `from` is the earliest that can be said. */
  readonly began: 'told' | 'before';
  /** From when it surely was there: later than `from` where its beginning may have been lost on the way. */
  readonly surelyFrom: Millis;
  /** `reallocated`: its end was never told, its ports were given to another; null while it lasts. */
  readonly ended: 'told' | 'reallocated' | 'restart' | null;
  /** Of the times; null when it was not measured. */
  readonly clockErrorMs: number | null;
  /** Digests of the messages that it rests on, at most two. */
  readonly digests: readonly string[];
}

/** A lease as it was in force. */
export interface Lease extends Interval {
  readonly source: string;
  readonly server: string;
  readonly realm: string;
  readonly address: IpAddress;
  readonly bits: number;
  readonly subject: Subject | null;
  readonly line: Subject | null;
  readonly began: 'told' | 'before';
  /** As of a translation. */
  readonly surelyFrom: Millis;
  /** `reallocated`: another session began on its address. */
  readonly ended: 'told' | 'reallocated' | 'restart' | null;
  readonly clockErrorMs: number | null;
  readonly digests: readonly string[];
}

/** Oldest first. `total` counts all that matched, also beyond the limit. */
export interface FoundTranslations {
  readonly translations: readonly Translation[];
  readonly total: number;
}

export interface FoundLeases {
  readonly leases: readonly Lease[];
  readonly total: number;
}
