import { createServer } from 'node:net';
import type { Accounts } from '../../accounts/open-accounts.ts';
import type { GatewayOptions, ListenerOptions } from '../../gateway/options.ts';
import { ShudiError } from '../../model/errors.ts';
import type { Log } from '../../platform/log.ts';
import { within } from '../within.ts';
import type { ListenerAddresses, WorkerStart, WorkerStatus } from './contract.ts';
import { startWorker, type Worker } from './worker.ts';

export interface WorkersOptions extends WorkerStart {
  readonly count: number;
  readonly accounts: Accounts;
  readonly log: Log;
  /** Told when a worker has ended without being asked. */
  readonly onEnded: (worker: { readonly number: number; readonly signal: string | null }) => void;
}

/** The gateway's workers: as many processes as configured, each replaced when it dies. */
export interface Workers {
  addresses(): ListenerAddresses;
  /** Of those that answer in time. */
  status(): Promise<readonly WorkerStatus[]>;
  /** Process ids of those that run. */
  pids(): readonly number[];
  setClockError(value: number | null): void;
  /**
   * Takes over another configuration in every worker without closing a connection.
   * @throws ShudiError why the first worker refused it; then none has taken it
   */
  reload(gateway: GatewayOptions): Promise<void>;
  /** Drains and ends all of them. */
  close(): Promise<void>;
}

/** Before a worker is replaced that did not live long, ms: doubled each time, up to the most. */
const BACK_OFF = { first: 100, most: 5000 };
const HEALTHY_MS = 10_000;
/** What a worker gets to end beyond its drain limit, ms. */
const CLOSING_MS = 15_000;
const STATUS_MS = 2000;
/** What a worker gets to end once it has stopped, ms. */
const ENDING_MS = 1000;

/** Starts all workers, or none. @throws ShudiError of the first one that cannot start */
export async function startWorkers(options: WorkersOptions): Promise<Workers> {
  const pool = new Pool(options);
  await pool.start();
  return pool;
}

class Pool implements Workers {
  readonly #options: WorkersOptions;
  readonly #running = new Map<number, Worker>();
  readonly #starting = new Set<Promise<Worker>>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #setup: WorkerStart;
  #closing = false;

  constructor(options: WorkersOptions) {
    const { gateway, recorderSocket, regions, clockErrorMs } = options;
    this.#options = options;
    this.#setup = { gateway, recorderSocket, regions, clockErrorMs };
  }

  async start(): Promise<void> {
    const { count } = this.#options;
    if (count > 1) await requireFree(this.#setup.gateway.listeners);
    try {
      const first = await this.#start(0, BACK_OFF.first);
      // Ports that were left to the system are the same for all, and for whoever replaces one.
      this.#setup = { ...this.#setup, gateway: withPorts(this.#setup.gateway, first.addresses) };
      await Promise.all(
        Array.from({ length: count - 1 }, (_, index) => this.#start(index + 1, BACK_OFF.first)),
      );
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  addresses(): ListenerAddresses {
    return this.#first()?.addresses ?? [];
  }

  pids(): readonly number[] {
    return [...this.#running.values()].map(({ pid }) => pid);
  }

  async status(): Promise<readonly WorkerStatus[]> {
    const answers = await Promise.all(
      [...this.#running.values()].map(({ peer }) =>
        within(peer.call('status', null), STATUS_MS).catch(() => null),
      ),
    );
    return answers.filter((answer) => answer !== null);
  }

  setClockError(value: number | null): void {
    if (value === this.#setup.clockErrorMs) return;
    this.#setup = { ...this.#setup, clockErrorMs: value };
    for (const { peer } of this.#running.values()) peer.push('clock', value);
  }

  async reload(gateway: GatewayOptions): Promise<void> {
    const first = this.#first();
    if (first === undefined) throw new ShudiError('internal.fault', 'No worker runs.');
    const kept = withPorts(gateway, this.addresses());
    if (this.#options.count > 1) {
      const known = new Set(this.#setup.gateway.listeners.map(({ host, port }) => `${host} ${port}`));
      await requireFree(kept.listeners.filter(({ host, port }) => !known.has(`${host} ${port}`)));
    }
    // What one of them takes, all of them take: they differ in nothing.
    const addresses = await first.peer.call('reload', kept);
    const setup = withPorts(kept, addresses);
    // In one turn: a worker that starts meanwhile is either among the others, or sees that its setup is of before.
    this.#setup = { ...this.#setup, gateway: setup };
    const others = [...this.#running].filter(([, worker]) => worker !== first);
    const number = numberOf(this.#running, first);
    if (number !== null) this.#running.set(number, { ...first, addresses });
    await Promise.all(
      others.map(async ([, worker]) => {
        try {
          await worker.peer.call('reload', setup);
        } catch {
          // Its replacement starts with the new configuration.
          worker.kill();
        }
      }),
    );
  }

  async close(): Promise<void> {
    this.#closing = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const limit = this.#setup.gateway.timeouts.drainMs + CLOSING_MS;
    const stop = async (worker: Worker): Promise<void> => {
      await within(worker.peer.call('stop', null), limit).catch(() =>
        this.#options.log.error('worker.not-drained'),
      );
      // It ends by itself once its answer is out.
      await within(worker.ended, ENDING_MS).catch(() => worker.kill());
      await worker.ended;
    };
    await Promise.all([
      ...[...this.#running.values()].map(stop),
      // One that hangs ends with its link, when this process does.
      ...[...this.#starting].map((starting) => within(starting, limit).then(stop, () => undefined)),
    ]);
  }

  #first(): Worker | undefined {
    return this.#running.values().next().value;
  }

  async #start(number: number, delay: number): Promise<Worker> {
    const starting = this.#startOne(number, delay);
    this.#starting.add(starting);
    try {
      return await starting;
    } finally {
      this.#starting.delete(starting);
    }
  }

  async #startOne(number: number, delay: number): Promise<Worker> {
    const started = performance.now();
    let setup = this.#setup;
    let worker = await startWorker(setup, this.#options.accounts, this.#options.log);
    // What was changed while it started.
    while (setup !== this.#setup) {
      const before = setup;
      setup = this.#setup;
      worker.peer.push('clock', setup.clockErrorMs);
      if (setup.gateway === before.gateway) continue;
      try {
        const addresses = await worker.peer.call('reload', setup.gateway);
        worker = { ...worker, addresses };
      } catch (error) {
        worker.kill();
        await worker.ended;
        throw error;
      }
    }
    this.#running.set(number, worker);
    void worker.ended.then(({ signal }) => {
      this.#running.delete(number);
      if (this.#closing) return;
      this.#options.onEnded({ number, signal });
      const healthy = performance.now() - started >= HEALTHY_MS;
      this.#replace(number, healthy ? 0 : delay, healthy ? BACK_OFF.first : delay);
    });
    return worker;
  }

  #replace(number: number, wait: number, delay: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      const next = Math.min(BACK_OFF.most, delay * 2);
      this.#start(number, next).then(
        ({ pid }) => this.#options.log.info('worker.started', { worker: number, pid }),
        () => {
          if (!this.#closing) this.#replace(number, delay, next);
        },
      );
    }, wait);
    this.#timers.add(timer);
  }
}

/** Null when it has ended. */
function numberOf(running: ReadonlyMap<number, Worker>, worker: Worker): number | null {
  for (const [number, found] of running) if (found === worker) return number;
  return null;
}

/** Listeners that leave their port to the system get the one that they have. */
function withPorts(gateway: GatewayOptions, addresses: ListenerAddresses): GatewayOptions {
  return {
    ...gateway,
    listeners: gateway.listeners.map((listener) => {
      const port = addresses.find(({ name }) => name === listener.name)?.address.port;
      return listener.port === 0 && port !== undefined ? { ...listener, port } : listener;
    }),
  };
}

/**
 * With SO_REUSEPORT the system would let another program's listener share the port: asked without it, it says so.
 * @throws ShudiError gateway.port-in-use
 */
async function requireFree(listeners: readonly ListenerOptions[]): Promise<void> {
  for (const { host, port, name } of listeners) {
    if (port === 0) continue;
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, () => server.close(() => resolve()));
    }).catch((error: Error & { code?: string }) => {
      if (error.code === 'EADDRINUSE')
        throw new ShudiError('gateway.port-in-use', `Port ${port} is in use.`, `listener ${name}`, error);
      // Anything else the worker says better.
    });
  }
}
