import type { Clock, Millis } from '../../model/time.ts';
import type { SourceFeed } from '../feed.ts';
import type { StreamEnd } from './stream.ts';

/** Streams that one source may have at once: a chassis has one a line card. */
const MOST_OF_SOURCE = 64;
/** A source of which a datagram came counts so long as one that sends them, ms: one may be stray, or forged. */
const DATAGRAMS_MS = 300_000;

/** What a stream says of itself to the account of its source. */
export interface WatchedStream {
  /** Something may be told on it from now on. */
  readonly opened: () => void;
  /** A whole message came. */
  readonly heard: () => void;
  /** @param end  `broken` also when what it told last did not come whole */
  readonly closed: (end: StreamEnd) => void;
}

interface Account {
  /** That were accepted and are not closed. */
  held: number;
  /** Of these, that were opened. */
  open: number;
  /** When one was last opened. */
  opened: Millis | null;
  /** From then on, until the next is opened, something was not told. */
  missing: Millis | null;
  /** When a datagram came last; null when none has. Who sends datagrams needs no stream. */
  datagram: Millis | null;
  /** When one too many was refused, since when none was accepted; null when none was. */
  refused: Millis | null;
}

/**
 * The streams of each source: how many there may be, and what is missing because of how they ended. A stream that broke
 * may have held what the exporter believes to be told. And an exporter that has nothing to say keeps its connection:
 * while it has none, it cannot tell.
 */
export class SourceStreams {
  readonly #clock: Clock;
  readonly #accounts = new Map<SourceFeed, Account>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A datagram of the source came. */
  datagram(feed: SourceFeed): void {
    const account = this.#accountOf(feed);
    account.datagram = this.#clock();
    this.#found(feed, account);
  }

  /** Null when the source has as many as it may have. */
  accept(feed: SourceFeed): WatchedStream | null {
    const account = this.#accountOf(feed);
    if (account.held >= MOST_OF_SOURCE) {
      // What it would have told is not heard, also between this attempt and the one before.
      const came = this.#clock();
      feed.unread('too-many-streams', 1, undefined, { since: account.refused ?? came, came });
      account.refused = came;
      return null;
    }
    account.refused = null;
    account.held += 1;
    let heard: Millis | null = null;
    return {
      opened: () => {
        heard = this.#clock();
        this.#opened(feed, account, heard);
      },
      heard: () => {
        heard = this.#clock();
      },
      closed: (end) => {
        account.held -= 1;
        // What we stop ourselves ends with the coverage of the source.
        if (heard !== null && end !== 'stopped') this.#closed(feed, account, heard, end);
      },
    };
  }

  /**
   * Whether what happens now would be told.
   * @param byDatagrams  whether it could be by datagrams
   */
  isTelling(feed: SourceFeed, byDatagrams: boolean): boolean {
    const account = this.#accounts.get(feed);
    if (account === undefined) return byDatagrams;
    if (account.open > 0 || this.#sendsDatagrams(account)) return true;
    return byDatagrams && account.opened === null;
  }

  #accountOf(feed: SourceFeed): Account {
    const known = this.#accounts.get(feed);
    if (known !== undefined) return known;
    const account: Account = { held: 0, open: 0, opened: null, missing: null, datagram: null, refused: null };
    this.#accounts.set(feed, account);
    return account;
  }

  #sendsDatagrams({ datagram }: Account): boolean {
    return datagram !== null && Math.abs(this.#clock() - datagram) <= DATAGRAMS_MS;
  }

  /** It is told again: what was not, since it was missing, never will be. */
  #found(feed: SourceFeed, account: Account): void {
    if (account.missing === null) return;
    feed.lost(0, account.missing);
    account.missing = null;
  }

  #opened(feed: SourceFeed, account: Account, now: Millis): void {
    const isFirst = account.opened === null;
    account.open += 1;
    account.opened = now;
    // Before the first one nothing was told since the source was opened.
    if (account.missing === null && isFirst && !this.#sendsDatagrams(account)) feed.lost(0);
    this.#found(feed, account);
  }

  #closed(feed: SourceFeed, account: Account, heard: Millis, end: StreamEnd): void {
    account.open -= 1;
    if (end === 'broken') feed.lost(0, heard);
    if (this.#sendsDatagrams(account)) return;
    // While others are open, one that broke is missing until it is opened again, if that has not been done already.
    const isReplaced = account.opened !== null && account.opened > heard;
    if (account.open === 0 || (end === 'broken' && !isReplaced)) account.missing ??= this.#clock();
  }
}
