import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { Badge } from '../model/accounts.ts';

/** What is stored of an account's badge. */
export interface BadgeRow extends Badge {
  /** The mainland province of the last act over IPv4; null unless a policy needs it. */
  readonly lastProvince: string | null;
  /** The day of that act, days since the Unix epoch. */
  readonly lastDay: number | null;
}

/**
 * Many badges in a compact form: there are a million accounts, but only some hundred different badges. Account `i` has
 * the 32 bytes of `indexes` from 32 * i on and the row `rows[which[i]]`.
 */
export interface BadgePage {
  readonly indexes: Uint8Array;
  readonly which: Uint32Array;
  readonly rows: readonly BadgeRow[];
}

export const INDEX_BYTES = 32;
const PAGE = 20_000;

const COLUMNS = 'account_index, code, source, data_version, last_v4_province, last_v4_day';

/** The badges after an index, in its order; about 2 us each. */
export function readBadgePage(database: DatabaseSync, after: Uint8Array): BadgePage {
  const query = `SELECT ${COLUMNS} FROM badges WHERE account_index > ? ORDER BY account_index LIMIT ${PAGE}`;
  const statement = database.prepare(query, { returnArrays: true });
  const indexes = new Uint8Array(PAGE * INDEX_BYTES);
  const which = new Uint32Array(PAGE);
  const table = new Map<string, number>();
  const rows: BadgeRow[] = [];
  let count = 0;
  for (const row of statement.iterate(after) as Iterable<readonly SQLOutputValue[]>) {
    const [index, ...values] = row;
    const key = values.join('\0');
    let place = table.get(key);
    if (place === undefined) {
      place = rows.push(badgeRow(values)) - 1;
      table.set(key, place);
    }
    which[count] = place;
    indexes.set(index as Uint8Array, count * INDEX_BYTES);
    count++;
  }
  return { indexes: indexes.slice(0, count * INDEX_BYTES), which: which.slice(0, count), rows };
}

function badgeRow([code, source, dataVersion, province, day]: readonly SQLOutputValue[]): BadgeRow {
  return {
    code: String(code),
    source: String(source),
    dataVersion: String(dataVersion),
    lastProvince: typeof province === 'string' ? province : null,
    lastDay: typeof day === 'number' ? day : null,
  };
}

/** Equal for equal badges only. */
export function badgeKey(row: BadgeRow): string {
  return JSON.stringify([row.code, row.source, row.dataVersion, row.lastProvince, row.lastDay]);
}
