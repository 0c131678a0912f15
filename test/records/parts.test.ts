import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import type { IpAddress, Port } from '../../src/model/address.ts';
import type { Site, Subject } from '../../src/model/accounts.ts';
import type { RequestId } from '../../src/model/records.ts';
import { SqliteQuery } from '../../src/records/sqlite/query.ts';
import { lineOf, partedSql } from '../../src/records/sqlite/schema.ts';
import { openStore } from '../../src/records/sqlite/store.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { binding, connection, egress, endpoint, NOON } from './items.ts';

const ROWS = 5000;
const directory = mkdtempSync(join(temporaryDirectory(), 'p-'));
const requestOf = (number: number) =>
  `0b8f3c1e-0000-4000-8000-${String(number).padStart(12, '0')}` as RequestId;
const subjectOf = (number: number) => String(number).padStart(16, '0') as Subject;

it('an index that is cut into parts finds what lies in each of them, by a search and not by a scan', () => {
  const store = openStore({ directory, durability: 'os' }, () => NOON);
  for (let first = 1; first <= ROWS; first += 100) {
    const numbers = Array.from({ length: 100 }, (_, index) => first + index);
    store.commit(
      numbers
        .flatMap((number) => [
          connection(number, NOON, { client: endpoint('113.66.1.1', number) }),
          egress(number, number, NOON),
          binding(number, subjectOf(number), NOON),
          {
            type: 'request' as const,
            request: requestOf(number),
            connection: connection(number, NOON).id,
            site: 'forum' as Site,
            subject: null,
            learned: null,
            at: NOON,
          },
        ])
        .map(lineOf),
    );
  }
  store.close();
  const query = new SqliteQuery(
    directory,
    () => NOON,
    () => false,
  );
  const window = { from: NOON, to: NOON };
  for (const number of [1, 1023, 1024, 1025, 2047, 2048, 3333, 4999, 5000]) {
    const ids = (found: { contacts: readonly { id: number }[] }) => found.contacts.map(({ id }) => id);
    const port = number as Port;
    expect(ids(query.byClient('113.66.1.1' as IpAddress, port, window, 10))).toEqual([number]);
    expect(ids(query.byEgress('10.0.0.1' as IpAddress, port, window, 10))).toEqual([number]);
    expect(ids(query.bySubject(subjectOf(number), window, 10))).toEqual([number]);
    expect(query.byRequest(requestOf(number))?.contact.id).toBe(number);
  }
  expect(query.byClient('113.66.1.1' as IpAddress, null, window, 10).total).toBe(ROWS);
  query.close();

  const database = new DatabaseSync(join(directory, 'records', '2026-11-20.sqlite'), { readOnly: true });
  for (const [table, where, index] of [
    ['connections', "t.client_address = 'x' AND t.client_port = 1", 'connections_client'],
    ['egress', "t.local_port = 1 AND t.local_address = 'x'", 'egress_local'],
    ['bindings', "t.subject = 'x'", 'bindings_subject'],
    ['requests', "t.request = 'x'", 'requests_request'],
  ] as const) {
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${partedSql(table, 't.*', where)}`).all();
    const steps = plan.map((row) => String(row['detail']));
    expect(steps.some((step) => step.startsWith(`SEARCH t USING INDEX ${index} (<expr>=? AND`))).toBe(true);
    expect(steps.some((step) => step.startsWith('SCAN t') || step.startsWith('SCAN x'))).toBe(false);
  }
  database.close();
});
