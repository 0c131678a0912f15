import type { IpAddress } from '../model/address.ts';
import type { ToldTranslation } from './feed.ts';

/** What an access server says of an address or prefix that a subscriber holds. */
export interface ToldLease {
  readonly event: 'start' | 'interim' | 'stop';
  /** Ms since the epoch, by the clock that the message says; null when it is not told: then the message's time counts. */
  readonly timeMs: number | null;
  /** Of the server's own number of the session, as `sessionDigest` makes it: the number may hold names. */
  readonly session: string;
  /** The access server; '' when it is not told. */
  readonly server: string;
  /** Null for a stop that names none: it ends all that its session held. */
  readonly address: IpAddress | null;
  /** Length of the prefix, bits; 32 or 128 for one address. */
  readonly bits: number;
  /** In the clear: it goes no further than to the vault. */
  readonly userName: string | null;
  /** In the clear, as the user name. */
  readonly callingStation: string | null;
}

/** An Accounting-Request with what was read from it. */
export interface ToldAccounting {
  /** The original, of which the digest is taken. */
  readonly original: Uint8Array;
  /** When it was sent by the server's clock, ms; null when it is not told. It is what the clock is measured by. */
  readonly sentMs: number | null;
  /** Its times are by our clock already, as the server told none of its own: they are not corrected. */
  readonly byOurClock: boolean;
  readonly leases: readonly ToldLease[];
  /** Port blocks that the server gave along with the address. */
  readonly translations: readonly ToldTranslation[];
  /** The server began anew, or ends: what it held until then is over. '' names the whole source. */
  readonly restarted: { readonly server: string; readonly timeMs: number | null } | null;
}

/** Where RADIUS hands its messages over to the vault and the records. */
export interface LeaseFeed {
  readonly name: string;
  /**
   * Resolves true when all of it is durable, the names in the vault; false when it could not be stored: then no answer
   * goes out, and the access server sends again. Never rejects.
   */
  account(message: ToldAccounting): Promise<boolean>;
  /** What made no sense, by a stable reason in lower case and dashes. */
  rejected(reason: string, count: number, sample?: string): void;
}
