import { LRUCache } from 'lru-cache';
import type { IpAddress } from '../../model/address.ts';
import { systemClock, type Clock, type Millis } from '../../model/time.ts';
import type { SendersFeed } from '../feed.ts';
import { SourceStreams } from '../transport/source-streams.ts';
import type { StreamHandler } from '../transport/stream.ts';
import { Budget } from './budget.ts';
import { earliest, type DecoderStatus } from './decoder.ts';
import { IpfixExporter, IpfixStream, type IpfixExporterOptions } from './exporter-session.ts';

/** Exporter addresses that are remembered at once. */
const MOST_EXPORTERS = 1024;

export interface IpfixSource extends Pick<IpfixExporterOptions, 'dialect'> {
  readonly feed: SendersFeed;
}

export interface IpfixReceiverOptions {
  /** Which source a sender is; null: an unknown one. Asked on its first datagram, and for each connection. */
  readonly sourceOf: (from: IpAddress) => IpfixSource | null;
  readonly clock?: Clock;
}

export interface IpfixReceiverStats {
  /** Datagrams and connections of unknown senders. */
  readonly unknown: number;
  /** Exporter addresses that sent datagrams. */
  readonly exporters: number;
  readonly streams: number;
}

export interface IpfixExporterStatus extends DecoderStatus {
  readonly from: IpAddress;
  readonly transport: 'udp' | 'stream';
}

interface Shared {
  readonly addresses: Set<IpAddress>;
  readonly sessions: Set<IpfixStream>;
  readonly budget: Budget;
}

/** Takes what a UDP listener or a stream listener hears, and gives it to the session of its sender. */
export class IpfixReceiver {
  readonly streams: SourceStreams;
  readonly #options: IpfixReceiverOptions;
  /** Only known senders have a place: others cannot push them out by forged addresses. */
  readonly #exporters = new LRUCache<
    IpAddress,
    { readonly exporter: IpfixExporter; readonly feed: SendersFeed }
  >({
    max: MOST_EXPORTERS,
    dispose: ({ exporter }) => exporter.close(),
  });
  readonly #sessions = new Map<IpfixStream, IpAddress>();
  /** What the exporters of each source share. */
  readonly #shared = new Map<SendersFeed, Shared>();
  #unknown = 0;

  constructor(options: IpfixReceiverOptions) {
    this.#options = options;
    this.streams = new SourceStreams(options.clock ?? systemClock);
  }

  /** For `listenUdp`. */
  readonly datagram = (bytes: Buffer, from: IpAddress): void => {
    const known = this.#exporterOf(from);
    if (known === null) return;
    this.streams.datagram(known.feed);
    known.exporter.datagram(bytes);
  };

  /** For `listenStream`; null for an unknown sender, and beyond what a source may have. */
  readonly accept = (from: IpAddress): StreamHandler | null => {
    const source = this.#sourceOf(from);
    const watched = source === null ? null : this.streams.accept(source.feed);
    if (source === null || watched === null) return null;
    const { sessions } = this.#sharedOf(source.feed);
    const stream = new IpfixStream(this.#optionsOf(source, from), {
      ...watched,
      closed: (end) => {
        this.#sessions.delete(stream);
        sessions.delete(stream);
        watched.closed(end);
      },
    });
    this.#sessions.set(stream, from);
    sessions.add(stream);
    return stream;
  };

  /** After the listeners: what waits for its template will not be read any more. */
  close(): void {
    this.#exporters.clear();
  }

  /**
   * What a source told and nobody can read yet may have happened from then on; null: all is read. What waited too long is
   * given up, also of those who send nothing more.
   */
  waitingSince(source: SendersFeed): Millis | null {
    const { addresses, sessions } = this.#shared.get(source) ?? { addresses: [], sessions: [] };
    const exporters = [...addresses].flatMap((from) => this.#exporters.peek(from)?.exporter ?? []);
    return earliest([...exporters, ...sessions].map((session) => session.waitingSince()));
  }

  stats(): IpfixReceiverStats {
    return { unknown: this.#unknown, exporters: this.#exporters.size, streams: this.#sessions.size };
  }

  /** What each session has decoded; walks all templates, so it is for an operator's question. */
  status(): IpfixExporterStatus[] {
    const datagrams = [...this.#exporters.entries()].map(
      ([from, { exporter }]) => ({ from, transport: 'udp', ...exporter.status() }) as const,
    );
    const streams = [...this.#sessions].map(
      ([stream, from]) => ({ from, transport: 'stream', ...stream.status() }) as const,
    );
    return [...datagrams, ...streams];
  }

  #exporterOf(from: IpAddress): { readonly exporter: IpfixExporter; readonly feed: SendersFeed } | null {
    const known = this.#exporters.get(from);
    if (known !== undefined) return known;
    const source = this.#sourceOf(from);
    if (source === null) return null;
    const found = { exporter: new IpfixExporter(this.#optionsOf(source, from)), feed: source.feed };
    this.#exporters.set(from, found);
    return found;
  }

  #sourceOf(from: IpAddress): IpfixSource | null {
    const source = this.#options.sourceOf(from);
    if (source === null) this.#unknown += 1;
    return source;
  }

  #optionsOf({ feed, dialect }: IpfixSource, from: IpAddress): IpfixExporterOptions {
    const { addresses, budget } = this.#sharedOf(feed);
    if (addresses.size < MOST_EXPORTERS) addresses.add(from);
    const { clock = systemClock } = this.#options;
    return { feed: feed.exporter(from), dialect, clock, budget, isAlone: () => addresses.size === 1 };
  }

  #sharedOf(feed: SendersFeed): Shared {
    const known = this.#shared.get(feed);
    if (known !== undefined) return known;
    const shared = {
      addresses: new Set<IpAddress>(),
      sessions: new Set<IpfixStream>(),
      budget: new Budget(),
    };
    this.#shared.set(feed, shared);
    return shared;
  }
}
