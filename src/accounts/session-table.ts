import type { DatabaseSync } from 'node:sqlite';

export interface StoredSession {
  readonly sealed: Uint8Array;
  readonly since: number;
}

/** The sessions of a vault; every method but `get` runs inside the caller's transaction. */
export interface SessionTable {
  get(hash: Buffer): StoredSession | null;
  put(hash: Buffer, sealed: Uint8Array, since: number, endedBefore: number): void;
  remove(hash: Buffer): void;
  /** Removes the oldest beyond the limit, and all that have ended. */
  prune(): void;
  /** Counts anew, after a transaction that was undone. */
  recount(): void;
}

export function createSessionTable(database: DatabaseSync, limit: number): SessionTable {
  const find = database.prepare('SELECT sealed, since FROM sessions WHERE cookie_hash = ?');
  const insert = database.prepare(
    'INSERT OR IGNORE INTO sessions (cookie_hash, sealed, since) VALUES (?, ?, ?)',
  );
  const update = database.prepare('UPDATE sessions SET sealed = ?, since = ? WHERE cookie_hash = ?');
  const remove = database.prepare('DELETE FROM sessions WHERE cookie_hash = ?');
  const removeEnded = database.prepare('DELETE FROM sessions WHERE since <= ?');
  const removeOldest = database.prepare(
    'DELETE FROM sessions WHERE cookie_hash IN (SELECT cookie_hash FROM sessions ORDER BY since LIMIT ?)',
  );
  const counting = database.prepare('SELECT count(*) AS n FROM sessions');
  // Counted once: counting a million rows at each log-in would take longer than the log-in.
  let count = Number(counting.get()?.['n']);
  let ended: number | null = null;
  return {
    get: (hash) => {
      const row = find.get(hash);
      const sealed = row?.['sealed'];
      return sealed instanceof Uint8Array ? { sealed, since: Number(row?.['since']) } : null;
    },
    put: (hash, sealed, since, endedBefore) => {
      const added = Number(insert.run(hash, sealed, since).changes);
      if (added === 0) update.run(sealed, since, hash);
      count += added;
      ended = endedBefore;
    },
    remove: (hash) => {
      count -= Number(remove.run(hash).changes);
    },
    prune: () => {
      if (ended !== null) count -= Number(removeEnded.run(ended).changes);
      ended = null;
      if (count > limit) count -= Number(removeOldest.run(count - limit).changes);
    },
    recount: () => {
      count = Number(counting.get()?.['n']);
    },
  };
}
