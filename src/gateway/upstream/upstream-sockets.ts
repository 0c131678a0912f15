import type { EgressRecord } from '../../model/records.ts';
import type { ClientConnection } from '../client/client-connection.ts';
import type { Route } from '../route-table.ts';
import { UpstreamConnection, type UpstreamFault } from './upstream-connection.ts';

/** Told when an upstream connection is open, with the record of its endpoint, durable before a byte is sent over it. */
export type UpstreamOpened = (
  fault: UpstreamFault | null,
  connection: UpstreamConnection | null,
  egress: EgressRecord | null,
) => void;

interface Opened {
  readonly key: string;
  readonly connection: UpstreamConnection;
}

/** The upstream connections of one client connection, which serve nobody else (R3): one in use to each upstream. */
export class UpstreamSockets {
  readonly #client: ClientConnection;
  /** Most clients need one or two: a list is smaller than a map, and as fast. */
  #open: Opened[] = [];

  constructor(client: ClientConnection) {
    this.#client = client;
  }

  /** One that is open and idle, or null. */
  idle(key: string): UpstreamConnection | null {
    const found = this.#open.find((opened) => opened.key === key && opened.connection.usable)?.connection;
    return found?.epoch === this.#client.listener.gateway.book.epoch ? found : null;
  }

  open(route: Route, done: UpstreamOpened): void {
    const { origin, listener } = this.#client;
    const { book, deadlines, parts, settings } = listener.gateway;
    const { key } = route;
    UpstreamConnection.open(
      route.upstream,
      {
        maxHead: settings.limits.responseHeaderBytes,
        timeouts: () => listener.gateway.settings.timeouts,
        deadlines,
        clock: parts.clock,
        epoch: book.epoch,
        closed: (connection) => this.#closed(connection),
      },
      (fault, connection) => {
        if (connection === null) {
          done(fault, null, null);
          return;
        }
        if (this.#client.gone) {
          connection.destroy();
          done('closed', null, null);
          return;
        }
        // Nothing is under way on it: a client has one request at a time.
        for (const earlier of this.#open) if (earlier.key === key) earlier.connection.destroy();
        this.#open.push({ key, connection });
        done(null, connection, {
          type: 'egress',
          connection: this.#client.contactId,
          local: connection.local,
          remote: connection.remote,
          listener: listener.name,
          peer: origin.peer,
          from: connection.from,
        });
      },
    );
  }

  closeIdle(): void {
    for (const { connection } of this.#open) if (connection.usable) connection.destroy();
  }

  /** The client has gone: with it, each of its endpoints. */
  close(): void {
    const all = this.#open;
    this.#open = [];
    for (const { connection } of all) {
      connection.destroy();
      // Of a contact, its end is the end of its endpoints too; a shared one has no such end.
      if (this.#client.origin.claim === null) this.#note(connection);
    }
  }

  #closed(connection: UpstreamConnection): void {
    const at = this.#open.findIndex((opened) => opened.connection === connection);
    if (at === -1) return;
    this.#open.splice(at, 1);
    this.#note(connection);
  }

  #note(connection: UpstreamConnection): void {
    const { gateway } = this.#client.listener;
    if (connection.epoch !== gateway.book.epoch) return;
    gateway.book.note({
      type: 'egress-end',
      connection: this.#client.contactId,
      local: connection.local,
      from: connection.from,
      to: gateway.parts.clock(),
    });
  }
}
