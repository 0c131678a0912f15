/** The file's name in a data directory. */
export const VAULT_FILE = 'vault.sqlite';

export const VAULT_VERSION = 2;

/**
 * `account_index` of a subject = HMAC-SHA-256(index key, month and site | 0 | account), so that nothing here ties an
 * account's months together; of a badge = HMAC-SHA-256(badge key, site | 0 | account). `cookie_hash` =
 * HMAC-SHA-256(cookie key, site | 0 | cookie). Without the keys none of them can be guessed. `sealed` of a subject opens
 * with the disclosure key only, `sealed` of a session with a key that the gateway has, as it must know its users again
 * after a restart.
 */
export const VAULT_SCHEMA = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE subjects (
  account_index BLOB PRIMARY KEY, month INTEGER NOT NULL, subject BLOB NOT NULL UNIQUE, sealed BLOB NOT NULL
) STRICT;
CREATE TABLE sessions (
  cookie_hash BLOB PRIMARY KEY, sealed BLOB NOT NULL, since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_age ON sessions (since);
CREATE TABLE badges (
  account_index BLOB PRIMARY KEY, code TEXT NOT NULL, source TEXT NOT NULL, data_version TEXT NOT NULL,
  last_v4_province TEXT, last_v4_day INTEGER
) STRICT, WITHOUT ROWID;
PRAGMA user_version = ${VAULT_VERSION};
`;
