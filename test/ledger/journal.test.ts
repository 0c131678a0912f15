import { createHash } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryHash, EMPTY_HEAD } from '../../src/ledger/entry.ts';
import { openJournal } from '../../src/ledger/journal-store.ts';
import { startJournal } from '../../src/ledger/journal.ts';
import { canonicalJson } from '../../src/model/canonical-json.ts';
import type { Json } from '../../src/model/journal.ts';
import type { Millis } from '../../src/model/time.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { START, tamper, writeJournal } from './support.ts';

const directory = temporaryDirectory();
let files = 0;
const freshPath = (): string => join(directory, `${++files}.sqlite`);

describe('a journal file', () => {
  it('begins with the empty head and chains what is appended', () => {
    const journal = openJournal(freshPath(), { clock: () => START });
    expect(journal.head()).toEqual(EMPTY_HEAD);
    const first = journal.append('gateway.started', 'system', { version: '1' });
    const second = journal.append('case.opened', 'p-1', { z: 1, a: [null, true] });
    expect(first).toMatchObject({ seq: 1, at: START, prev: '0'.repeat(64) });
    expect(second).toMatchObject({ seq: 2, prev: first.hash, body: { a: [null, true], z: 1 } });
    expect(journal.head()).toEqual({ seq: 2, hash: second.hash });
    expect(journal.entries(0, 10)).toEqual([first, second]);
    expect(journal.entries(1, 10)).toEqual([second]);
    expect(journal.entries(0, 1)).toEqual([first]);
    expect(journal.entries(2, 10)).toEqual([]);
    expect(journal.entries(7, 10)).toEqual([]);
    journal.close();
  });

  it('hashes the canonical JSON of all other fields', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'grapheme' }), fc.integer()),
        fc.string({ unit: 'grapheme' }),
        (body, actor) => {
          const fields = { seq: 7, at: START, kind: 'test.entry', actor, prev: 'ab' };
          const whole = createHash('sha256')
            .update(canonicalJson({ ...fields, body }))
            .digest('hex');
          expect(entryHash({ ...fields, bodyText: canonicalJson(body) })).toBe(whole);
        },
      ),
    );
  });

  it('keeps its entries when it is opened again, and is for its owner only', () => {
    const path = freshPath();
    const entries = writeJournal(path, 3);
    const journal = openJournal(path);
    expect(journal.entries(0, 10)).toEqual(entries);
    journal.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory).filter((name) => name.endsWith('.new'))).toEqual([]);
  });

  it('refuses an append that expects another head', () => {
    const journal = openJournal(freshPath());
    const first = journal.append('test.entry', 'system', {}, EMPTY_HEAD);
    expect(() => journal.append('test.entry', 'system', {}, EMPTY_HEAD)).toThrow(
      expect.objectContaining({ code: 'journal.moved' }),
    );
    expect(() => journal.append('test.entry', 'system', {}, { seq: 1, hash: 'f'.repeat(64) })).toThrow(
      expect.objectContaining({ code: 'journal.moved' }),
    );
    expect(journal.append('test.entry', 'system', {}, first).seq).toBe(2);
    journal.close();
  });

  it.each<[string, string, string, { [key: string]: Json }]>([
    ['a kind with capitals', 'Test.Entry', 'system', {}],
    ['an empty kind', '', 'system', {}],
    ['a kind of 65 characters', 'a'.repeat(65), 'system', {}],
    ['an empty actor', 'test.entry', '', {}],
    ['an actor with a line feed', 'test.entry', 'a\nb', {}],
    ['an actor of 129 characters', 'test.entry', 'a'.repeat(129), {}],
    ['a body above 64 KiB', 'test.entry', 'system', { text: 'x'.repeat(65_536 - 10) }],
    ['a body that is a list', 'test.entry', 'system', [] as unknown as { [key: string]: Json }],
    ['a body with NaN', 'test.entry', 'system', { n: Number.NaN }],
  ])('refuses %s', (_name, kind, actor, body) => {
    const journal = openJournal(freshPath());
    expect(() => journal.append(kind, actor, body)).toThrow(
      expect.objectContaining({ code: 'journal.invalid' }),
    );
    expect(journal.head().seq).toBe(0);
    journal.close();
  });

  it('takes a body of exactly 64 KiB', () => {
    const journal = openJournal(freshPath());
    expect(journal.append('test.entry', 'system', { text: 'x'.repeat(65_536 - 11) }).seq).toBe(1);
    journal.close();
  });

  it('refuses to read or continue a chain whose entries were changed', () => {
    const path = freshPath();
    writeJournal(path, 3);
    tamper(path, "UPDATE entries SET body = '{}' WHERE seq = 3");
    const journal = openJournal(path);
    expect(() => journal.append('test.entry', 'system', {})).toThrow(
      expect.objectContaining({ code: 'journal.broken' }),
    );
    expect(() => journal.head()).toThrow(expect.objectContaining({ code: 'journal.broken' }));
    expect(() => journal.entries(0, 10)).toThrow(expect.objectContaining({ code: 'journal.broken' }));
    expect(journal.entries(0, 2)).toHaveLength(2);
    journal.close();
  });

  it.each<[string, (path: string) => void]>([
    ['empty', (path) => closeSync(openSync(path, 'w'))],
    ['garbage', (path) => writeFileSync(path, 'x'.repeat(10_000))],
    ['overwritten at its start', (path) => writeFileSync(path, Buffer.alloc(100), { flag: 'r+' })],
    ['another database', (path) => tamper(path, 'CREATE TABLE entries (seq INTEGER)')],
    [
      'changed in its schema',
      (path) => {
        writeJournal(path, 1);
        tamper(path, 'CREATE TRIGGER t AFTER INSERT ON entries BEGIN DELETE FROM entries; END');
      },
    ],
  ])('refuses a file that is %s, and leaves it as it is', (name, damage) => {
    const path = freshPath();
    if (name.startsWith('overwritten')) writeJournal(path, 3);
    damage(path);
    const before = readFileSync(path);
    expect(() => openJournal(path)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/journal\.broken|data\.version/) as string }),
    );
    // SQLite may note the switch to WAL in the header of a file that is a sound database.
    if (!name.startsWith('another')) expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('refuses a log without its file', () => {
    const path = freshPath();
    writeFileSync(`${path}-wal`, 'x');
    expect(() => openJournal(path)).toThrow(expect.objectContaining({ code: 'journal.broken' }));
    rmSync(`${path}-wal`);
  });

  it('refuses a directory that is not there', () => {
    expect(() => openJournal(join(directory, 'nowhere', 'journal.sqlite'))).toThrow(
      expect.objectContaining({ code: 'data.missing' }),
    );
  });
});

describe('the journal in its thread', () => {
  it('answers as the file does', async () => {
    let now = START;
    const own = temporaryDirectoryOf('thread');
    const journal = await startJournal({ directory: own, clock: () => now++ as Millis });
    const entries = await Promise.all(
      Array.from({ length: 20 }, (_, number) => journal.append('test.entry', 'system', { number })),
    );
    expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(entries[5]).toMatchObject({ at: START + 5, body: { number: 5 } });
    expect(await journal.entries(0, 100)).toEqual(entries);
    expect(await journal.head()).toEqual({ seq: 20, hash: entries[19]?.hash });
    await expect(journal.append('test.entry', 'system', {}, EMPTY_HEAD)).rejects.toMatchObject({
      code: 'journal.moved',
    });
    await expect(journal.append('', 'system', {})).rejects.toMatchObject({ code: 'journal.invalid' });
    await journal.close();
    await expect(journal.append('test.entry', 'system', {})).rejects.toMatchObject({
      code: 'journal.unavailable',
    });
  });

  it('does not start on a broken file', async () => {
    const own = temporaryDirectoryOf('broken');
    writeFileSync(join(own, 'journal.sqlite'), 'x'.repeat(5000));
    await expect(startJournal({ directory: own })).rejects.toMatchObject({ code: 'journal.broken' });
  });

  it('reads the machine clock by default', async () => {
    const journal = await startJournal({ directory: temporaryDirectoryOf('clock') });
    const before = Date.now();
    const { at } = await journal.append('test.entry', 'system', {});
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(Date.now());
    await journal.close();
  });
});

function temporaryDirectoryOf(name: string): string {
  const path = join(directory, name);
  mkdirSync(path);
  return path;
}
