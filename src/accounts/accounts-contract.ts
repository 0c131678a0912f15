import type { AccountId, Badge, BoundSession, Site, Subject } from '../model/accounts.ts';
import type { IpAddress } from '../model/address.ts';
import type { RegionAnswer } from '../model/region.ts';
import type { Millis } from '../model/time.ts';
import type { VaultLimits } from './vault.ts';
import type { CookieTag } from './sessions.ts';

/** The name of the channel between the main process, which has the vault, and a gateway worker. */
export const ACCOUNTS_CHANNEL = 'accounts';

/** What a worker gets to know at its start: of all keys only those that it needs at every request. */
export interface WorkerSetup {
  /** Of the blind index of badges. */
  readonly badgeKey: Uint8Array;
  /** Of cookie tags; drawn anew at each start of the main process. */
  readonly tagKey: Uint8Array;
  readonly limits: Pick<
    VaultLimits,
    'sessionTtlMs' | 'rememberedAccounts' | 'rememberedSubjects' | 'rememberedSessions'
  >;
}

/** Badges of some accounts; numbers are places in the list of all `shown` badges that were ever sent. */
export interface BadgePageMessage {
  /** Badges that come to the end of that list, before this page uses them. */
  readonly shown: readonly Badge[];
  /** How many accounts there are in all. */
  readonly accounts: number;
  /** See BadgeTablePage. */
  readonly keys: Uint32Array;
  readonly values: Uint32Array;
}

/** One account's new badge. */
export interface BadgeUpdate {
  readonly shown: readonly Badge[];
  readonly high: number;
  readonly low: number;
  readonly value: number;
}

/** What the main process does for a worker. */
export type MainContract = {
  /** Comes first, and once. By its answer the worker has all badges. */
  readonly open: { readonly argument: null; readonly result: WorkerSetup };
  readonly subject: {
    readonly argument: readonly [Site, AccountId, at: Millis];
    readonly result: Subject;
  };
  readonly subjects: {
    readonly argument: readonly [Site, AccountId, from: Millis, to: Millis];
    readonly result: readonly Subject[];
  };
  readonly session: {
    readonly argument: readonly [Site, cookie: string];
    readonly result: BoundSession | null;
  };
  readonly bind: {
    readonly argument: readonly [Site, cookie: string, AccountId, since: Millis];
    readonly result: void;
  };
  readonly unbind: { readonly argument: readonly [Site, cookie: string]; readonly result: void };
  readonly changed: { readonly argument: readonly [Site, cookie: string]; readonly result: void };
  readonly publish: {
    readonly argument: readonly [Site, AccountId, RegionAnswer, IpAddress, at: Millis];
    readonly result: void;
  };
};

/** What a worker does for the main process. */
export type WorkerContract = {
  readonly forget: { readonly argument: CookieTag; readonly result: void };
  readonly page: { readonly argument: BadgePageMessage; readonly result: void };
  /** Pushed. */
  readonly badge: { readonly argument: BadgeUpdate; readonly result: void };
};
