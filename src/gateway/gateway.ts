import type { AddressInfo } from 'node:net';
import { ContactBook, type BookOptions } from './client/contact-book.ts';
import { Listener, prepareListener, type ListenerSetup } from './client/listener.ts';
import type { GatewayContext, Settings } from './context.ts';
import { Deadlines } from './deadlines.ts';
import { createRateTable } from './guard/rate-table.ts';
import { createRecordBudget } from './guard/record-budget.ts';
import { createSecurityEvents } from './guard/security-events.ts';
import type { GatewayOptions, GatewayParts, GatewayTimeouts, RateOptions } from './options.ts';
import { createOwnRoutes } from './own-routes.ts';
import { createRouteTable } from './route-table.ts';
import { UpstreamPool } from './upstream/upstream-pool.ts';

/** How often live contacts are checkpointed (R1), ms. */
const CHECKPOINT_MS = 30_000;
/** How often refusals are written down (R12), ms: soon after each minute is over. */
const REFUSALS_MS = 15_000;
/** Clients and accounts with a bucket of their own at once. */
const RATE_ENTRIES = 131_072;

export interface GatewayCounts {
  readonly connections: number;
  readonly direct: number;
  readonly claimed: number;
}

export interface Gateway {
  addresses(): readonly { readonly name: string; readonly address: AddressInfo }[];
  counts(): GatewayCounts;
  /** Refusals since the start, by kind. */
  refusals(): ReadonlyMap<string, number>;
  /** Stores how far the live contacts have come now. */
  checkpoint(): Promise<void>;
  /** Whether records can be stored. */
  healthy(): boolean;
  /**
   * Takes over another configuration, whole or not at all, without closing a connection: the next request of each is
   * treated by it. A listener that is gone drains.
   * @throws ShudiError config.invalid | gateway.port-in-use, after which everything is as before
   */
  reload(options: GatewayOptions): Promise<void>;
  /** Accepts no more, lets what is under way end within the drain limit, and ends every record. */
  close(): Promise<void>;
}

/** Opens every listener, or none: a port in use closes those that were open already. */
export async function openGateway(options: GatewayOptions, parts: GatewayParts): Promise<Gateway> {
  const events = createSecurityEvents(parts.clock);
  const now = (): number => performance.now();
  const bookOptions = ({ limits }: GatewayOptions): BookOptions => ({
    limits,
    budget: createRecordBudget({ rate: limits.recordsPerClient, entries: RATE_ENTRIES, now }),
    aggregated: (listener, client) => events.note(listener, client, 'records-aggregated'),
  });
  const rate = (limit: RateOptions | null) =>
    limit === null ? null : createRateTable({ ...limit, entries: RATE_ENTRIES, now });
  const settingsOf = ({ limits, timeouts, routes: given, prefix }: GatewayOptions): Settings => {
    const routes = createRouteTable(given, parts.sessions, parts.clock);
    const healthy = (): boolean => parts.records.epoch !== 0;
    return {
      limits,
      timeouts,
      routes,
      own: createOwnRoutes({ prefix, routes, badges: parts.badges, healthy }),
      clientRate: rate(limits.requestsPerClient),
      accountRate: rate(limits.requestsPerAccount),
    };
  };
  const context: GatewayContext = {
    parts,
    book: new ContactBook(parts, bookOptions(options)),
    deadlines: new Deadlines(shortest(options.timeouts)),
    events,
    pool: new UpstreamPool(() => context),
    settings: settingsOf(options),
    draining: false,
  };
  let listeners: Listener[] = [];
  const draining = new Set<Promise<void>>();
  const drain = (listener: Listener): void => {
    const closing = listener.close(context.settings.timeouts.drainMs).finally(() => draining.delete(closing));
    draining.add(closing);
  };
  const openAll = async (setups: readonly ListenerSetup[], reusePort: boolean): Promise<Listener[]> => {
    const opened: Listener[] = [];
    try {
      for (const setup of setups) opened.push(await Listener.open(setup, context, reusePort));
      return opened;
    } catch (error) {
      await Promise.all(opened.map((listener) => listener.close(0)));
      throw error;
    }
  };
  parts.sessions.onChanged((tag) => context.settings.routes.forgetTag(tag));
  listeners = await openAll(options.listeners.map(prepareListener), options.reusePort);

  const noteRefusals = async (all: boolean): Promise<void> => {
    const rows = events.flush(all ? null : parts.clock());
    if (rows.length === 0) return;
    const kinds = new Map<string, number>();
    for (const { kind, count } of rows) kinds.set(kind, (kinds.get(kind) ?? 0) + count);
    parts.log.warn('refused', Object.fromEntries(kinds));
    await parts.records.append(rows).catch(() => undefined);
  };
  const timers = [
    setInterval(() => void context.book.checkpoint().catch(() => undefined), CHECKPOINT_MS),
    setInterval(() => void noteRefusals(false), REFUSALS_MS),
  ];

  return {
    addresses: () => listeners.map(({ name, address }) => ({ name, address })),
    counts: () => ({
      connections: listeners.reduce((sum, listener) => sum + listener.connections, 0),
      ...context.book.counts(),
    }),
    refusals: () => events.totals(),
    checkpoint: () => context.book.checkpoint(),
    healthy: () => parts.records.epoch !== 0,
    async reload(changed) {
      const setups = changed.listeners.map(prepareListener);
      const settings = settingsOf(changed);
      const staying = (setup: ListenerSetup): Listener | undefined =>
        listeners.find((listener) => listener.name === setup.options.name && listener.takes(setup));
      const opened = await openAll(
        setups.filter((setup) => staying(setup) === undefined),
        changed.reusePort,
      );
      // From here on nothing can fail.
      context.settings = settings;
      context.book.configure(bookOptions(changed));
      context.deadlines.setShortest(shortest(changed.timeouts));
      const kept = setups.flatMap((setup) => {
        const listener = staying(setup);
        listener?.configure(setup);
        return listener ?? [];
      });
      for (const listener of listeners) if (!kept.includes(listener)) drain(listener);
      listeners = [...kept, ...opened];
    },
    async close() {
      for (const timer of timers) clearInterval(timer);
      context.draining = true;
      for (const listener of listeners) drain(listener);
      await Promise.all(draining);
      context.pool.close();
      context.book.close();
      await noteRefusals(true);
      // How far the recorder saw, up to the end.
      await context.book.checkpoint().catch(() => undefined);
    },
  };
}

function shortest(timeouts: GatewayTimeouts): number {
  return Math.min(...Object.values(timeouts));
}
