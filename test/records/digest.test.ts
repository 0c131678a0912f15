import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { verifyPartition } from '../../src/records/sqlite/digest.ts';
import { columnsOf, lineOf, NUMBERED, TABLE_NAMES } from '../../src/records/sqlite/schema.ts';
import { openStore } from '../../src/records/sqlite/store.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { binding, connection, egress, NOON, plus } from './items.ts';
import { oneOfEach } from './told-items.ts';

const root = temporaryDirectory();
const SUBJECT = 'aaaaaaaaaaaaaaaa';

/** A day with a row or more in every table. */
function day(): DatabaseSync {
  const directory = mkdtempSync(join(root, 'd-'));
  const store = openStore({ directory, durability: 'os' }, () => plus(NOON, 50));
  const { site, subject, connection: id } = binding(1, SUBJECT, NOON);
  const request = null;
  store.commit([connection(1, NOON), egress(1, 50_000, NOON), binding(1, SUBJECT, NOON)].map(lineOf));
  store.commit(
    [
      connection(2, plus(NOON, 5)),
      {
        type: 'session' as const,
        site,
        subject,
        event: 'login' as const,
        at: NOON,
        learned: 'header' as const,
        connection: id,
        request,
      },
      { type: 'publication' as const, site, subject, at: NOON, connection: id, request },
      {
        type: 'request' as const,
        request: '0b8f3c1e-0000-4000-8000-000000000001' as never,
        connection: id,
        site,
        subject,
        learned: 'header' as const,
        at: NOON,
      },
      {
        type: 'refusal' as const,
        listener: 'public',
        prefix: '203.0.113.7',
        kind: 'malformed',
        minute: NOON,
        count: 3,
      },
      { type: 'checkpoint' as const, connection: id, to: plus(NOON, 7) },
      { type: 'unbinding' as const, connection: id, subject, at: plus(NOON, 8) },
      {
        type: 'egress-end' as const,
        connection: id,
        local: egress(1, 50_000, NOON).local,
        from: NOON,
        to: plus(NOON, 9),
      },
      {
        type: 'end' as const,
        connection: id,
        to: plus(NOON, 9),
        closed: plus(NOON, 9),
        reason: 'closed' as const,
      },
      ...oneOfEach('nat', NOON),
    ].map(lineOf),
  );
  store.close();
  return new DatabaseSync(join(directory, 'records', '2026-11-20.sqlite'));
}

const verify = (database: DatabaseSync) => verifyPartition(database, '2026-11-20', null);

describe('the digests of a day', () => {
  it('hold for what was written', () => {
    const database = day();
    expect(verify(database)).toMatchObject({ ok: true, batches: 4, why: null });
    expect(verifyPartition(database, '2026-11-20', 2).anchored).toMatch(/^[0-9a-f]{64}$/);
    expect(verifyPartition(database, '2026-11-21', null).ok).toBe(false);
  });

  for (const table of TABLE_NAMES) {
    for (const column of [...columnsOf(table), 'batch']) {
      it(`find a change of ${table}.${column}`, () => {
        const database = day();
        const changed = `UPDATE ${table} SET ${column} = CASE WHEN typeof(${column}) = 'integer' THEN ${column} + 7 WHEN ${column} IS NULL THEN 1 ELSE ${column} || 'x' END WHERE rowid = (SELECT min(rowid) FROM ${table})`;
        database.exec(changed);
        expect(verify(database).ok).toBe(false);
      });
    }
    it(`find a row taken out of ${table}, and one put in`, () => {
      const without = day();
      without.exec(`DELETE FROM ${table} WHERE rowid = (SELECT max(rowid) FROM ${table})`);
      expect(verify(without).ok).toBe(false);
      const more = day();
      const columns = columnsOf(table).map((name) =>
        table === 'ends' && name === 'connection' ? '999' : name,
      );
      more.exec(
        `INSERT INTO ${table} (${columnsOf(table).join(', ')}, batch) SELECT ${columns.join(', ')}, batch FROM ${table} LIMIT 1`,
      );
      expect(verify(more).ok).toBe(false);
    });
  }

  for (const table of NUMBERED)
    it(`find a row of ${table} that was put under another number`, () => {
      const database = day();
      database.exec(`UPDATE ${table} SET n = n + 5000 WHERE n = (SELECT max(n) FROM ${table})`);
      expect(verify(database)).toMatchObject({ ok: false });
    });

  it('find a batch cut off when the journal has noted it, and a changed chain', () => {
    const database = day();
    database.exec("UPDATE batches SET chain = 'x' WHERE seq = 2");
    expect(verify(database)).toMatchObject({ ok: false, why: 'the chain breaks at batch 2' });
    const cut = day();
    for (const table of TABLE_NAMES) cut.exec(`DELETE FROM ${table} WHERE batch = 4`);
    cut.exec('DELETE FROM batches WHERE seq = 4');
    expect(verifyPartition(cut, '2026-11-20', 4)).toMatchObject({ ok: true, anchored: null });
  });
});
