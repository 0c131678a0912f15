import type { AddressInfo } from 'node:net';
import { ContactBook } from './contact-book.ts';
import { openListener, type Listener } from './listener.ts';
import type { GatewayOptions, GatewayParts } from './options.ts';
import { createRouteTable } from './route-table.ts';

/** How often live contacts are checkpointed (R1), ms. */
const CHECKPOINT_MS = 30_000;

export interface Gateway {
  addresses(): readonly { readonly name: string; readonly address: AddressInfo }[];
  counts(): { readonly direct: number; readonly claimed: number };
  /** Stores how far the live contacts have come now. */
  checkpoint(): Promise<void>;
  /** Whether records can be stored. */
  healthy(): boolean;
  close(): Promise<void>;
}

/** Opens every listener, or none: a port in use closes those that were open already. */
export async function openGateway(options: GatewayOptions, parts: GatewayParts): Promise<Gateway> {
  const book = new ContactBook(parts, options.limits);
  const routes = createRouteTable(options.routes, parts.sessions, parts.clock);
  let healthy = true;
  void parts.records.failed.then((error) => {
    healthy = false;
    parts.log.error('records.failed', { reason: error.name });
  });
  const listeners: Listener[] = [];
  const closeAll = (graceMs: number): Promise<unknown> =>
    Promise.all(listeners.map((listener) => listener.close(graceMs)));
  try {
    for (const listener of options.listeners)
      listeners.push(await openListener(listener, { options, parts, book, routes, healthy: () => healthy }));
  } catch (error) {
    await closeAll(0);
    throw error;
  }
  const timer = setInterval(() => {
    book.checkpoint().catch(() => undefined);
  }, CHECKPOINT_MS);
  return {
    addresses: () => listeners.map(({ name, address }) => ({ name, address })),
    counts: () => book.counts(),
    checkpoint: () => book.checkpoint(),
    healthy: () => healthy,
    async close() {
      clearInterval(timer);
      await closeAll(GRACE_MS);
      book.close();
    },
  };
}

/** Requests under way get this long to end when the gateway stops, ms. */
const GRACE_MS = 10_000;
