import { isUtf8 } from 'node:buffer';
import { LRUCache } from 'lru-cache';
import type { IpAddress } from '../../model/address.ts';
import type { Clock } from '../../model/time.ts';
import type { SendersFeed } from '../feed.ts';
import { SourceStreams } from '../transport/source-streams.ts';
import type { StreamHandler } from '../transport/stream.ts';
import { datagramLines, SyslogFrames } from './framing.ts';
import { SyslogReader, type SyslogReaderOptions, type SyslogReaderStatus } from './reader.ts';

/** Senders that are remembered at once. */
const MOST_SENDERS = 1024;

export interface SyslogSource extends Omit<SyslogReaderOptions, 'feed'> {
  readonly feed: SendersFeed;
}

export interface SyslogReceiverOptions {
  /** Which source a sender is; null: an unknown one. */
  readonly sourceOf: (from: IpAddress) => SyslogSource | null;
  readonly clock: Clock;
}

export interface SyslogReceiverStatus {
  /** Datagrams and connections of unknown senders. */
  readonly unknown: number;
  /** Frames of streams that were too long, or never came to their end. */
  readonly cut: number;
  /** That sent datagrams. */
  readonly senders: ReadonlyMap<IpAddress, SyslogReaderStatus>;
}

/** Takes what a UDP listener or a stream listener hears, and gives each sender's lines to its reader. */
export class SyslogReceiver {
  readonly streams: SourceStreams;
  readonly #options: SyslogReceiverOptions;
  /** Only known senders have a place: others cannot push them out by forged addresses. */
  readonly #readers = new LRUCache<IpAddress, { readonly reader: SyslogReader; readonly feed: SendersFeed }>({
    max: MOST_SENDERS,
  });
  #unknown = 0;
  #cut = 0;

  constructor(options: SyslogReceiverOptions) {
    this.#options = options;
    this.streams = new SourceStreams(options.clock);
  }

  /** For `listenUdp`. */
  readonly datagram = (bytes: Buffer, from: IpAddress): void => {
    const known = this.#readerOf(from);
    if (known === null) return;
    const { reader, feed } = known;
    this.streams.datagram(feed);
    const now = this.#options.clock();
    for (const line of datagramLines(bytes)) reader.line(textOf(line), now);
  };

  /** For `listenStream`; null for an unknown sender, and beyond what a source may have. */
  readonly accept = (from: IpAddress): StreamHandler | null => {
    const source = this.#sourceOf(from);
    const watched = source === null ? null : this.streams.accept(source.feed);
    if (source === null || watched === null) return null;
    const { clock } = this.#options;
    const reader = new SyslogReader({ ...source, feed: source.feed.exporter(from) });
    const frames = new SyslogFrames((frame) => {
      reader.line(textOf(frame), clock());
      watched.heard();
    });
    return {
      opened: watched.opened,
      data: frames.data,
      closed: (end) => {
        frames.closed();
        this.#cut += frames.cut;
        if (frames.cut > 0) reader.cut(frames.cut);
        watched.closed(end === 'ended' && frames.cut > 0 ? 'broken' : end);
      },
    };
  };

  status(): SyslogReceiverStatus {
    const senders = [...this.#readers.entries()].map(
      ([from, { reader }]) => [from, reader.status()] as const,
    );
    return { unknown: this.#unknown, cut: this.#cut, senders: new Map(senders) };
  }

  #readerOf(from: IpAddress): { readonly reader: SyslogReader; readonly feed: SendersFeed } | null {
    const known = this.#readers.get(from);
    if (known !== undefined) return known;
    const source = this.#sourceOf(from);
    if (source === null) return null;
    const { feed } = source;
    const found = { reader: new SyslogReader({ ...source, feed: feed.exporter(from) }), feed };
    this.#readers.set(from, found);
    return found;
  }

  #sourceOf(from: IpAddress): SyslogSource | null {
    const source = this.#options.sourceOf(from);
    if (source === null) this.#unknown += 1;
    return source;
  }
}

/** UTF-8 (RFC 5424, 6.4); bytes that are none are kept apart from each other as latin-1. */
const textOf = (bytes: Buffer): string => bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
