/** Open connections of each client; holds no more than what is open. */
export interface ConnectionCounter {
  /**
   * Counts a connection in; false, and not counted, when the client has as many as it may.
   * @param perClient  connections that one client (see clientPrefix) may have open at once, now
   */
  enter(prefix: string, perClient: number): boolean;
  /** Counts one out that `enter` had let in; one too many counts for nothing. */
  leave(prefix: string): void;
  /** Clients that have a connection open. */
  readonly clients: number;
}

export function createConnectionCounter(): ConnectionCounter {
  const open = new Map<string, number>();
  return {
    get clients() {
      return open.size;
    },
    enter(prefix, perClient) {
      const count = open.get(prefix) ?? 0;
      if (count >= perClient) return false;
      open.set(prefix, count + 1);
      return true;
    },
    leave(prefix) {
      const count = open.get(prefix);
      if (count === undefined) return;
      if (count === 1) open.delete(prefix);
      else open.set(prefix, count - 1);
    },
  };
}
