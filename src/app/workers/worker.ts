import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { serveAccounts } from '../../accounts/serve-accounts.ts';
import type { Accounts } from '../../accounts/open-accounts.ts';
import { ShudiError } from '../../model/errors.ts';
import type { Log, LogFields } from '../../platform/log.ts';
import { childLink, openPeer, type Peer } from '../../platform/rpc.ts';
import {
  GATEWAY_CHANNEL,
  type ListenerAddresses,
  type MainContract,
  type WorkerContract,
  type WorkerStart,
} from './contract.ts';

const MODULE = fileURLToPath(new URL('./worker-process.ts', import.meta.url));
const LIMITS = { outstanding: 1000, serving: 10_000 } as const;

/** A worker's process, as main sees it. */
export interface Worker {
  readonly peer: Peer<WorkerContract>;
  readonly pid: number;
  readonly addresses: ListenerAddresses;
  /** Resolves when the process is gone. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  kill(): void;
}

const WORKER_FLAGS = [
  // Nobody attaches a debugger to it by a signal.
  '--disable-sigusr1',
  // V8 learns from long connections that what belongs to one lives long, and then puts that of short ones into its old
  // generation at once, with all that it refers to: 5 to 10 ms of every 110, and pauses as long (docs/performance.md).
  '--no-allocation-site-pretenuring',
] as const;

/**
 * Starts a worker and waits until it listens.
 * @throws ShudiError of its start: gateway.port-in-use | config.invalid | records.unavailable ...
 */
export async function startWorker(setup: WorkerStart, accounts: Accounts, log: Log): Promise<Worker> {
  const child = fork(MODULE, [], {
    execArgv: [...WORKER_FLAGS],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });
  const link = childLink(child);
  serveAccounts(accounts, link);
  const peer = openPeer<MainContract, WorkerContract>(link, {
    channel: GATEWAY_CHANNEL,
    methods: { log: (argument) => relay(argument, log) },
    limits: LIMITS,
    busy: () => new ShudiError('internal.fault', 'Too many calls wait for a worker.'),
    gone: () => new ShudiError('internal.fault', 'The worker is gone.'),
  });
  try {
    const addresses = await peer.call('start', setup);
    return { peer, pid: child.pid ?? 0, addresses, ended, kill: () => void child.kill('SIGKILL') };
  } catch (error) {
    child.kill('SIGKILL');
    await ended;
    throw error;
  }
}

const EVENT = /^[a-z][a-z.-]{0,63}$/;

/** A worker reads hostile bytes: nothing of what it says is taken as it is, not even a log line. */
function relay(argument: unknown, log: Log): null {
  if (!Array.isArray(argument)) return null;
  const [level, event, fields]: readonly unknown[] = argument;
  if (level !== 'info' && level !== 'warn' && level !== 'error') return null;
  if (typeof event !== 'string' || !EVENT.test(event)) return null;
  const plain: Record<string, LogFields[string]> = {};
  for (const [name, value] of Object.entries(
    typeof fields === 'object' && fields !== null ? fields : {},
  ).slice(0, 32))
    if (typeof value === 'number' || typeof value === 'boolean') plain[name] = value;
    else if (typeof value === 'string' && /^[\w .-]{0,128}$/.test(value)) plain[name] = value;
  log[level](event, plain);
  return null;
}
