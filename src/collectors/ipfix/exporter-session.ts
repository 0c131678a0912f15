import type { SourceFeed, ToldTranslation } from '../feed.ts';
import type { WatchedStream } from '../transport/source-streams.ts';
import type { StreamEnd, StreamHandler } from '../transport/stream.ts';
import { systemClock, type Clock, type Millis } from '../../model/time.ts';
import { Budget } from './budget.ts';
import { Decoder, NEVER_CAME, type DecoderStatus } from './decoder.ts';
import type { Dialect } from './dialects.ts';
import type { Verdict } from './interpret.ts';
import { StreamCutter } from './stream-cutter.ts';
import { toldTranslation } from './told.ts';

export interface IpfixExporterOptions {
  readonly feed: SourceFeed;
  /** The dialect that the operator has set; null to recognise it. */
  readonly dialect: Dialect | null;
  /**
   * Whether the source is this exporter alone. What one of several held is not known when it begins anew, nor what one of
   * its observation domains did: then nothing is ended, and the time is a gap. Default true.
   */
  readonly isAlone?: () => boolean;
  readonly clock?: Clock;
  /** What it may keep, together with others; without it alone. */
  readonly budget?: Budget;
}

/** What tells of no translation, as is usual. Whatever else is rejected may have been one. */
const USUAL: ReadonlySet<string> = new Set<Verdict>(['identity', 'notice']);

/** One exporter address of a source, or one stream of it: what its messages say goes to the source's feed. */
export class IpfixExporter {
  readonly #feed: SourceFeed;
  readonly #decoder: Decoder;
  readonly #clock: Clock;
  /** Rejections that the feed was told of. */
  readonly #told: Record<string, number> = {};
  /** Of the message that is being decoded. */
  #bytes: Buffer = Buffer.alloc(0);
  #translations: ToldTranslation[] = [];
  #dialects = new Set<Dialect>();

  constructor({
    feed,
    dialect,
    isAlone = () => true,
    clock = systemClock,
    budget = new Budget(),
  }: IpfixExporterOptions) {
    this.#feed = feed;
    this.#clock = clock;
    this.#decoder = new Decoder({
      dialect,
      budget,
      onEvent: (event, read) => {
        const told = toldTranslation(event);
        if (told === null) return;
        this.#dialects.add(read);
        // A record that waited for its template has the time of its own message, not of the one that brought it.
        const timeMs = event.bytes === this.#bytes ? told.timeMs : event.timeMs;
        this.#translations.push({ ...told, timeMs });
      },
      onLost: (count, since) => feed.lost(count, since),
      onRestart: (since) => {
        if (isAlone() && this.#decoder.domains === 1) feed.restarted(since);
        else feed.lost(0, since);
      },
      onNeverCame: (waited) => feed.unread(NEVER_CAME, 1, undefined, waited),
    });
  }

  /**
   * Takes a datagram, or a message of a stream, in a buffer that nobody changes any more. Losses and a restart are told
   * before what the message itself says.
   */
  datagram(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#translations = [];
    this.#dialects.clear();
    const sentMs = this.#decoder.take(bytes, this.#clock());
    this.#reject();
    if (sentMs === null) return;
    // One message, also when its records are of several dialects: the place of each in it must be its own.
    const dialect = ['ipfix', [...this.#dialects].sort().join('+')].filter((part) => part !== '').join(':');
    void this.#feed.take({ original: bytes, dialect, sentMs, translations: this.#translations });
  }

  /** What waits for its template may have happened from then on; null when nothing does. What waited too long is given up. */
  waitingSince(): Millis | null {
    return this.#decoder.waitingSince(this.#clock());
  }

  /** Nothing comes any more: what waits for its template is missing. */
  close(): void {
    this.#decoder.close();
  }

  status(): DecoderStatus {
    return this.#decoder.status();
  }

  #reject(): void {
    for (const [reason, count] of Object.entries(this.#decoder.rejected)) {
      const before = this.#told[reason] ?? 0;
      if (count === before || reason === NEVER_CAME) continue;
      this.#told[reason] = count;
      if (USUAL.has(reason)) this.#feed.rejected(reason, count - before);
      else this.#feed.unread(reason, count - before);
    }
  }
}

/**
 * IPFIX over TCP or TLS. Templates hold for one connection only (RFC 7011, 8.4), so each has a decoder of its own.
 */
export class IpfixStream implements StreamHandler {
  readonly #feed: SourceFeed;
  readonly #exporter: IpfixExporter;
  readonly #cutter: StreamCutter;
  readonly #watched: WatchedStream;
  #isBroken = false;

  constructor(options: IpfixExporterOptions, watched: WatchedStream) {
    this.#feed = options.feed;
    this.#exporter = new IpfixExporter(options);
    this.#cutter = new StreamCutter((message) => {
      this.#exporter.datagram(message);
      watched.heard();
    });
    this.#watched = watched;
  }

  /** Bytes that are held of a message that is not yet whole. */
  get waiting(): number {
    return this.#cutter.waiting;
  }

  readonly opened = (): void => this.#watched.opened();

  readonly data = (bytes: Buffer): boolean => {
    if (this.#isBroken) return false;
    const fault = this.#cutter.push(bytes);
    if (fault === null) return true;
    this.#isBroken = true;
    this.#feed.unread(fault, 1);
    return false;
  };

  readonly closed = (end: StreamEnd): void => {
    const isCut = this.#cutter.waiting > 0;
    if (!this.#isBroken && isCut) this.#feed.unread('message-cut', 1);
    this.#exporter.close();
    this.#watched.closed(end === 'ended' && (this.#isBroken || isCut) ? 'broken' : end);
    this.#isBroken = true;
  };

  waitingSince(): Millis | null {
    return this.#exporter.waitingSince();
  }

  status(): DecoderStatus {
    return this.#exporter.status();
  }
}
