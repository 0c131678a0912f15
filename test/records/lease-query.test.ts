import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Subject } from '../../src/model/accounts.ts';
import { SqliteQuery } from '../../src/records/sqlite/query.ts';
import { lineOf } from '../../src/records/sqlite/schema.ts';
import { openStore } from '../../src/records/sqlite/store.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { around, NOON, plus } from './items.ts';
import { ANNA, BERT, DAY, INSIDE, lease } from './told.ts';

const root = temporaryDirectory();

it('a lease that lasts on for longer than is looked at is found as of when it began', () => {
  const directory = mkdtempSync(join(root, 'l-'));
  const store = openStore({ directory, durability: 'os', gateway: false }, () => NOON);
  const begin = plus(NOON, -30 * DAY);
  store.commit([...lease('start', begin, { subject: BERT, session: 's0' })].map(lineOf));
  store.commit(lease('start', plus(begin, DAY)).map(lineOf));
  // More than 20,000 in all, an interim every two minutes.
  for (let day = 1; day < 29; day += 1)
    store.commit(
      Array.from({ length: 720 }, (_, index) =>
        lease('interim', plus(begin, DAY + day * DAY + index * 120_000)),
      )
        .flat()
        .map(lineOf),
    );
  store.close();
  const query = new SqliteQuery(
    directory,
    () => NOON,
    () => false,
  );
  const subjects = (days: number): (Subject | null)[] =>
    query.leases(INSIDE, around(plus(begin, days * DAY)), 100).leases.map(({ subject }) => subject);
  expect([subjects(0.5), subjects(1.5), subjects(2.5)]).toEqual([[BERT], [ANNA], [ANNA]]);
  expect(query.leases(INSIDE, around(plus(begin, 2 * DAY)), 100).total).toBe(1);
  query.close();
});
