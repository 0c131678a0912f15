import type { DatabaseSync } from 'node:sqlite';
import { ShudiError } from '../model/errors.ts';
import { immediately, sqliteCode } from '../platform/sqlite.ts';
import { createSessionTable, type StoredSession } from './session-table.ts';
import { openVaultFile, vaultFault } from './vault-file.ts';
import { readBadgePage, type BadgePage, type BadgeRow } from './badge-rows.ts';

/** 32 bytes of an HMAC, one character a byte: cheap as the key of a Map and to hand to another thread. */
export type Latin1 = string;

export type VaultWrite =
  | {
      readonly kind: 'subject';
      readonly index: Latin1;
      readonly month: number;
      readonly subject: string;
      readonly sealed: Uint8Array;
    }
  | {
      readonly kind: 'bind';
      readonly hash: Latin1;
      readonly sealed: Uint8Array;
      readonly since: number;
      /** Sessions that began at or before this time have ended. */
      readonly endedBefore: number;
    }
  | { readonly kind: 'unbind'; readonly hash: Latin1 }
  | { readonly kind: 'badge'; readonly index: Latin1; readonly row: BadgeRow };

/**
 * The outcome of a write: for a subject the stored one, which is another than the offered one when the account had one
 * already, or null when the offered one belongs to somebody else; null for every other kind.
 */
export type VaultOutcome = string | null;

/** The vault's file, answering at once: for the vault's thread. Nothing in it ever sees a name or a cookie. */
export interface VaultStore {
  /** Writes all or, throwing, none; on stable storage when it returns. */
  commit(writes: readonly VaultWrite[]): VaultOutcome[];
  /** The subjects of an account from one month to another, both included. */
  subjects(indexes: readonly Latin1[]): string[];
  session(hash: Latin1): StoredSession | null;
  /** The badges after an index, in its order; the first page is after ''. */
  badges(after: Latin1): BadgePage;
  close(): void;
}

const IO_ERROR = 10;

/**
 * @param limits.sessions  how many sessions are kept
 * @throws ShudiError data.damaged | data.missing | data.version | key.wrong | vault.unavailable
 */
export function openVault(
  path: string,
  check: Uint8Array,
  limits: { readonly sessions: number },
): VaultStore {
  const database = openVaultFile(path, check);
  const subjects = prepareSubjects(database);
  const sessions = createSessionTable(database, limits.sessions);
  const setBadge = database.prepare('INSERT OR REPLACE INTO badges VALUES (?, ?, ?, ?, ?, ?)');
  let failed = false;

  const guarded = <T>(action: () => T): T => {
    if (failed) throw new ShudiError('vault.unavailable', 'An earlier write of the vault has failed.', path);
    try {
      return action();
    } catch (error) {
      // A failed fsync is never tried again: the kernel may have dropped the pages and call the next one a success.
      if (sqliteCode(error) === IO_ERROR) failed = true;
      throw vaultFault(error, path);
    }
  };

  const write = (item: VaultWrite): VaultOutcome => {
    if (item.kind === 'subject')
      return subjects.add(bytes(item.index), item.month, item.subject, item.sealed);
    if (item.kind === 'bind') {
      sessions.put(bytes(item.hash), item.sealed, item.since, item.endedBefore);
    } else if (item.kind === 'unbind') {
      sessions.remove(bytes(item.hash));
    } else {
      const { code, source, dataVersion, lastProvince, lastDay } = item.row;
      setBadge.run(bytes(item.index), code, source, dataVersion, lastProvince, lastDay);
    }
    return null;
  };

  return {
    commit: (writes) =>
      guarded(() => {
        try {
          return immediately(database, () => {
            const outcomes = writes.map(write);
            sessions.prune();
            return outcomes;
          });
        } catch (error) {
          sessions.recount();
          throw error;
        }
      }),
    subjects: (indexes) => guarded(() => indexes.flatMap((index) => subjects.find(bytes(index)) ?? [])),
    session: (hash) => guarded(() => sessions.get(bytes(hash))),
    badges: (after) => guarded(() => readBadgePage(database, bytes(after))),
    close: () => database.close(),
  };
}

function bytes(text: Latin1): Buffer {
  return Buffer.from(text, 'latin1');
}

function prepareSubjects(database: DatabaseSync) {
  const insert = database.prepare(
    'INSERT OR IGNORE INTO subjects (account_index, month, subject, sealed) VALUES (?, ?, ?, ?)',
  );
  const select = database.prepare(
    'SELECT lower(hex(subject)) AS subject FROM subjects WHERE account_index = ?',
  );
  const find = (index: Buffer): string | null => {
    const row = select.get(index);
    return row === undefined ? null : String(row['subject']);
  };
  return {
    find,
    add: (index: Buffer, month: number, subject: string, sealed: Uint8Array): string | null => {
      const { changes } = insert.run(index, month, Buffer.from(subject, 'hex'), sealed);
      return changes === 1 ? subject : find(index);
    },
  };
}
