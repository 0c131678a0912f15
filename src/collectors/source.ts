import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Endpoint, IpAddress } from '../model/address.ts';
import type { RecordItem, RecordWriter } from '../model/records.ts';
import { DAY_MS, systemClock, type Clock, type Millis } from '../model/time.ts';
import type { GapRecord, MessageId, Remote } from '../model/translations.ts';
import { ClockOffset, type MeasuredOffset } from './clock-offset.ts';
import { ExporterFeed, type Sender } from './exporter-feed.ts';
import type { SendersFeed, ToldMessage, ToldTranslation, Waited } from './feed.ts';
import { Rate } from './health.ts';
import { Rejections } from './rejections.ts';
import { WaitingGaps } from './waiting-gaps.ts';

export interface SourceOptions {
  readonly name: string;
  /** Put before the realms that the exporter names. */
  readonly realm: string;
  readonly writer: RecordWriter;
  readonly clock: Clock;
  /** Whether an endpoint is one of the operator's own services. */
  readonly isOwn: (address: IpAddress) => boolean;
  /**
   * Of a source that is listened to now: its clock is measured, and times that are days off are refused. A file's clock
   * cannot be measured any more.
   */
  readonly live: boolean;
  /** How far its stamps are rounded, ms. */
  readonly granularityMs: number;
  /** What lies before is left out: retention has deleted it. */
  readonly retainedFrom: Millis | null;
  /** What lies after cannot be true: of a file, whose clock cannot be compared with ours. */
  readonly latest?: Millis;
}

/** Counted since the source was opened. */
export interface SourceCounts {
  messages: number;
  translations: number;
  leases: number;
  /** Of the translations, with an outside port or block. */
  withPort: number;
  /** Records or messages that never came, as far as they could be counted. */
  lost: number;
  /** Messages that came and could not be stored. */
  dropped: number;
  restarts: number;
}

/** An event's time may be so far from when it was told, ms: an exporter that was cut off tells late. */
const MOST_LATE_MS = 7 * DAY_MS;
/** And so far ahead of it, ms. */
const MOST_EARLY_MS = 60_000;
/** A message that cannot be read, or tells a time that cannot be true, is of what happened so long ago at least, ms. */
const NEAR_MS = 1000;
/** A sender that is not heard for longer than others of its source is left out of its status, ms. */
const OF_LATE_MS = 3_600_000;
/** Addresses whose clocks are measured. */
const MOST_EXPORTERS = 1024;
/** Of restarts nearer to each other than this the first is stored, ms. */
const RESTART_MS = 1000;
/** The year 2000: no log of before is asked about, and a clock that was never set tells 1970. */
const EARLIEST = 946_684_800_000;

/** A source that is recorded: what it tells becomes rows, with times by our clock; what it loses becomes gaps. */
export class Source implements SendersFeed, Sender {
  readonly name: string;
  readonly counts: SourceCounts = {
    messages: 0,
    translations: 0,
    leases: 0,
    withPort: 0,
    lost: 0,
    dropped: 0,
    restarts: 0,
  };
  readonly rejections = new Rejections();
  /** Records or messages of a file that could not be read, and how many of these had waited to be. */
  readonly unreadCount = { all: 0, waited: 0 };
  readonly rate = new Rate();
  /** Of what comes from no address: lines, and all access servers of the source as one. */
  readonly offset: ClockOffset;
  readonly dialects = new Set<string>();
  /** When something last came from any sender; null before. */
  heard: Millis | null = null;
  /** When something first came since `takeFirstHeard`; null when nothing has. */
  #firstHeard: Millis | null = null;
  /** Since when it is listened to; null of a file. */
  readonly #opened: Millis | null;
  readonly #options: SourceOptions;
  /** When a restart was stored last; null before. */
  #restarted: Millis | null = null;
  readonly #gaps = new WaitingGaps();
  readonly #exporters = new LRUCache<IpAddress, ExporterFeed>({ max: MOST_EXPORTERS });

  constructor(options: SourceOptions) {
    this.name = options.name;
    this.#opened = options.live ? options.clock() : null;
    this.#options = options;
    this.offset = this.#newOffset();
  }

  exporter(address: IpAddress): ExporterFeed {
    const known = this.#exporters.get(address);
    if (known !== undefined) return known;
    const exporter = new ExporterFeed(this, this.#newOffset());
    this.#exporters.set(address, exporter);
    return exporter;
  }

  /** The clock that is known worst of those that were measured of late: some senders come no more. */
  worstClock(): ClockOffset {
    const since = (this.heard ?? 0) - OF_LATE_MS;
    const badness = ({ offset }: Sender): number => offset.current().errorMs ?? -1;
    const late = [...this.#exporters.values()].filter(({ heard }) => (heard ?? 0) >= since);
    const senders: Sender[] = [this, ...late];
    return senders.reduce((worst, sender) => (badness(sender) > badness(worst) ? sender : worst)).offset;
  }

  async take(message: ToldMessage, by: Sender = this): Promise<boolean> {
    const received = this.#hear(message.sentMs, by);
    if (message.translations.length === 0) return true;
    if (this.dialects.size < 16) this.dialects.add(message.dialect);
    const measured = this.measured(by);
    const items: RecordItem[] = [];
    const events = this.translationItems(message, measured, received);
    for (const [day, list] of events)
      items.push(
        this.messageItem(
          message.original,
          message.dialect,
          day,
          list[0]?.message ?? this.newMessage(),
          { measured, received },
          list,
        ),
        ...list,
      );
    return this.store(items);
  }

  /** The rows of a message's translations, by the day on which each lies: days since 1970. */
  translationItems(
    message: Pick<ToldMessage, 'sentMs' | 'translations'>,
    measured: MeasuredOffset,
    received: Millis,
    placeFrom = 0,
    id: MessageId = this.newMessage(),
  ): Map<number, Extract<RecordItem, { type: 'translation' }>[]> {
    const byDay = new Map<number, Extract<RecordItem, { type: 'translation' }>[]>();
    const { translations } = message;
    for (let index = 0; index < translations.length; index += 1) {
      const told = translations[index];
      if (told === undefined) continue;
      const at = this.timeOf(told.timeMs ?? message.sentMs, measured, received);
      const end = told.event === 'flow' ? (told.untilMs ?? told.timeMs ?? message.sentMs) : null;
      const last = end === null ? at : this.timeOf(end, measured, received);
      if (at === null || last === null) {
        this.untimely(received);
        continue;
      }
      this.#count(told, received);
      // An end that is told before its beginning is none.
      const until = Math.max(at, last) as Millis;
      const day = Math.floor(until / DAY_MS);
      let list = byDay.get(day);
      if (list === undefined) byDay.set(day, (list = []));
      list.push({
        type: 'translation',
        message: id,
        place: placeFrom + index,
        source: this.name,
        event: told.event,
        realm: this.realmOf(told.realm),
        protocol: told.protocol,
        inside: told.inside,
        outside: told.outside,
        remote: this.#remoteOf(told.remote),
        flow: told.flow,
        at,
        until: told.event === 'flow' ? until : null,
      });
    }
    return byDay;
  }

  /**
   * @param day  days since 1970: the message is stored on it
   * @param told  the events of the message that lie on this day; a flow's end may, though it began before
   */
  messageItem(
    original: Uint8Array | string,
    dialect: string,
    day: number,
    id: MessageId,
    { measured, received }: { readonly measured: MeasuredOffset; readonly received: Millis },
    told: readonly { readonly at: Millis }[],
  ): RecordItem {
    const first = told.reduce((least, { at }) => Math.min(least, at), Infinity);
    return {
      type: 'message',
      id,
      source: this.name,
      dialect,
      digest: hash('sha256', original, 'hex'),
      at: Math.max(day * DAY_MS, first) as Millis,
      received,
      offsetMs: measured.offsetMs,
      clockErrorMs: measured.errorMs,
    };
  }

  /** Numbered by our own clock, whatever a file says of when it came. */
  newMessage(): MessageId {
    return Number(this.#options.writer.nextConnection(systemClock())) as MessageId;
  }

  measured({ offset }: Sender = this): MeasuredOffset {
    return this.#options.live ? offset.current() : { offsetMs: 0, errorMs: null };
  }

  /** By our clock; null when it cannot be true, or is not kept any more. */
  timeOf(toldMs: number | null, { offsetMs }: MeasuredOffset, received: Millis): Millis | null {
    // When a file was read says nothing of when something happened.
    if (toldMs === null) return this.#options.live ? received : null;
    const at = Math.round(toldMs + offsetMs) as Millis;
    const { live, retainedFrom, latest = received + MOST_EARLY_MS } = this.#options;
    if (!Number.isSafeInteger(at) || at < EARLIEST || (retainedFrom !== null && at < retainedFrom))
      return null;
    if (at > latest || (live && received - at > MOST_LATE_MS)) return null;
    return at;
  }

  realmOf(told: string): string {
    const { realm } = this.#options;
    return realm === '' || told === '' ? realm + told : `${realm}/${told}`;
  }

  /** Stores items. What cannot be stored is missing from the first of them on. @returns whether they are stored */
  async store(items: readonly RecordItem[]): Promise<boolean> {
    if (items.length === 0) return true;
    try {
      await this.#options.writer.append(items);
      return true;
    } catch {
      this.dropped(1, earliest(items));
      return false;
    }
  }

  /** Something of the source was heard. @returns when */
  hear(sentMs: number | null): Millis {
    return this.#hear(sentMs, this);
  }

  lost(count: number, since?: Millis, by: Sender = this): void {
    this.counts.lost += count;
    this.#gap('lost', count, by, since);
  }

  /**
   * So many messages came, and could not be stored.
   * @param since  what they told of may have happened from then on; without it from what was last heard
   */
  dropped(count: number, since?: Millis): void {
    this.counts.dropped += count;
    this.#gap('dropped', count, this, since);
  }

  /**
   * It began anew at some time after it was last heard. What it holds since then may have begun before this is known,
   * so the old ends at the earliest: until now nobody knows what it held, which is a gap. One that begins anew with each
   * datagram, by a fault or a forger, leaves the gap only: its restarts are not rows without end.
   */
  restarted(since?: Millis, by: Sender = this): void {
    this.counts.restarts += 1;
    const now = this.#options.clock();
    const missing = this.#gap('lost', 0, by, since);
    // What was told in the very millisecond in which it was last heard was held before.
    const at = missing < now ? ((missing + 1) as Millis) : missing;
    if (this.#restarted !== null && Math.abs(now - this.#restarted) < RESTART_MS) return;
    this.#restarted = now;
    void this.store([{ type: 'restart', source: this.name, server: '', at }]);
  }

  rejected(reason: string, count: number, sample?: string, by: Sender = this): void {
    // What makes no sense shows all the same that somebody is there.
    this.heard = by.heard = this.#options.clock();
    this.rejections.add(reason, count, sample);
  }

  /** What happened at a time that cannot be true is not recorded, and missing. */
  untimely(received: Millis, nearMs = NEAR_MS): void {
    this.rejected('time', 1);
    this.unreadCount.all += 1;
    if (this.#options.live) this.dropped(1, (received - nearMs) as Millis);
  }

  unread(reason: string, count: number, sample?: string, waited?: Waited, by: Sender = this): void {
    const came = waited?.came ?? this.#options.clock();
    const since = Math.min(waited?.since ?? came, came - NEAR_MS) as Millis;
    this.unreadCount.all += count;
    if (waited !== undefined) this.unreadCount.waited += count;
    if (this.#options.live) this.#gap('dropped', count, by, since, came);
    // What waited was heard when it came.
    if (waited === undefined) this.rejected(reason, count, sample, by);
    else this.rejections.add(reason, count, sample);
  }

  /** When something first came since the last call; null when nothing has. */
  takeFirstHeard(): Millis | null {
    const first = this.#firstHeard;
    this.#firstHeard = null;
    return first;
  }

  /** The gaps that are to be stored now; what cannot be stored is given back by `keepGaps`. */
  takeGaps(): readonly GapRecord[] {
    return this.#gaps.take();
  }

  keepGaps(gaps: readonly GapRecord[]): void {
    this.#gaps.keep(gaps);
  }

  #newOffset(): ClockOffset {
    return new ClockOffset({ granularityMs: this.#options.granularityMs });
  }

  #hear(sentMs: number | null, by: Sender): Millis {
    const now = this.#options.clock();
    if (sentMs !== null && this.#options.live) {
      const misplacedMs = by.offset.sample(sentMs, now);
      // What was told since its clock was set back stands too early: by the clock that it had before.
      if (misplacedMs > 0) this.#gap('dropped', 0, by, (now - Math.min(misplacedMs, MOST_LATE_MS)) as Millis);
    }
    this.heard = by.heard = now;
    this.#firstHeard ??= now;
    this.counts.messages += 1;
    return now;
  }

  /**
   * From what was last heard of its sender until now, or until `until`, something is missing: from the opening when
   * nothing was heard at all, or from before, as `since` says. @returns from when
   */
  #gap(reason: GapRecord['reason'], count: number, by: Sender, since?: Millis, until?: Millis): Millis {
    const now = this.#options.clock();
    const to = Math.min(until ?? now, now) as Millis;
    const heard = by.heard ?? (this.heard === null ? this.#opened : null) ?? now;
    // Our clock may have been set back since.
    const from = Math.min(heard, since ?? to, to) as Millis;
    this.#gaps.add({ type: 'gap', source: this.name, from, to, reason, count });
    return from;
  }

  #count(told: ToldTranslation, now: Millis): void {
    this.counts.translations += 1;
    if (told.outside === null || told.outside.low !== null) this.counts.withPort += 1;
    this.rate.count(now);
  }

  #remoteOf(remote: Endpoint | null): Remote {
    if (remote === null) return null;
    return this.#options.isOwn(remote.address) ? remote : 'elsewhere';
  }
}

/** When the first of what items tell happened; undefined when they tell of nothing that has a time of its own. */
function earliest(items: readonly RecordItem[]): Millis | undefined {
  const times = items.flatMap((item) =>
    item.type === 'translation' || item.type === 'lease' ? item.at : [],
  );
  return times.length === 0 ? undefined : times.reduce((least, at) => (at < least ? at : least));
}
