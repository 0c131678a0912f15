import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type {
  BoundSession,
  BadgeDirectory,
  SessionDirectory,
  SubjectDirectory,
} from '../../src/model/accounts.ts';
import { connectAccounts } from '../../src/accounts/connect-accounts.ts';
import type { Accounts } from '../../src/accounts/open-accounts.ts';
import { serveAccounts, type ServeOptions } from '../../src/accounts/serve-accounts.ts';
import { ShudiError } from '../../src/model/errors.ts';
import type { Millis } from '../../src/model/time.ts';
import { childLink, openPeer, type Contract, type Link } from '../../src/platform/rpc.ts';
import { linkPair } from '../platform/support.ts';

type Later<Method> = Method extends (...call: infer Call) => infer Result
  ? (...call: Call) => Promise<Awaited<Result>>
  : never;

/**
 * The three directories as a test calls them, wherever they are. Calls begin in the order in which they are made, also
 * those of one turn.
 */
export interface Directories {
  known: Later<SubjectDirectory['known']>;
  subjectOf: SubjectDirectory['subjectOf'];
  subjectsOf: SubjectDirectory['subjectsOf'];
  find: Later<SessionDirectory['find']>;
  load: SessionDirectory['load'];
  bind: SessionDirectory['bind'];
  unbind: SessionDirectory['unbind'];
  badge: Later<BadgeDirectory['get']>;
  publish: BadgeDirectory['publish'];
  /** Sets the clock that sessions end by. */
  setNow(now: Millis): Promise<void>;
}

/** A call of a directory across the test's own channel. */
export type DirectoryContract = {
  readonly [Name in keyof Directories]: {
    readonly argument: Parameters<Directories[Name]>;
    readonly result: Awaited<ReturnType<Directories[Name]>>;
  };
};

export interface OpenDirectories {
  readonly subjects: SubjectDirectory;
  readonly sessions: SessionDirectory;
  readonly badges: BadgeDirectory;
}

export function directoriesOf(
  { subjects, sessions, badges }: OpenDirectories,
  setNow: (now: Millis) => void = () => undefined,
): Directories {
  return {
    known: async (...call) => subjects.known(...call),
    subjectOf: (...call) => subjects.subjectOf(...call),
    subjectsOf: (...call) => subjects.subjectsOf(...call),
    find: async (...call) => sessions.find(...call),
    load: (...call) => sessions.load(...call),
    bind: (...call) => sessions.bind(...call),
    unbind: (...call) => sessions.unbind(...call),
    badge: async (...call) => badges.get(...call),
    publish: (...call) => badges.publish(...call),
    setNow: async (now) => setNow(now),
  };
}

export const DIRECTORY_CHANNEL = 'test directories';
export const NO_LIMITS = { outstanding: 1_000_000, serving: 1_000_000 };
export const gone = (): ShudiError => new ShudiError('vault.unavailable', 'The test process is gone.');

/** The directories of a forked child, called from here. */
export function remoteDirectories(link: Link): Directories {
  const peer = openPeer<Contract, DirectoryContract>(link, {
    channel: DIRECTORY_CHANNEL,
    methods: {},
    limits: NO_LIMITS,
    busy: gone,
    gone,
  });
  return {
    known: (...call) => peer.call('known', call),
    subjectOf: (...call) => peer.call('subjectOf', call),
    subjectsOf: (...call) => peer.call('subjectsOf', call),
    find: (...call) => peer.call('find', call),
    load: (...call) => peer.call('load', call),
    bind: (...call) => peer.call('bind', call),
    unbind: (...call) => peer.call('unbind', call),
    badge: (...call) => peer.call('badge', call),
    publish: (...call) => peer.call('publish', call),
    setNow: (...call) => peer.call('setNow', call),
  };
}

export interface TestWorker {
  readonly directories: Directories;
  readonly child: ChildProcess;
  readonly link: Link;
  readonly end: () => Promise<void>;
}

/** A forked process with the accounts of this one. */
export async function forkWorker(accounts: Accounts, options: ServeOptions = {}): Promise<TestWorker> {
  const path = fileURLToPath(new URL('./worker-child.ts', import.meta.url));
  const child = fork(path, [], { serialization: 'advanced', execArgv: [] });
  const link = childLink(child);
  serveAccounts(accounts, link, options);
  const directories = remoteDirectories(link);
  // The worker takes these calls once it is connected.
  const ready = new Promise<void>((resolve) => {
    link.onMessage((message) => message === 'ready' && resolve());
  });
  const closed = new Promise<void>((resolve) => link.onClosed(resolve));
  await Promise.race([ready, closed]);
  return {
    directories,
    child,
    link,
    end: async () => {
      link.close();
      await closed;
    },
  };
}

/** A worker's accounts in this very process, across a link. */
export async function connectHere(accounts: Accounts, clock: () => Millis) {
  const [near, far] = linkPair();
  const served = serveAccounts(accounts, near);
  const connected = await connectAccounts(far, { clock });
  return { near, far, served, connected };
}

/** Waits until the check holds; the test's own time limit ends it. */
export async function eventually(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 2));
}

export async function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

export type Found = BoundSession | null | undefined;
