import { NOWHERE, Registry, type Place } from '../../platform/registry.ts';
import type { GatewayContext } from '../context.ts';
import type { Route } from '../route-table.ts';
import { UpstreamConnection } from './upstream-connection.ts';
import type { UpstreamOpened } from './upstream-sockets.ts';

/**
 * Upstream connections that serve any client, one request at a time (`egress: pooled`). Which client a request was of
 * is told by its request id; the endpoint alone is ambiguous (R3).
 */
export class UpstreamPool {
  readonly #idle = new Map<string, UpstreamConnection[]>();
  readonly #open = new Registry<UpstreamConnection>();
  readonly #gateway: () => GatewayContext;

  constructor(gateway: () => GatewayContext) {
    this.#gateway = gateway;
  }

  /** One that is open and idle, or null; it is the caller's until `giveBack`. */
  take(key: string): UpstreamConnection | null {
    const { epoch } = this.#gateway().book;
    const idle = this.#idle.get(key);
    // The one used last is the least likely to have been closed by the upstream.
    for (let found = idle?.pop(); found !== undefined; found = idle?.pop()) {
      if (found.usable && found.epoch === epoch) return found;
      found.destroy();
    }
    return null;
  }

  open(route: Route, done: UpstreamOpened): void {
    const gateway = this.#gateway();
    let place: Place = NOWHERE;
    UpstreamConnection.open(
      route.upstream,
      {
        maxHead: gateway.settings.limits.responseHeaderBytes,
        timeouts: () => gateway.settings.timeouts,
        deadlines: gateway.deadlines,
        clock: gateway.parts.clock,
        epoch: gateway.book.epoch,
        closed: (connection) => this.#closed(connection, place),
      },
      (fault, connection) => {
        if (connection === null) {
          done(fault, null, null);
          return;
        }
        place = this.#open.add(connection);
        done(null, connection, {
          type: 'egress',
          connection: null,
          local: connection.local,
          remote: connection.remote,
          listener: null,
          peer: null,
          from: connection.from,
        });
      },
    );
  }

  /** The exchange is over, and the connection idle. */
  giveBack(key: string, connection: UpstreamConnection): void {
    if (!connection.usable) return;
    let idle = this.#idle.get(key);
    if (idle === undefined) this.#idle.set(key, (idle = []));
    idle.push(connection);
    if (idle.length > this.#gateway().settings.limits.pooledConnections) idle.shift()?.destroy();
  }

  close(): void {
    this.#open.each((connection) => connection.destroy());
    this.#idle.clear();
  }

  #closed(connection: UpstreamConnection, place: Place): void {
    this.#open.remove(place);
    const { book, parts } = this.#gateway();
    if (connection.epoch !== book.epoch) return;
    book.note({
      type: 'egress-end',
      connection: null,
      local: connection.local,
      from: connection.from,
      to: parts.clock(),
    });
  }
}
