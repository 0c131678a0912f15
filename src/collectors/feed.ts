import type { Endpoint, IpAddress } from '../model/address.ts';
import type { Millis } from '../model/time.ts';
import type { PortRange, TranslationEvent } from '../model/translations.ts';

/** What an exporter says of a translation, by its own clock, parsed. */
export interface ToldTranslation {
  readonly event: TranslationEvent;
  /** Ms since the epoch by the exporter's clock; null when it is not told: then the message's time counts. */
  readonly timeMs: number | null;
  /** Of a `flow`. */
  readonly untilMs: number | null;
  /** As the exporter names it; '' when it names none. */
  readonly realm: string;
  /** IANA's number; null stands for every one. */
  readonly protocol: number | null;
  readonly inside: Endpoint;
  readonly outside: PortRange | null;
  /** Whatever the exporter told: the feed keeps it only where it is the operator's own. */
  readonly remote: Endpoint | null;
  readonly flow: number | null;
}

/** A datagram, a message of a stream, a line: with what was read from it. */
export interface ToldMessage {
  /** The original, of which the digest is taken. */
  readonly original: Uint8Array | string;
  /** How it was read: `ipfix:rfc8158`, `conntrack`, `syslog:junos` ... */
  readonly dialect: string;
  /** When it was sent by the exporter's clock, ms; null when it is not told. It is what the clock is measured by. */
  readonly sentMs: number | null;
  readonly translations: readonly ToldTranslation[];
}

/** When what waited to be read came, and since when what it tells may have happened, by our clock. */
export interface Waited {
  readonly since: Millis;
  readonly came: Millis;
}

/** What somebody says of a source goes through here to the records: times are corrected, sources kept apart, losses told. */
export interface SourceFeed {
  readonly name: string;
  /**
   * Takes a message, also one without any translation: it shows that the source is there.
   * Resolves when what it says is durable. When too much waits already it is dropped, counted, and told as a gap: this
   * never rejects. @returns whether it was stored
   */
  take(message: ToldMessage): Promise<boolean>;
  /**
   * So many records or messages of the source were lost before now; 0 when they could not be counted.
   * @param since  by our clock: they may have been from then on; without it from when the source was last heard
   */
  lost(count: number, since?: Millis): void;
  /**
   * The source began anew: all that it held has ended.
   * @param since  by our clock: it may have been from then on; without it from when the source was last heard
   */
  restarted(since?: Millis): void;
  /**
   * What tells of no translation, as is usual, by a stable reason in lower case and dashes; `sample` is shown to
   * operators with digits masked.
   */
  rejected(reason: string, count: number, sample?: string): void;
  /**
   * Something was told that could not be read: counted as what is rejected, and a gap, as it may have been a translation.
   * @param waited  of what came a while ago and is given up now
   */
  unread(reason: string, count: number, sample?: string, waited?: Waited): void;
}

/** A source that may have several senders. What one of them says by its own clock goes through the feed of its address. */
export interface SendersFeed extends SourceFeed {
  exporter(address: IpAddress): SourceFeed;
}
