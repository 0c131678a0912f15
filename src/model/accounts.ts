import type { Branded } from './brand.ts';
import type { IpAddress } from './address.ts';
import type { Millis } from './time.ts';
import type { RegionAnswer, RegionCode } from './region.ts';

/** A community behind the gateway; lower-case letters, digits and dashes. */
export type Site = Branded<string, 'Site'>;

/** A site's own identifier of an account, 1 to 128 printable characters; never stored outside the vault. */
export type AccountId = Branded<string, 'AccountId'>;

/** 16 hex digits: a random 64-bit pseudonym of one (site, account) during one calendar month (R6). */
export type Subject = Branded<string, 'Subject'>;

const ACCOUNT = /^[\x21-\x7e\u00a0-\uffff]{1,128}$/u;

/**
 * The account id, or null when it is empty, too long, or holds blanks, control characters or lone surrogates: those
 * all have the same bytes, so that two accounts would become one.
 */
export function canonicalAccount(text: string): AccountId | null {
  return ACCOUNT.test(text) && text.isWellFormed() ? (text as AccountId) : null;
}

/**
 * The vault's face to the gateway.
 * - The subject of a (site, account) in a month MUST be on stable storage, its identity sealed, before it is returned.
 * - The same (site, account, month) MUST always give the same subject; two different ones never the same.
 * - Concurrent calls for the same (site, account, month) MUST give one subject.
 * - A subject MUST be drawn at random, so that neither the account nor another month's subject follows from it.
 * - The month is the UTC month of `at`.
 * - `known` answers from memory at once, or null when only storage can tell; what it answers MUST be on stable storage.
 * - A failure MUST reject with `vault.unavailable`, too much work with `vault.busy`; then nothing may be relied upon.
 */
export interface SubjectDirectory {
  known(site: Site, account: AccountId, at: Millis): Subject | null;
  subjectOf(site: Site, account: AccountId, at: Millis): Promise<Subject>;
  /** All subjects of an account whose months touch [from, to]; creates none. */
  subjectsOf(site: Site, account: AccountId, from: Millis, to: Millis): Promise<readonly Subject[]>;
}

/** A site's session cookie bound to an account (identity `header`). */
export interface BoundSession {
  readonly account: AccountId;
  readonly since: Millis;
}

/**
 * Session cookies, kept only as keyed hashes.
 * - `bind` and `unbind` MUST be on stable storage before they resolve.
 * - `find` MUST see a bind or unbind of this process from the moment it was called; undefined means "not known here,
 *   ask `load`"; null means "bound to nobody".
 * - The last call for a cookie wins, whatever order the disk finishes in.
 * - A `bind` or `unbind` that rejects leaves open which state the cookie is in; `load` then tells what is stored.
 * - A binding MUST end when its time to live, counted from `since`, is over.
 * - No more than a bounded number of bindings is kept; beyond it the oldest go first.
 */
export interface SessionDirectory {
  find(site: Site, cookie: string): BoundSession | null | undefined;
  load(site: Site, cookie: string): Promise<BoundSession | null>;
  bind(site: Site, cookie: string, account: AccountId, since: Millis): Promise<void>;
  unbind(site: Site, cookie: string): Promise<void>;
  /** What this site's cookie is called between processes: a hash under a key of this run. */
  tagOf(site: Site, cookie: string): string;
  /**
   * The web service has changed what a cookie stands for that it keeps itself (identity `introspect`). MUST resolve only
   * when every other process has been told, or has ended.
   */
  changed(site: Site, cookie: string): Promise<void>;
  /** Sets who is told when another process has changed a cookie; null when it cannot tell which. */
  onChanged(listener: (tag: string | null) => void): void;
}

/** What a profile shows of an account: the region of its last act, without an address and without a time. */
export interface Badge {
  readonly code: string;
  readonly source: string;
  readonly dataVersion: string;
}

/**
 * Badges. `get` answers from memory what is on stable storage. `publish` sets the badge from an act's region; it MUST be
 * on stable storage before it resolves, and MUST NOT touch storage when nothing changes. The last call for an account
 * wins. Neither the address nor the time is kept.
 */
export interface BadgeDirectory {
  get(site: Site, account: AccountId): Badge | null;
  publish(
    site: Site,
    account: AccountId,
    region: RegionAnswer,
    address: IpAddress,
    at: Millis,
  ): Promise<void>;
}

/** What a policy may know of an account: what is shown, and the mainland province of its last IPv4 act. */
export interface BadgeHistory {
  readonly code: RegionCode;
  readonly lastProvince: RegionCode | null;
  /** The day of that act in days since the Unix epoch (UTC), up to a week too early. */
  readonly lastDay: number | null;
}

/**
 * Which code to show for an act; pure. The way for an operator to show mainland IPv6, which has no province data, as the
 * account's last province.
 * @param day  today in days since the Unix epoch (UTC)
 */
export type BadgePolicy = (
  previous: BadgeHistory | null,
  answer: RegionAnswer,
  isV4: boolean,
  day: number,
) => RegionCode;

/** An identity as the vault keeps it: sealed to the disclosure key, for one subject and month. */
export interface SealedIdentity {
  readonly subject: Subject;
  /** year * 100 + month */
  readonly month: number;
  readonly sealed: Uint8Array;
}

export interface Identity {
  readonly site: Site;
  readonly account: AccountId;
}
