import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openJournal } from '../../src/ledger/journal-store.ts';
import { formatTime, type Millis } from '../../src/model/time.ts';
import { openStore } from '../../src/records/sqlite/store.ts';
import { rowOf } from '../../src/records/sqlite/schema.ts';
import { connection, egress } from '../records/items.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { shudi } from './command.ts';
import { plainConfig, serve } from './serve.ts';

const root = temporaryDirectory();
const DAY = 86_400_000;

/** Overwrites the middle of a file, header and all the way to what the question needs. */
function damage(path: string): void {
  const handle = openSync(path, 'r+');
  const { size } = statSync(path);
  writeSync(handle, Buffer.alloc(size - 200, 0xa5), 0, size - 200, 100);
  closeSync(handle);
}

/** A data directory with a contact at noon of each of the last `days` days. */
function history(name: string, days: number): { data: string; noons: Millis[]; config: string } {
  const directory = join(root, name);
  const data = join(directory, 'data');
  mkdirSync(data, { recursive: true });
  openJournal(join(data, 'journal.sqlite')).close();
  const today = Math.floor(Date.now() / DAY) * DAY;
  const noons: Millis[] = [];
  for (let back = days; back >= 1; back -= 1) {
    let now = (today - back * DAY + DAY / 2 - 1000) as Millis;
    const store = openStore({ directory: data, durability: 'fsync' }, () => now);
    const noon = (now + 1000) as Millis;
    now = noon;
    const number = days - back + 1;
    store.commit(
      [
        connection(number, noon),
        egress(number, 50_000, noon),
        {
          type: 'end' as const,
          connection: connection(number, noon).id,
          to: (noon + 5000) as Millis,
          closed: (noon + 5000) as Millis,
          reason: 'closed' as const,
        },
      ].map((item) => JSON.stringify(rowOf(item))),
    );
    now = (noon + 60_000) as Millis;
    store.close();
    noons.push(noon);
  }
  const config = join(directory, 'shudi.yaml');
  writeFileSync(config, JSON.stringify(plainConfig(directory, 9)));
  return { data, noons, config };
}

async function ask(data: string, at: Millis): Promise<{ grade: string; reasons: string[] }> {
  const ran = await shudi([
    'trace',
    '--data',
    data,
    '--json',
    '--outside',
    '113.66.1.1',
    '--port',
    '40001',
    '--at',
    formatTime((at + 1000) as Millis),
  ]);
  return JSON.parse(ran.out) as { grade: string; reasons: string[] };
}

describe('damage', () => {
  it('a damaged day is answered as a gap, the other days go on, and verify names it', async () => {
    const { data, noons } = history('day', 3);
    for (const noon of noons) expect(await ask(data, noon)).toMatchObject({ grade: 'exact' });
    damage(join(data, 'records', `${formatTime(noons[1] ?? (0 as Millis)).slice(0, 10)}.sqlite`));
    expect(await ask(data, noons[0] ?? (0 as Millis))).toMatchObject({ grade: 'exact' });
    expect(await ask(data, noons[1] ?? (0 as Millis))).toMatchObject({
      grade: 'gap',
      reasons: ['damaged-partition'],
    });
    expect(await ask(data, noons[2] ?? (0 as Millis))).toMatchObject({ grade: 'exact' });
    const verdict = await shudi(['verify', data]);
    expect(verdict.status).toBe(1);
    expect(verdict.out).toContain('damaged');
  }, 60_000);

  for (const [what, ruin] of [
    ['empty', (path: string) => truncateSync(path, 0)],
    ['cut off', (path: string) => truncateSync(path, 5000)],
    [
      'another database',
      (path: string) => {
        rmSync(path);
        const database = new DatabaseSync(path);
        database.exec('CREATE TABLE other (x)');
        database.close();
      },
    ],
  ] as const) {
    it(`a day file that is ${what} is a gap as well, and verify names the day and changes nothing`, async () => {
      const { data, noons } = history(`ruined-${what.replaceAll(' ', '-')}`, 3);
      const [first, second, third] = noons as [Millis, Millis, Millis];
      const day = formatTime(second).slice(0, 10);
      ruin(join(data, 'records', `${day}.sqlite`));
      expect(await ask(data, second)).toMatchObject({ grade: 'gap', reasons: ['damaged-partition'] });
      expect(await ask(data, first)).toMatchObject({ grade: 'exact' });
      expect(await ask(data, third)).toMatchObject({ grade: 'exact' });
      const before = new Set(readdirSync(data, { recursive: true }).map(String));
      const verdict = await shudi(['verify', data]);
      expect(verdict.status).toBe(1);
      expect(verdict.out).toMatch(new RegExp(`${day}: (?:BROKEN|a damaged file was set aside)`));
      expect(new Set(readdirSync(data, { recursive: true }).map(String))).toEqual(before);
    }, 60_000);
  }

  it('the newest day, found damaged at the start, is set aside with a journal entry; the gateway goes on', async () => {
    const { data, noons, config } = history('newest', 2);
    const last = noons[1] ?? (0 as Millis);
    damage(join(data, 'records', `${formatTime(last).slice(0, 10)}.sqlite`));
    const gateway = await serve(
      join(root, 'newest'),
      JSON.parse(JSON.stringify(plainConfig(join(root, 'newest'), 9))) as object,
    );
    expect((await fetch(`http://127.0.0.1:${gateway.gatewayPort}/.shudi/healthz`)).status).toBe(200);
    await gateway.stop();
    expect(config).not.toBe('');
    expect(readdirSync(join(data, 'records')).some((name) => name.includes('.damaged-'))).toBe(true);
    const journal = openJournal(join(data, 'journal.sqlite'));
    expect(journal.entries(0, 100).some(({ kind }) => kind === 'records.set-aside')).toBe(true);
    journal.close();
    expect(await ask(data, last)).toMatchObject({ grade: 'gap', reasons: ['damaged-partition'] });
    expect(await ask(data, noons[0] ?? (0 as Millis))).toMatchObject({ grade: 'exact' });
  }, 60_000);

  for (const [what, file, code] of [
    ['vault', 'vault.sqlite', 'data.damaged'],
    ['journal', 'journal.sqlite', 'journal.broken'],
  ] as const) {
    it(`a damaged ${what} stops the start in clear words; nothing is changed`, async () => {
      const directory = join(root, `start-${what}`);
      mkdirSync(directory);
      const first = await serve(directory, plainConfig(directory, 9));
      await first.stop();
      const path = join(directory, 'data', file);
      damage(path);
      const size = statSync(path).size;
      const ran = await shudi(['serve', '--config', join(directory, 'shudi.yaml')]);
      expect(ran.status).not.toBe(0);
      expect(ran.err).toContain(code);
      expect(ran.err).toContain(file);
      expect(ran.err).not.toMatch(/^\s+at /m);
      expect(statSync(path).size).toBe(size);
    }, 60_000);
  }

  it('a damaged region file stops the start in clear words', async () => {
    const directory = join(root, 'regions');
    mkdirSync(directory);
    const file = join(directory, 'region.mmdb');
    writeFileSync(file, 'not a region file');
    writeFileSync(
      join(directory, 'shudi.yaml'),
      JSON.stringify({ ...plainConfig(directory, 9), regions: { file } }),
    );
    const ran = await shudi(['serve', '--config', join(directory, 'shudi.yaml')]);
    expect(ran.status).toBe(2);
    expect(ran.err).toMatch(/region\.(?:damaged|schema)/);
    expect(ran.err).toContain('region.mmdb');
  });

  it('a key that others can read stops the start', async () => {
    const directory = join(root, 'keys');
    mkdirSync(directory);
    const first = await serve(directory, plainConfig(directory, 9));
    await first.stop();
    chmodSync(join(directory, 'data/keys/vault.key'), 0o644);
    const ran = await shudi(['serve', '--config', join(directory, 'shudi.yaml')]);
    expect(ran.status).toBe(2);
    expect(ran.err).toContain('data.permissions');
  }, 60_000);
});
