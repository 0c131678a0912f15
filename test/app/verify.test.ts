import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { verifyData } from '../../src/app/verify.ts';
import { openJournal } from '../../src/ledger/journal-store.ts';
import type { Millis } from '../../src/model/time.ts';
import { rowOf } from '../../src/records/sqlite/schema.ts';
import { openStore, type StoreHead } from '../../src/records/sqlite/store.ts';
import { binding, connection, NOON, plus } from '../records/items.ts';
import { temporaryDirectory } from '../support/directory.ts';

const root = temporaryDirectory();
const DAY = 86_400_000;
const DAYS = ['2026-11-20', '2026-11-21', '2026-11-22'];

/** Three days of records with their heads in the journal, as a gateway leaves them. */
function history(): string {
  const directory = mkdtempSync(join(root, 'v-'));
  mkdirSync(join(directory, 'records'));
  const journal = openJournal(join(directory, 'journal.sqlite'), { clock: () => plus(NOON, 3 * DAY) });
  let now: Millis = NOON;
  const anchor = (heads: readonly StoreHead[]) =>
    heads.forEach(({ day, seq, chain }) => journal.append('records.anchor', 'system', { day, seq, chain }));
  const store = openStore({ directory, durability: 'os' }, () => now);
  for (let day = 0; day < 3; day += 1) {
    now = plus(NOON, day * DAY);
    const items = [connection(day + 1, now), binding(day + 1, 'aaaaaaaaaaaaaaaa', now)];
    store.commit(items.map((item) => JSON.stringify(rowOf(item))));
    anchor(store.heads());
  }
  store.close();
  journal.close();
  return directory;
}

const open = (directory: string, day: string) =>
  new DatabaseSync(join(directory, 'records', `${day}.sqlite`));
const whyOf = (directory: string, day: string) =>
  verifyData(directory).days.find((item) => item.day === day)?.why ?? null;

describe('shudi verify', () => {
  it('holds for what a gateway leaves, the last batches of the newest day not being noted yet', () => {
    expect(verifyData(history())).toMatchObject({ ok: true, missing: [], setAside: [], retention: true });
  });

  it('finds batches, well made, that were added to a day that is over', () => {
    const directory = history();
    const other = mkdtempSync(join(root, 'o-'));
    cpSync(directory, other, { recursive: true });
    // The same program continues the day's own chain, as an insider would.
    for (const day of DAYS.slice(1)) rmSync(join(other, 'records', `${day}.sqlite`));
    const store = openStore({ directory: other, durability: 'os' }, () => plus(NOON, 1000));
    store.commit([JSON.stringify(rowOf(connection(77, plus(NOON, 500))))]);
    store.close();
    cpSync(join(other, 'records', `${DAYS[0]}.sqlite`), join(directory, 'records', `${DAYS[0]}.sqlite`));
    expect(whyOf(directory, DAYS[0] ?? '')).toBe('batches were added after the day was closed');
  });

  it('finds a day that was invented, one that is gone, and two that changed places', () => {
    const directory = history();
    const records = join(directory, 'records');
    cpSync(join(records, `${DAYS[0]}.sqlite`), join(records, '2026-11-10.sqlite'));
    expect(verifyData(directory).ok).toBe(false);
    expect(whyOf(directory, '2026-11-10')).not.toBeNull();
    rmSync(join(records, '2026-11-10.sqlite'));
    cpSync(join(records, `${DAYS[0]}.sqlite`), join(records, 'aside'));
    cpSync(join(records, `${DAYS[1]}.sqlite`), join(records, `${DAYS[0]}.sqlite`));
    cpSync(join(records, 'aside'), join(records, `${DAYS[1]}.sqlite`));
    expect(verifyData(directory).days.map(({ ok }) => ok)).toEqual([false, false, true]);
    const gone = history();
    rmSync(join(gone, 'records', `${DAYS[1]}.sqlite`));
    expect(verifyData(gone)).toMatchObject({ ok: false, missing: [DAYS[1]] });
  });

  it('finds an index that hides a subject, and a number too large to be read', () => {
    const hidden = history();
    const database = open(hidden, DAYS[0] ?? '');
    database.exec(
      "DROP INDEX bindings_subject; CREATE INDEX bindings_subject ON bindings (subject, from_ms) WHERE subject <> 'aaaaaaaaaaaaaaaa'",
    );
    database.close();
    expect(whyOf(hidden, DAYS[0] ?? '')).toBe('the file is damaged');
    const large = history();
    const numbers = open(large, DAYS[0] ?? '');
    numbers.exec('UPDATE bindings SET from_ms = 9223372036854775807');
    numbers.close();
    expect(whyOf(large, DAYS[0] ?? '')).not.toBeNull();
  });

  it('finds an edge of retention that the journal does not tell, and a deletion before its time', () => {
    const edge = history();
    writeFileSync(join(edge, 'retained-from'), '9999999999999');
    expect(verifyData(edge)).toMatchObject({ ok: false, retention: false });
    const early = history();
    const journal = openJournal(join(early, 'journal.sqlite'), { clock: () => plus(NOON, 3 * DAY) });
    journal.append('retention.deleted', 'operator', {
      day: DAYS[1] ?? '',
      floorMonths: 6,
      keptFrom: DAYS[2] ?? '',
    });
    journal.close();
    rmSync(join(early, 'records', `${DAYS[1]}.sqlite`));
    expect(verifyData(early)).toMatchObject({ ok: false, missing: [DAYS[1]] });
  });

  it('finds a journal whose end was cut off, by a head that was kept elsewhere', () => {
    const directory = history();
    const { head } = verifyData(directory).journal;
    const database = new DatabaseSync(join(directory, 'journal.sqlite'));
    database.exec(`DELETE FROM entries WHERE seq = ${head.seq}`);
    database.close();
    expect(verifyData(directory).journal.ok).toBe(true);
    expect(verifyData(directory, [head]).journal).toMatchObject({ ok: false, firstBad: { why: 'missing' } });
  });
});
