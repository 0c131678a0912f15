import { ShudiError } from '../model/errors.ts';
import { openPeer, type Handlers, type Link, type Peer, type PeerStats } from '../platform/rpc.ts';
import {
  ACCOUNTS_CHANNEL,
  type MainContract,
  type WorkerContract,
  type WorkerSetup,
} from './accounts-contract.ts';
import { feedBadges } from './badge-feed.ts';
import type { Accounts } from './open-accounts.ts';
import { accountOf, addressOf, cookieOf, partsOf, periodOf, regionOf, siteOf, timeOf } from './parse-call.ts';
import type { SessionMember } from './session-hub.ts';
import type { CookieTag } from './sessions.ts';

export interface ServeOptions {
  /**
   * How long a worker may take to do as it is told, milliseconds. Everybody else's log-in waits for that, so a worker
   * that takes longer is given up (see Link.close).
   */
  readonly stallMs?: number;
}

export interface ServedAccounts {
  stats(): PeerStats;
}

const STALL_MS = 10_000;

/** Serves the accounts to the worker at the other end of a link, until the link closes; see `connectAccounts`. */
export function serveAccounts(
  accounts: Accounts,
  link: Link,
  { stallMs = STALL_MS }: ServeOptions = {},
): ServedAccounts {
  const { hub, badges, badgeKey, tagKey, limits } = accounts.shared;
  let member: SessionMember | null = null;
  const sessions = (): SessionMember['store'] => {
    // Before it opens a worker is not told of changes, so it must not read what may change.
    if (member === null) throw new ShudiError('internal.fault', 'The worker has not opened yet.');
    return member.store;
  };
  const setup: WorkerSetup = {
    badgeKey: Uint8Array.from(badgeKey),
    tagKey: Uint8Array.from(tagKey),
    limits: {
      sessionTtlMs: limits.sessionTtlMs,
      rememberedAccounts: limits.rememberedAccounts,
      rememberedSubjects: limits.rememberedSubjects,
      rememberedSessions: limits.rememberedSessions,
    },
  };

  const methods: Handlers<MainContract> = {
    open: async () => {
      if (member !== null) throw new ShudiError('internal.fault', 'The worker has opened already.');
      member = hub.join(forget);
      await feedBadges(badges, link, peer, inTime);
      return setup;
    },
    subject: (argument) => {
      const [site, account, at] = partsOf(argument, 3);
      return accounts.subjects.subjectOf(siteOf(site), accountOf(account), timeOf(at));
    },
    subjects: (argument) => {
      const [site, account, from, to] = partsOf(argument, 4);
      return accounts.subjects.subjectsOf(siteOf(site), accountOf(account), ...periodOf(from, to));
    },
    session: (argument) => {
      const [site, cookie] = partsOf(argument, 2);
      return sessions().read(siteOf(site), cookieOf(cookie));
    },
    bind: (argument) => {
      const [site, cookie, account, since] = partsOf(argument, 4);
      return sessions().bind(siteOf(site), cookieOf(cookie), accountOf(account), timeOf(since));
    },
    unbind: (argument) => {
      const [site, cookie] = partsOf(argument, 2);
      return sessions().unbind(siteOf(site), cookieOf(cookie));
    },
    changed: (argument) => {
      const [site, cookie] = partsOf(argument, 2);
      return sessions().changed(siteOf(site), cookieOf(cookie));
    },
    publish: (argument) => {
      const [site, account, region, address, at] = partsOf(argument, 5);
      return accounts.badges.publish(
        siteOf(site),
        accountOf(account),
        regionOf(region),
        addressOf(address),
        timeOf(at),
      );
    },
  };
  const peer: Peer<WorkerContract> = openPeer<MainContract, WorkerContract>(link, {
    channel: ACCOUNTS_CHANNEL,
    methods,
    limits: { outstanding: limits.waiting, serving: limits.waiting },
    busy: () => new ShudiError('vault.busy', 'Too many calls wait for the vault.'),
    gone: () => new ShudiError('vault.unavailable', 'The worker is gone.'),
  });
  const closed = new Promise<void>((resolve) => link.onClosed(resolve));
  void closed.then(() => member?.leave());

  /** Resolves when the worker has answered or is dead. A worker that does not do as it is told is ended. */
  const inTime = async (work: Promise<unknown>): Promise<void> => {
    const timer = setTimeout(() => link.close(), stallMs);
    try {
      await work;
    } catch {
      link.close();
      await closed;
    } finally {
      clearTimeout(timer);
    }
  };
  const forget = (tag: CookieTag): Promise<void> => inTime(peer.call('forget', tag));

  return { stats: () => peer.stats() };
}
