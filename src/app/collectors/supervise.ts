import { fork } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Accounts } from '../../accounts/open-accounts.ts';
import { serveAccounts } from '../../accounts/serve-accounts.ts';
import type { CollectorsStatus } from '../../collectors/status.ts';
import { ShudiError } from '../../model/errors.ts';
import type { Log } from '../../platform/log.ts';
import { childLink, openPeer, type Peer } from '../../platform/rpc.ts';
import { within } from '../within.ts';
import {
  COLLECTORS_CHANNEL,
  type CollectorsContract,
  type CollectorsStart,
  type MainContract,
} from './contract.ts';

export interface SuperviseOptions extends CollectorsStart {
  readonly accounts: Accounts;
  readonly log: Log;
  /** Told when the process has ended without being asked. */
  readonly onEnded: (signal: string | null) => void;
  /** Gives the first start up. */
  readonly stopped?: AbortSignal;
}

/** The collectors of a running program: one process, replaced when it dies. */
export interface SupervisedCollectors {
  /** Where each listener listens, in the order of the settings. */
  addresses(): readonly AddressInfo[];
  /** Null while it is away, or does not answer in time. */
  status(): Promise<CollectorsStatus | null>;
  pid(): number | null;
  close(): Promise<void>;
}

/** A child that was forked, and has not said that it listens. */
interface Beginning {
  /** Rejects when it has not started in time; then it is gone. */
  readonly child: Promise<Child>;
  kill(): void;
}

interface Child {
  readonly peer: Peer<CollectorsContract>;
  readonly pid: number;
  readonly addresses: readonly AddressInfo[];
  readonly ended: Promise<string | null>;
  kill(): void;
}

const MODULE = fileURLToPath(new URL('./collectors-process.ts', import.meta.url));
const BACK_OFF = { first: 100, most: 5000 };
const HEALTHY_MS = 10_000;
const STATUS_MS = 2000;
const STOP_MS = 15_000;
const START_MS = 30_000;
const ENDING_MS = 1000;

/**
 * @throws ShudiError of the first start: gateway.port-in-use | config.invalid | records.unavailable; internal.fault when
 *   it was given up
 */
export async function superviseCollectors(options: SuperviseOptions): Promise<SupervisedCollectors> {
  const supervisor = new Supervisor(options);
  const giveUp = (): void => void supervisor.close();
  options.stopped?.addEventListener('abort', giveUp);
  try {
    options.stopped?.throwIfAborted();
    await supervisor.start(BACK_OFF.first);
    return supervisor;
  } finally {
    options.stopped?.removeEventListener('abort', giveUp);
  }
}

class Supervisor implements SupervisedCollectors {
  readonly #options: SuperviseOptions;
  #setup: CollectorsStart;
  #child: Child | null = null;
  #timer: NodeJS.Timeout | null = null;
  #beginning: Beginning | null = null;
  /** A start that is under way. */
  #starting: Promise<void> | null = null;
  #closing = false;

  constructor(options: SuperviseOptions) {
    this.#options = options;
    const { settings, recorderSocket } = options;
    this.#setup = { settings, recorderSocket };
  }

  addresses(): readonly AddressInfo[] {
    return this.#child?.addresses ?? [];
  }

  pid(): number | null {
    return this.#child?.pid ?? null;
  }

  async status(): Promise<CollectorsStatus | null> {
    const child = this.#child;
    if (child === null) return null;
    return within(child.peer.call('status', null), STATUS_MS).catch(() => null);
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    // Whatever it hangs on: it has nothing yet that would be lost.
    this.#beginning?.kill();
    await this.#starting;
    const child = this.#child;
    if (child === null) return;
    await within(child.peer.call('stop', null), STOP_MS).catch(() =>
      this.#options.log.error('collectors.not-stopped'),
    );
    await within(child.ended, ENDING_MS).catch(() => child.kill());
    await child.ended;
  }

  /** @param delay  before it is started again when this start does not hold, ms */
  async start(delay: number): Promise<void> {
    const began = performance.now();
    this.#beginning = beginChild(this.#setup, this.#options.accounts, this.#options.log);
    const child = await this.#beginning.child.finally(() => {
      this.#beginning = null;
    });
    this.#child = child;
    // Ports that were left to the system are the same for whoever replaces it.
    this.#setup = withPorts(this.#setup, child.addresses);
    void child.ended.then((signal) => {
      this.#child = null;
      if (this.#closing) return;
      this.#options.onEnded(signal);
      const healthy = performance.now() - began >= HEALTHY_MS;
      this.#again(healthy ? 0 : delay, healthy ? BACK_OFF.first : Math.min(BACK_OFF.most, delay * 2));
    });
  }

  #again(wait: number, next: number): void {
    this.#timer = setTimeout(() => {
      this.#starting = this.start(next).then(
        () => this.#options.log.info('collectors.started'),
        () => {
          if (!this.#closing) this.#again(next, Math.min(BACK_OFF.most, next * 2));
        },
      );
    }, wait);
  }
}

function beginChild(setup: CollectorsStart, accounts: Accounts, log: Log): Beginning {
  const child = fork(MODULE, [], {
    execArgv: ['--disable-sigusr1'],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = new Promise<string | null>((resolve) => {
    child.once('exit', (_code, signal) => resolve(signal));
    child.once('error', () => resolve(null));
  });
  const link = childLink(child);
  serveAccounts(accounts, link);
  const peer = openPeer<MainContract, CollectorsContract>(link, {
    channel: COLLECTORS_CHANNEL,
    methods: { log: (argument) => relay(argument, log) },
    limits: { outstanding: 1000, serving: 1000 },
    busy: () => new ShudiError('internal.fault', 'Too many calls wait for the collectors.'),
    gone: () => new ShudiError('internal.fault', 'The collectors are gone.'),
  });
  const kill = (): void => void child.kill('SIGKILL');
  const started = async (): Promise<Child> => {
    try {
      const addresses = await within(peer.call('start', setup), START_MS);
      return { peer, pid: child.pid ?? 0, addresses, ended, kill };
    } catch (error) {
      kill();
      await ended;
      throw error;
    }
  };
  return { child: started(), kill };
}

const EVENT = /^source\.[a-z-]{1,32}$/;
const NAME = /^[a-z][a-z0-9-]{0,31}$/;

/** It reads hostile bytes: nothing of what it says is taken as it is, not even a log line. */
function relay(argument: unknown, log: Log): null {
  const [event, source]: readonly unknown[] = Array.isArray(argument) ? argument : [];
  if (typeof event === 'string' && EVENT.test(event) && typeof source === 'string' && NAME.test(source))
    log.warn(event, { source });
  return null;
}

function withPorts(setup: CollectorsStart, addresses: readonly AddressInfo[]): CollectorsStart {
  const listeners = setup.settings.listeners.map((listener, index) => {
    const port = addresses[index]?.port;
    return listener.port === 0 && port !== undefined ? { ...listener, port } : listener;
  });
  return { ...setup, settings: { ...setup.settings, listeners } };
}
