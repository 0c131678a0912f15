import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { dayOf, type Millis } from '../../src/model/time.ts';
import { verifyPartition } from '../../src/records/sqlite/digest.ts';
import { lateDays } from '../../src/records/sqlite/late-days.ts';
import { damagedDays } from '../../src/records/sqlite/partition.ts';
import { lineOf } from '../../src/records/sqlite/schema.ts';
import { openStore, type SqliteStore } from '../../src/records/sqlite/store.ts';
import { writeFileAtomically } from '../../src/platform/files.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { at, NOON, plus } from './items.ts';
import { oneOfEach } from './told-items.ts';

const root = temporaryDirectory();
const EARLIER = at('2026-11-03T10:00:00.000Z');
const DAY = dayOf(EARLIER);

function opened(directory = mkdtempSync(join(root, 'd-'))): { directory: string; store: SqliteStore } {
  return { directory, store: openStore({ directory, durability: 'os', gateway: false }, () => NOON) };
}

const tell = (store: SqliteStore, time: Millis): void => store.commit(oneOfEach('nat', time).map(lineOf));
const records = (directory: string): string => join(directory, 'records');

it('what is told of an earlier day is stored with it, under a mark until the journal has noted its new end', () => {
  const { directory, store } = opened();
  tell(store, EARLIER);
  expect(existsSync(join(records(directory), `${DAY}.sqlite`))).toBe(true);
  expect(lateDays(records(directory))).toEqual([DAY]);
  const head = store.heads().find(({ day }) => day === DAY);
  expect(head).toMatchObject({ day: DAY, seq: 1 });
  // Asked again it is told again: nobody has said that it was noted.
  expect(store.heads().map(({ day }) => day)).toContain(DAY);
  tell(store, plus(EARLIER, 1000));
  // What was noted is not its end any more.
  expect(store.heads(head === undefined ? [] : [head]).find(({ day }) => day === DAY)).toMatchObject({
    seq: 2,
  });
  const noted = store.heads().filter(({ day }) => day === DAY);
  expect(store.heads(noted).map(({ day }) => day)).not.toContain(DAY);
  expect(lateDays(records(directory))).toEqual([]);
  store.close();
  const database = new DatabaseSync(join(records(directory), `${DAY}.sqlite`));
  expect(verifyPartition(database, DAY, 2)).toMatchObject({ ok: true, batches: 2 });
  database.close();
});

it('a mark outlives the run, so that the next one tells the end', () => {
  const first = opened();
  tell(first.store, EARLIER);
  first.store.close();
  const second = opened(first.directory);
  expect(second.store.heads().find(({ day }) => day === DAY)).toMatchObject({ seq: 1 });
  second.store.close();
});

it('a run without a gateway says nothing in its name', () => {
  const { directory, store } = opened();
  tell(store, NOON);
  store.close();
  const database = new DatabaseSync(join(records(directory), '2026-11-20.sqlite'), { readOnly: true });
  const rows = (table: string): unknown[] =>
    database.prepare(`SELECT * FROM ${table} WHERE source = 'gateway'`).all();
  expect([rows('lifecycle'), rows('coverage')]).toEqual([[], []]);
  database.close();
});

it('what retention has deleted is not brought back', () => {
  const directory = mkdtempSync(join(root, 'd-'));
  writeFileAtomically(join(directory, 'retained-from'), String(at('2026-11-10T00:00:00.000Z')));
  const { store } = opened(directory);
  tell(store, EARLIER);
  expect(existsSync(join(records(directory), `${DAY}.sqlite`))).toBe(false);
  store.close();
});

it('a day of another version is left as it is, and stops nothing', () => {
  const directory = mkdtempSync(join(root, 'd-'));
  const store = openStore({ directory, durability: 'os' }, () => NOON);
  for (const time of [EARLIER, plus(NOON, -86_400_000), NOON]) tell(store, time);
  store.heads(store.heads());
  store.close();
  const path = join(records(directory), `${DAY}.sqlite`);
  const older = new DatabaseSync(path);
  older.exec('PRAGMA user_version = 1');
  older.close();
  const before = readFileSync(path);
  const again = opened(directory).store;
  tell(again, EARLIER);
  tell(again, plus(NOON, 1000));
  expect(again.heads().map(({ day }) => day)).toContain(dayOf(NOON));
  again.close();
  expect(readFileSync(path)).toEqual(before);
});

it('a damaged earlier day is set aside, and what is told of it begins anew', () => {
  const directory = mkdtempSync(join(root, 'd-'));
  const first = openStore({ directory, durability: 'os' }, () => NOON);
  for (const time of [EARLIER, plus(NOON, -86_400_000), NOON]) tell(first, time);
  first.heads(first.heads());
  first.close();
  const path = join(records(directory), `${DAY}.sqlite`);
  writeFileSync(path, 'no database at all');
  const { store } = opened(directory);
  tell(store, EARLIER);
  tell(store, plus(NOON, 1000));
  store.close();
  expect(damagedDays(records(directory))).toEqual([DAY]);
  const database = new DatabaseSync(path, { readOnly: true });
  expect(verifyPartition(database, DAY, null)).toMatchObject({ ok: true, batches: 1 });
  database.close();
});

it('more earlier days at once than are kept open', () => {
  const { directory, store } = opened();
  const days = Array.from({ length: 8 }, (_, index) => plus(EARLIER, index * 86_400_000));
  for (const turn of [0, 1]) for (const day of days) tell(store, plus(day, turn));
  expect(store.heads()).toHaveLength(9);
  store.close();
  for (const day of days) {
    const database = new DatabaseSync(join(records(directory), `${dayOf(day)}.sqlite`), { readOnly: true });
    expect(verifyPartition(database, dayOf(day), null)).toMatchObject({ ok: true, batches: 2 });
    database.close();
  }
});
