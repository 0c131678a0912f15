import type { IpAddress, Port } from '../../model/address.ts';
import type { ConnectionId, EndReason, RecordItem } from '../../model/records.ts';
import type { Millis } from '../../model/time.ts';
import type { Cells } from '../sqlite/schema.ts';

interface Carrier {
  readonly address: IpAddress;
  readonly port: Port;
  readonly from: Millis;
}

/**
 * What one writer has open: its connections with their last checkpoint, and its shared gateway-side endpoints. So that
 * all of it can be ended when the writer goes without a word. As large as what is open, and no larger.
 */
export class OpenContacts {
  readonly #connections = new Map<number, number>();
  readonly #carriers = new Map<string, Carrier>();

  has(connection: number): boolean {
    return this.#connections.has(connection);
  }

  /** Takes note of a row that is about to be stored. */
  note(cells: Cells): void {
    const table: string = cells[0];
    switch (table) {
      case 'connections':
        this.#connections.set(Number(cells[1]), Number(cells[11]));
        return;
      case 'checkpoints': {
        const before = this.#connections.get(Number(cells[1]));
        if (before !== undefined && Number(cells[2]) > before)
          this.#connections.set(Number(cells[1]), Number(cells[2]));
        return;
      }
      case 'ends':
        this.#connections.delete(Number(cells[1]));
        return;
      case 'egress': {
        if (cells[1] !== null) return;
        const carrier = carrierOf(cells, 9);
        this.#carriers.set(carrierKey(carrier), carrier);
        return;
      }
      case 'egress_ends':
        if (cells[1] === null) this.#carriers.delete(carrierKey(carrierOf(cells, 4)));
        return;
      default:
    }
  }

  /** The records that end everything at `now`, each connection at its last checkpoint. */
  endAll(now: Millis, reason: EndReason): RecordItem[] {
    const ends = [...this.#connections].map(([connection, to]): RecordItem => ({
      type: 'end',
      connection: connection as ConnectionId,
      to: to as Millis,
      closed: Math.max(now, to) as Millis,
      reason,
    }));
    const carriers = [...this.#carriers.values()].map(({ address, port, from }): RecordItem => ({
      type: 'egress-end',
      connection: null,
      local: { address, port },
      from,
      to: Math.max(now, from) as Millis,
    }));
    this.#connections.clear();
    this.#carriers.clear();
    return [...ends, ...carriers];
  }
}

/** The endpoint of a row of `egress` or `egress_ends`. @param from  where the cell of its beginning stands */
const carrierOf = (cells: Cells, from: number): Carrier => ({
  address: String(cells[2]) as IpAddress,
  port: Number(cells[3]) as Port,
  from: Number(cells[from]) as Millis,
});

const carrierKey = ({ address, port, from }: Carrier): string => `${address} ${port} ${from}`;
