import type { Registry } from '../platform/registry.ts';
import type { AddressTrust } from './client/client-address.ts';
import type { ClientConnection } from './client/client-connection.ts';
import type { ContactBook } from './client/contact-book.ts';
import type { Deadlines } from './deadlines.ts';
import type { RateTable } from './guard/rate-table.ts';
import type { SecurityEvents } from './guard/security-events.ts';
import type { requestNames } from './http1/headers.ts';
import type { GatewayLimits, GatewayParts, GatewayTimeouts } from './options.ts';
import type { OwnRoutes } from './own-routes.ts';
import type { RouteTable } from './route-table.ts';
import type { UpstreamPool } from './upstream/upstream-pool.ts';

/** What a reload replaces as a whole; read at each request, so that the next one sees it. */
export interface Settings {
  readonly limits: GatewayLimits;
  readonly timeouts: GatewayTimeouts;
  readonly routes: RouteTable;
  readonly own: OwnRoutes;
  /** Null: no limit. */
  readonly clientRate: RateTable | null;
  readonly accountRate: RateTable | null;
}

/** What all connections of a gateway share. */
export interface GatewayContext {
  readonly parts: GatewayParts;
  readonly book: ContactBook;
  readonly deadlines: Deadlines;
  readonly events: SecurityEvents;
  readonly pool: UpstreamPool;
  settings: Settings;
  /** The gateway stops: connections end with their next answer. */
  draining: boolean;
}

/** What the connections of one listener share besides. */
export interface ListenerContext {
  readonly gateway: GatewayContext;
  readonly name: string;
  readonly scheme: 'http' | 'https';
  readonly trust: AddressTrust;
  readonly names: ReturnType<typeof requestNames>;
  /** Those that are open; each adds and removes itself. */
  readonly connections: Registry<ClientConnection>;
}
