import type { Endpoint, IpAddress, Port } from './address.ts';
import type { Site, Subject } from './accounts.ts';
import type { Branded } from './brand.ts';
import type { Interval, Millis } from './time.ts';
import type {
  FoundLeases,
  FoundTranslations,
  GapRecord,
  ImportRecord,
  ImportState,
  LeaseRecord,
  MessageRecord,
  RestartRecord,
  TranslationRecord,
} from './translations.ts';

/** A connection's number: unique in a data directory, rising with time, below 2^53. */
export type ConnectionId = Branded<number, 'ConnectionId'>;

/** The gateway's own request id, unguessable: what `X-Request-Id` carries to the upstream. */
export type RequestId = Branded<string, 'RequestId'>;

const REQUEST_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The request id, or null when the text is none that the gateway could have made. */
export function canonicalRequestId(text: string): RequestId | null {
  return REQUEST_ID.test(text) ? (text as RequestId) : null;
}

/**
 * How sure the client's address is (R2). `aggregated`: the client had used up its budget of records (R11), so this one
 * stands for many of its connections: no port, for IPv6 the first address of its /64.
 */
export type Verdict = 'direct' | 'proxy-protocol' | 'forwarded' | 'unverified' | 'aggregated';

/** How an account was learned. */
export type Learned = 'header' | 'session' | 'jwt' | 'event' | 'introspect';

export type EndReason = 'closed' | 'idle' | 'evicted' | 'stopped' | 'crash';

/** A client endpoint connected to a listener. */
export interface ConnectionRecord {
  readonly type: 'connection';
  readonly id: ConnectionId;
  readonly listener: string;
  /** The socket's peer; the client itself when the verdict is `direct`. */
  readonly peer: Endpoint;
  readonly client: Endpoint;
  readonly verdict: Verdict;
  /** The claimed chain as received, at most 512 characters, '' when nothing was claimed. */
  readonly chain: string;
  /** The gateway's own address and port that the client connected to. */
  readonly own: Endpoint;
  readonly from: Millis;
  /** Whether the gateway's clock was synchronised, and its error: null when it was not measured (R4). */
  readonly clockErrorMs: number | null;
}

/**
 * A gateway-side endpoint towards an upstream. `connection` is the one client that it serves; null when many clients
 * share it: then `peer` and `listener` say whose carrier it is (a trusted proxy's connection), and both are null for a
 * pool's, which may have served any client of any listener.
 */
export interface EgressRecord {
  readonly type: 'egress';
  readonly connection: ConnectionId | null;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly listener: string | null;
  readonly peer: Endpoint | null;
  readonly from: Millis;
}

/**
 * The end of a connection: `to` is the time of the client's last byte, `closed` the time when its sockets were shut
 * (a web service may log its gateway-side endpoint until then).
 */
export interface EndRecord {
  readonly type: 'end';
  readonly connection: ConnectionId;
  readonly to: Millis;
  readonly closed: Millis;
  readonly reason: EndReason;
}

/** A live connection's last byte so far, so that a crash loses at most the tail of an interval (R1). */
export interface CheckpointRecord {
  readonly type: 'checkpoint';
  readonly connection: ConnectionId;
  readonly to: Millis;
}

/** The end of a gateway-side endpoint that did not end with its one connection; `from` is its beginning. */
export interface EgressEndRecord {
  readonly type: 'egress-end';
  readonly connection: ConnectionId | null;
  readonly local: Endpoint;
  readonly from: Millis;
  readonly to: Millis;
}

/** A connection used by an account, as a subject. */
export interface BindingRecord {
  readonly type: 'binding';
  readonly connection: ConnectionId;
  readonly site: Site;
  readonly subject: Subject;
  readonly learned: Learned;
  readonly from: Millis;
  /** When the session that named the account began; null when that is not known. */
  readonly sessionSince: Millis | null;
}

/** The account left the connection (logout, another account took over). */
export interface UnbindingRecord {
  readonly type: 'unbinding';
  readonly connection: ConnectionId;
  readonly subject: Subject;
  readonly at: Millis;
}

export interface SessionRecord {
  readonly type: 'session';
  readonly site: Site;
  readonly subject: Subject;
  readonly event: 'login' | 'logout';
  readonly at: Millis;
  readonly learned: Learned;
  readonly connection: ConnectionId | null;
  readonly request: RequestId | null;
}

/** An act of publishing; never the content. */
export interface PublicationRecord {
  readonly type: 'publication';
  readonly site: Site;
  readonly subject: Subject;
  readonly at: Millis;
  readonly connection: ConnectionId | null;
  readonly request: RequestId | null;
}

/**
 * A request with an unsafe method (RFC 9110, 9.2.1), before it is forwarded; and again when its response, or its site
 * by an event, names the account. `subject` is whom this very request named, null when it named nobody: the connection
 * may have been another's a moment before.
 */
export interface RequestRecord {
  readonly type: 'request';
  readonly request: RequestId;
  readonly connection: ConnectionId;
  readonly site: Site;
  readonly subject: Subject | null;
  readonly learned: Learned | null;
  readonly at: Millis;
}

/**
 * Refusals and floods of one client prefix in one minute (R12): what happened and how often. `prefix` is an IPv4
 * address, an IPv6 /64, or `*` for all that were beyond the bound of prefixes kept apart.
 */
export interface RefusalRecord {
  readonly type: 'refusal';
  readonly listener: string;
  readonly prefix: string;
  /** A stable word, such as `malformed` or `rate`; docs/gateway.md lists them. */
  readonly kind: string;
  /** The beginning of the minute. */
  readonly minute: Millis;
  readonly count: number;
}

/** A stretch of time during which a source recorded all that it saw. */
export interface CoverageRecord {
  readonly type: 'coverage';
  readonly source: string;
  readonly from: Millis;
  readonly to: Millis;
}

/** A recorder's start, stop or crash. */
export interface LifecycleRecord {
  readonly type: 'lifecycle';
  readonly source: string;
  readonly event: 'start' | 'stop' | 'crash';
  readonly at: Millis;
}

export type RecordItem =
  | ConnectionRecord
  | EgressRecord
  | EndRecord
  | CheckpointRecord
  | EgressEndRecord
  | BindingRecord
  | UnbindingRecord
  | SessionRecord
  | PublicationRecord
  | RequestRecord
  | RefusalRecord
  | CoverageRecord
  | LifecycleRecord
  | MessageRecord
  | TranslationRecord
  | LeaseRecord
  | RestartRecord
  | GapRecord
  | ImportRecord;

/** An account on a connection, as stored. */
export interface StoredBinding extends Interval {
  readonly site: Site;
  readonly subject: Subject;
  readonly learned: Learned;
  readonly sessionSince: Millis | null;
}

/** A connection together with its bindings: what a trace returns. */
export interface Contact extends Interval {
  readonly id: ConnectionId;
  readonly listener: string;
  readonly peer: Endpoint;
  readonly client: Endpoint;
  readonly verdict: Verdict;
  readonly chain: string;
  readonly own: Endpoint;
  readonly clockErrorMs: number | null;
  readonly endReason: EndReason | null;
  readonly bindings: readonly StoredBinding[];
  readonly egress: readonly StoredEgress[];
}

export interface StoredEgress extends Interval {
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

/** Both ends included. */
export interface Window {
  readonly from: Millis;
  readonly to: Millis;
}

/** Found contacts, oldest first. `total` counts all that matched, also beyond the limit. */
export interface Found {
  readonly contacts: readonly Contact[];
  readonly total: number;
  /** The endpoint that was asked for served many clients, so it alone does not tell them apart. */
  readonly shared: boolean;
}

/** A request as it was recorded, with everybody that it named. */
export interface FoundRequest {
  /** When it came. */
  readonly at: Millis;
  readonly site: Site;
  readonly contact: Contact;
  /** Distinct, in the order in which they were stored; empty when it named nobody. */
  readonly named: readonly { readonly subject: Subject; readonly learned: Learned }[];
}

/** A stretch of time for which a source cannot vouch, and why. */
export interface Gap {
  readonly source: string;
  readonly from: Millis;
  readonly to: Millis;
  readonly reason: 'not-running' | 'crash' | 'damaged-partition' | 'not-yet' | 'lost' | 'dropped' | 'silent';
}

/**
 * The writing half of a records engine.
 *
 * - `append` MUST resolve only when every item is on stable storage (as the durability mode defines it), and MUST
 *   reject with `records.unavailable` when any could not be stored.
 * - Items of one call MUST become visible together; the items of concurrent calls MAY share a commit.
 * - Items MUST be durable in the order of the calls: when a later call has resolved, every earlier one is durable.
 * - Opening MUST store a `start`, and first a `crash` for a run that did not stop, its connections ended; `close` MUST
 *   store the coverage up to now and a `stop`.
 * - After a write has failed, later appends of that opening MUST be refused: a failed fsync is never tried again.
 * - What a source tells (messages, translations, leases, restarts, gaps, a source's coverage) MUST be kept with the day
 *   on which it happened; of one call, what lies on different days MAY become visible day by day. What lies before the
 *   beginning of retention MUST be left out.
 * - An item that refers to a connection MUST be accepted while that connection is open, on whatever day it began.
 * - `append` MUST reject with `records.unavailable` while the recorder is away, and for what it had taken when it went.
 * - Several writers MAY be open at once (one a worker). When one goes without `close`, its open connections MUST end at
 *   their last checkpoint, marked `crash`, and the time from its last coverage until then MUST be told as a gap.
 */
export interface RecordWriter {
  append(items: readonly RecordItem[]): Promise<void>;
  /** A number for a new connection or message: above every stored one, never given twice whatever other writers do. */
  nextConnection(at: Millis): ConnectionId;
  /**
   * 0 while nothing can be stored. It rises with each opening of the recorder: what was stored in an earlier one has
   * ended there as `crash`, so a connection that lives on must be stored anew, under a new number.
   */
  readonly epoch: number;
  close(): Promise<void>;
}

/**
 * The reading half.
 *
 * - An answer MUST hold every durable contact whose [from, to] overlaps the window, on whatever days it lies.
 * - An open connection has `to: null` and overlaps every window after its start.
 * - A connection whose run crashed MUST end at its last checkpoint (its start when there is none) with reason `crash`.
 * - Contacts MUST be in the order of their start, then of their number; `limit` bounds them, `total` does not lie.
 * - Bindings MUST be in the order in which they were stored.
 * - Time for which no source vouches MUST be told by `gaps`, damaged partitions included; the other partitions
 *   MUST still answer.
 * - A translation MUST be answered whose interval overlaps the window, however long ago it began, by its outside or its
 *   inside endpoint. A null port asks for every one; a block answers for each of its ports, an address alone for all.
 * - A translation whose end was never told MUST end where its ports are given to another inside, or where its exporter
 *   began anew; Linux may use one outside port towards several remotes at once, so there only its own end ends it.
 * - A message that was stored twice (the same digest from the same source) MUST count once.
 * - A source's live word: while a recorder runs, a source whose last stretch of coverage ends less than
 *   `LIVE_SOURCE_MS` ago vouches up to now.
 */
export interface RecordReader {
  /**
   * By client endpoint. A null port asks for every port of the address. A contact whose port was not known MUST match
   * every port: it may have been that one.
   */
  byClient(address: IpAddress, port: Port | null, window: Window, limit: number): Promise<Found>;
  /** By gateway-side endpoint, the one that a web service saw. */
  byEgress(address: IpAddress, port: Port, window: Window, limit: number): Promise<Found>;
  bySubject(subject: Subject, window: Window, limit: number): Promise<Found>;
  /**
   * The contact that a request came over; only unsafe requests are kept. Of several contacts the one stored last MUST
   * be told: the account that the response named has a contact of its own behind a proxy that tells no ports.
   */
  byRequest(request: RequestId): Promise<FoundRequest | null>;
  sessionsOf(subject: Subject, window: Window, limit: number): Promise<readonly SessionRecord[]>;
  publicationsOf(subject: Subject, window: Window, limit: number): Promise<readonly PublicationRecord[]>;
  /** The stretches of the window for which `source` does not vouch, or in which it lost something. */
  gaps(source: string, window: Window): Promise<readonly Gap[]>;
  /** Everything that has ever vouched for a stretch of time, the gateway among them if it did. */
  sources(): Promise<readonly string[]>;
  /** Everything that has ever told of a lease. */
  leaseSources(): Promise<readonly string[]>;
  translations(
    side: 'outside' | 'inside',
    address: IpAddress,
    port: Port | null,
    window: Window,
    limit: number,
  ): Promise<FoundTranslations>;
  /** Leases of prefixes that hold the address. */
  leases(address: IpAddress, window: Window, limit: number): Promise<FoundLeases>;
  /** Leases that name the subject as subscriber or as line. */
  leasesOf(subject: Subject, window: Window, limit: number): Promise<FoundLeases>;
  /** How far a file was imported for a source; null when it was not. */
  imported(source: string, file: string): Promise<ImportState | null>;
  /** Everything before this was deleted by retention; null when nothing was. */
  retainedFrom(): Promise<Millis | null>;
  close(): Promise<void>;
}

export const GATEWAY_SOURCE = 'gateway';

/** Sources store their coverage every 20 s: one that is this long behind has stopped. */
export const LIVE_SOURCE_MS = 60_000;
