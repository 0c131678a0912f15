import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { EMPTY_HEAD } from '../../src/ledger/entry.ts';
import { openJournal } from '../../src/ledger/journal-store.ts';
import { verifyJournal, type JournalVerdict } from '../../src/ledger/verify-journal.ts';
import type { Millis } from '../../src/model/time.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { START, tamper, writeJournal } from './support.ts';

const directory = temporaryDirectory();
let files = 0;
const freshPath = (): string => join(directory, `${++files}.sqlite`);

describe('verifyJournal', () => {
  it('finds a whole chain whole', () => {
    const path = freshPath();
    const entries = writeJournal(path, 5);
    const head = { seq: 5, hash: entries[4]?.hash ?? '' };
    expect(verifyJournal(path)).toEqual({ ok: true, entries: 5, head, firstBad: null, notes: [] });
    expect(verifyJournal(path, entries)).toMatchObject({ ok: true });
  });

  it('finds an empty journal whole', () => {
    const path = freshPath();
    writeJournal(path, 0);
    expect(verifyJournal(path)).toEqual({
      ok: true,
      entries: 0,
      head: EMPTY_HEAD,
      firstBad: null,
      notes: [],
    });
  });

  it('sees entries that are only in the log of a journal in use', () => {
    const path = freshPath();
    const journal = openJournal(path);
    journal.append('test.entry', 'system', {});
    expect(verifyJournal(path)).toMatchObject({ ok: true, entries: 1 });
    journal.close();
  });

  it('leaves no files beside a copy', () => {
    const path = freshPath();
    writeJournal(path, 2);
    const evidence = join(directory, 'evidence');
    mkdirSync(evidence);
    copyFileSync(path, join(evidence, 'copy #1?.sqlite'));
    expect(verifyJournal(join(evidence, 'copy #1?.sqlite'))).toMatchObject({ ok: true, entries: 2 });
    expect(readdirSync(evidence)).toEqual(['copy #1?.sqlite']);
  });

  it('notes a clock that stepped back, without calling the chain broken', () => {
    const path = freshPath();
    const times = [START, START + 5000, START + 1000, START + 1000];
    const journal = openJournal(path, { clock: () => times.shift() as Millis });
    for (let i = 0; i < 4; i++) journal.append('test.entry', 'system', {});
    journal.close();
    expect(verifyJournal(path)).toMatchObject({ ok: true, notes: [{ seq: 3, why: 'clock-back' }] });
  });

  it('says that there is no journal', () => {
    expect(() => verifyJournal(join(directory, 'none.sqlite'))).toThrow(
      expect.objectContaining({ code: 'data.missing' }),
    );
  });
});

describe('tampering', () => {
  it.each([
    ['a removed entry', 'DELETE FROM entries WHERE seq = 3', 3, 'missing'],
    ['a removed first entry', 'DELETE FROM entries WHERE seq = 1', 1, 'missing'],
    ['a moved entry', 'UPDATE entries SET seq = 9 WHERE seq = 4', 4, 'missing'],
    [
      'an entry before the first',
      'INSERT INTO entries SELECT 0, at, kind, actor, body, prev, hash FROM entries WHERE seq = 1',
      1,
      'repeated',
    ],
    [
      'a copied entry',
      'INSERT INTO entries SELECT 6, at, kind, actor, body, prev, hash FROM entries WHERE seq = 5',
      6,
      'unchained',
    ],
    [
      'another spelling of a body',
      'UPDATE entries SET body = replace(body, \'"number":\', \'"number": \') WHERE seq = 2',
      2,
      'altered',
    ],
    ['a trigger', 'CREATE TRIGGER t AFTER INSERT ON entries BEGIN DELETE FROM entries; END', 1, 'schema'],
  ])('finds %s', (_name, sql, seq, why) => {
    const path = freshPath();
    writeJournal(path, 5);
    tamper(path, sql);
    expect(verifyJournal(path)).toMatchObject({ ok: false, firstBad: { seq, why }, entries: seq - 1 });
  });

  it('finds swapped entries', () => {
    const path = freshPath();
    writeJournal(path, 5);
    tamper(path, 'UPDATE entries SET seq = seq + 100 WHERE seq = 2');
    tamper(path, 'UPDATE entries SET seq = 2 WHERE seq = 3');
    tamper(path, 'UPDATE entries SET seq = 3 WHERE seq = 102');
    expect(verifyJournal(path)).toMatchObject({ ok: false, firstBad: { seq: 2, why: 'unchained' } });
  });

  it('finds a cut end and a chain written anew by a head that was seen before', () => {
    const path = freshPath();
    const entries = writeJournal(path, 5);
    const [, , third, , fifth] = entries;
    tamper(path, 'DELETE FROM entries WHERE seq = 5');
    expect(verifyJournal(path)).toMatchObject({ ok: true, entries: 4 });
    expect(
      verifyJournal(
        path,
        [third, fifth].filter((head) => head !== undefined),
      ),
    ).toMatchObject({
      ok: false,
      firstBad: { seq: 5, why: 'missing' },
    });
    expect(verifyJournal(path, [{ seq: 3, hash: 'f'.repeat(64) }])).toMatchObject({
      firstBad: { seq: 3, why: 'forked' },
    });
  });

  it('finds an invalid byte that a lenient decoder would hide', () => {
    const path = freshPath();
    const journal = openJournal(path);
    journal.append('test.entry', 'system', { text: 'a\ufffd' });
    journal.close();
    // 0xff decodes leniently to the same U+FFFD.
    tamper(path, "UPDATE entries SET body = CAST(replace(CAST(body AS BLOB), x'efbfbd', x'ff') AS TEXT)");
    expect(verifyJournal(path)).toMatchObject({ ok: false, firstBad: { seq: 1 } });
  });

  it('finds every flipped byte of every row', () => {
    const path = freshPath();
    writeJournal(path, 4);
    const database = new DatabaseSync(path);
    database.exec('PRAGMA synchronous = OFF');
    let flips = 0;
    for (const column of ['kind', 'actor', 'body', 'prev', 'hash']) {
      const read = database.prepare(`SELECT CAST(${column} AS BLOB) AS value FROM entries WHERE seq = ?`);
      const write = database.prepare(`UPDATE entries SET ${column} = CAST(? AS TEXT) WHERE seq = ?`);
      for (let seq = 1; seq <= 4; seq++) {
        const value = read.get(seq)?.['value'] as Uint8Array;
        for (let at = 0; at < value.length; at++) {
          const changed = Uint8Array.from(value);
          changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
          write.run(changed, seq);
          expect(verifyJournal(path), `${column} ${seq} ${at}`).toMatchObject({
            ok: false,
            firstBad: { seq },
          });
          flips++;
        }
        write.run(value, seq);
      }
    }
    for (let bit = 0; bit < 32; bit++) {
      database.exec(`UPDATE entries SET at = at + ${2 ** bit} WHERE seq = 2`);
      expect(verifyJournal(path)).toMatchObject({ ok: false, firstBad: { seq: 2, why: 'altered' } });
      database.exec(`UPDATE entries SET at = at - ${2 ** bit} WHERE seq = 2`);
    }
    database.close();
    expect(verifyJournal(path).ok).toBe(true);
    expect(flips).toBeGreaterThan(600);
  });

  it('never takes a file with a flipped byte for another journal', () => {
    const path = freshPath();
    const entries = writeJournal(path, 4);
    const original = readFileSync(path);
    const target = freshPath();
    const silent: number[] = [];
    const rows = 4096 + original.readUInt16BE(4096 + 5);
    for (let at = 0; at < original.length; at++) {
      const changed = Buffer.from(original);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      writeFileSync(target, changed);
      const verdict = verdictOf(target);
      if (verdict?.ok !== true) continue;
      expect(verdict.head).toEqual({ seq: 4, hash: entries[3]?.hash });
      if (at >= rows) silent.push(at);
      if (at >= rows || at % 16 === 0) expect(readBack(target)).toEqual(entries);
    }
    // Free space and SQLite's counters hold nothing of an entry. Within the rows there is one such byte each: the type
    // of the column that is the row's number, which SQLite writes as 0 and does not read.
    expect(silent.length).toBeLessThanOrEqual(entries.length);
    expect(existsSync(`${target}-wal`)).toBe(false);
  });
});

function verdictOf(path: string): JournalVerdict | null {
  try {
    return verifyJournal(path);
  } catch {
    return null;
  }
}

function readBack(path: string): unknown {
  const journal = openJournal(path);
  try {
    return journal.entries(0, 100);
  } finally {
    journal.close();
  }
}
