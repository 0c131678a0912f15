import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { firstKeptDay, runRetention } from '../../src/app/retention.ts';
import { openJournal } from '../../src/ledger/journal-store.ts';
import { dayStart, type Day, type Millis } from '../../src/model/time.ts';
import { SqliteQuery } from '../../src/records/sqlite/query.ts';
import { temporaryDirectory } from '../support/directory.ts';

const at = (text: string): Millis => Date.parse(text) as Millis;

describe('retention: six calendar months and one partition', () => {
  for (const [now, kept] of [
    ['2026-11-22T12:00:00Z', '2026-05-21'],
    ['2026-08-31T00:00:00Z', '2026-02-27'],
    ['2026-03-01T23:59:59Z', '2025-08-31'],
    ['2028-08-31T00:00:00Z', '2028-02-28'],
  ] as const) {
    it(`on ${now} keeps from ${kept}`, () => expect(firstKeptDay(at(now))).toBe(kept));
  }

  it('deletes whole days, each with a journal entry first, and remembers from when on records are kept', () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'records'));
    openJournal(join(directory, 'journal.sqlite')).close();
    for (const day of ['2026-05-19', '2026-05-20', '2026-05-21', '2026-11-22'])
      writeFileSync(join(directory, 'records', `${day}.sqlite`), '');
    const now = at('2026-11-22T12:00:00Z');
    expect(runRetention(directory, () => now)).toEqual({
      deleted: ['2026-05-19', '2026-05-20'],
      keptFrom: '2026-05-21',
    });
    expect(readdirSync(join(directory, 'records')).sort()).toEqual([
      '2026-05-21.sqlite',
      '2026-11-22.sqlite',
    ]);
    const journal = openJournal(join(directory, 'journal.sqlite'));
    expect(journal.entries(0, 10).map(({ kind, body }) => [kind, body['day']])).toEqual([
      ['retention.deleted', '2026-05-19'],
      ['retention.deleted', '2026-05-20'],
    ]);
    journal.close();
    expect(
      new SqliteQuery(
        directory,
        () => now,
        () => false,
      ).retainedFrom(),
    ).toBe(dayStart('2026-05-21' as Day));
    expect(runRetention(directory, () => now).deleted).toEqual([]);
  });
});
