import { canonicalAccount, type AccountId } from '../../model/accounts.ts';
import type { Learned } from '../../model/records.ts';
import type { Millis } from '../../model/time.ts';

/** Who a request is believed to be of, and since when. */
export interface Believed {
  readonly account: AccountId;
  readonly learned: Learned;
  readonly since: Millis | null;
}

/**
 * `null`: anonymous. `refuse`: the route wants no request with credentials like these. `unavailable`: the route wants no
 * request whose account cannot be told, and now none can.
 */
export type Identified = Believed | null | 'refuse' | 'unavailable';

/** What of a request's head can name an account; several Cookie lines are one, joined by `; `. */
export interface Credentials {
  readonly cookie: string | undefined;
  readonly authorization: string | undefined;
}

export interface Identity {
  /** Tells the account of a request; at once where it can, so that the hot path does not wait (R11). */
  identify(credentials: Credentials): Identified | Promise<Identified>;
  /**
   * A login or logout has changed what these credentials mean: what is remembered of them is dropped, in the other
   * processes too once the promise resolves.
   */
  forget(credentials: Credentials): Promise<void> | null;
  /** Another process has forgotten a cookie by that tag (SessionDirectory.tagOf); null: all of them. */
  forgetTag(tag: string | null): void;
}

/**
 * The account that a JSON value names, or null. A number beyond 2^53 has lost digits on its way: two accounts would
 * become one.
 */
export function accountOf(value: unknown): AccountId | null {
  if (typeof value === 'string') return canonicalAccount(value);
  return Number.isSafeInteger(value) ? canonicalAccount(String(value)) : null;
}
