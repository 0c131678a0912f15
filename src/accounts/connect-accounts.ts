import type { BadgeDirectory, SessionDirectory, SubjectDirectory } from '../model/accounts.ts';
import { ShudiError } from '../model/errors.ts';
import { systemClock, type Clock } from '../model/time.ts';
import { openPeer, type Handlers, type Link, type PeerStats } from '../platform/rpc.ts';
import { ACCOUNTS_CHANNEL, type MainContract, type WorkerContract } from './accounts-contract.ts';
import { createBadgeReplica } from './badge-replica.ts';
import { createKeyedHash } from './keyed-hash.ts';
import { createSessions, type CachedSessions } from './sessions.ts';
import { createSubjects } from './subjects.ts';
import { DEFAULT_LIMITS } from './vault.ts';

export interface ConnectOptions {
  readonly clock?: Clock;
  /** Calls that may wait for the main process at once. */
  readonly waiting?: number;
}

/** The accounts in a worker: the same contracts, over a link to the process that has the vault. */
export interface ConnectedAccounts {
  readonly subjects: SubjectDirectory;
  readonly sessions: SessionDirectory;
  readonly badges: BadgeDirectory;
  stats(): PeerStats;
}

/** The main process tells a worker of one changed cookie a call, and each log-in of all workers is one. */
const SERVING = 100_000;

/**
 * Connects a worker to the process that serves its accounts; resolves when all badges are here. Once the link is closed
 * nothing is known of sessions any more and every call rejects; subjects and badges that are here stay.
 * @throws ShudiError vault.unavailable when the main process is gone
 */
export async function connectAccounts(
  link: Link,
  { clock = systemClock, waiting = DEFAULT_LIMITS.waiting }: ConnectOptions = {},
): Promise<ConnectedAccounts> {
  const replica = createBadgeReplica();
  let cache: CachedSessions | null = null;
  const methods: Handlers<WorkerContract> = {
    forget: async (tag) => {
      // The answer to a write of ours may have arrived just before, in the same turn of the loop: what follows from it
      // comes first, or it would be remembered behind this.
      await new Promise((resolve) => setImmediate(resolve));
      if (typeof tag === 'string') cache?.forget(tag);
    },
    page: (message) => replica.takePage(message),
    badge: (message) => replica.takeUpdate(message),
  };
  const peer = openPeer<WorkerContract, MainContract>(link, {
    channel: ACCOUNTS_CHANNEL,
    methods,
    limits: { outstanding: waiting, serving: SERVING },
    busy: () => new ShudiError('vault.busy', 'Too many calls wait for the vault.'),
    gone: () => new ShudiError('vault.unavailable', 'The process that has the vault is gone.'),
  });
  const { badgeKey, tagKey, limits } = await peer.call('open', null);
  const sessions = createSessions({
    store: {
      read: (...call) => peer.call('session', call),
      bind: (...call) => peer.call('bind', call),
      unbind: (...call) => peer.call('unbind', call),
      changed: (...call) => peer.call('changed', call),
    },
    tagKey,
    clock,
    limits,
  });
  cache = sessions;
  // Nobody tells of changes any more, so nothing that is remembered can be shown.
  link.onClosed(() => sessions.forgetAll());
  // Not remembered: profile pages ask for accounts at random, and a memory that misses costs more than a hash.
  const index = createKeyedHash(badgeKey);
  return {
    subjects: createSubjects(
      {
        subjectOf: (...call) => peer.call('subject', call),
        subjectsOf: (...call) => peer.call('subjects', call),
      },
      limits.rememberedSubjects,
    ),
    sessions,
    badges: {
      get: (site, account) => replica.get(index(site, account)),
      publish: (...call) => peer.call('publish', call),
    },
    stats: () => peer.stats(),
  };
}
