import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { ShudiError } from '../model/errors.ts';
import { requireVersion } from '../platform/sqlite.ts';
import type { StoredEntry } from './entry.ts';

/** The file's name in a data directory. */
export const JOURNAL_FILE = 'journal.sqlite';

export const JOURNAL_VERSION = 1;

const ENTRIES =
  'CREATE TABLE entries (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL, ' +
  'body TEXT NOT NULL, prev TEXT NOT NULL, hash TEXT NOT NULL) STRICT';

export const JOURNAL_SCHEMA = `${ENTRIES}; PRAGMA user_version = ${JOURNAL_VERSION};`;

/**
 * Text is read as bytes and decoded here: SQLite's own conversion turns an invalid byte into U+FFFD, behind which a
 * changed byte could hide.
 */
export const ENTRY_COLUMNS =
  'seq, at, CAST(kind AS BLOB) AS kind, CAST(actor AS BLOB) AS actor, CAST(body AS BLOB) AS body, ' +
  'CAST(prev AS BLOB) AS prev, CAST(hash AS BLOB) AS hash';

/**
 * Refuses a file whose schema is not exactly ours: a view or a trigger could show other entries than the stored ones.
 * @throws ShudiError journal.broken | data.version
 */
export function requireSchema(database: DatabaseSync, path: string): void {
  const objects = database
    .prepare("SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
    .all();
  if (objects.length === 0) throw new ShudiError('journal.broken', 'The file holds no journal.', path);
  requireVersion(database, JOURNAL_VERSION, path);
  if (objects.length !== 1 || objects[0]?.['sql'] !== ENTRIES) {
    throw new ShudiError('journal.broken', 'The file holds other tables than a journal has.', path);
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The entry of a row of ENTRY_COLUMNS, or null when its bytes cannot be one. */
export function storedEntry(row: Record<string, SQLOutputValue>): StoredEntry | null {
  const { seq, at, kind, actor, body, prev, hash } = row;
  if (!Number.isSafeInteger(seq) || !Number.isSafeInteger(at)) return null;
  const texts = [kind, actor, body, prev, hash].map(decode);
  if (texts.includes(null)) return null;
  const [kindText, actorText, bodyText, prevText, hashText] = texts as [
    string,
    string,
    string,
    string,
    string,
  ];
  return {
    seq: seq as number,
    at: at as number,
    kind: kindText,
    actor: actorText,
    bodyText,
    prev: prevText,
    hash: hashText,
  };
}

function decode(value: SQLOutputValue | undefined): string | null {
  if (!(value instanceof Uint8Array)) return null;
  try {
    return utf8.decode(value);
  } catch {
    return null;
  }
}
