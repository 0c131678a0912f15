import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { ensureVaultKey } from '../../src/accounts/key-files.ts';
import { readSealed } from '../../src/accounts/read-sealed.ts';
import { openIdentity, readDisclosureKey } from '../../src/disclosure/disclosure-key.ts';
import type { Subject } from '../../src/model/accounts.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { account, createHome, DECEMBER, FORUM, NOVEMBER, region, V4, type Home } from './support.ts';

const parent = temporaryDirectory();

/** A vault with an account in it, closed. */
async function used(name: string): Promise<Home> {
  const home = createHome(parent, name);
  const accounts = await home.open();
  for (let i = 0; i < 20; i++) await accounts.subjects.subjectOf(FORUM, account(`u${i}`), NOVEMBER);
  await accounts.close();
  return home;
}

describe('the vault file', () => {
  it('holds no account, site, cookie or address, in no file and at no time', async () => {
    const home = createHome(parent, 'plain');
    const accounts = await home.open();
    const name = account('Zweistein-用户-4711');
    const cookie = 'session=s3cr3t-c00kie-value';
    const site = 'very-special-site' as typeof FORUM;
    await accounts.subjects.subjectOf(site, name, NOVEMBER);
    await accounts.sessions.bind(site, cookie, name, NOVEMBER);
    await accounts.badges.publish(site, name, region('CN-GD'), V4, NOVEMBER);
    const look = (): void => {
      for (const suffix of ['', '-wal', '-shm']) {
        if (!existsSync(home.vaultPath + suffix)) continue;
        const content = readFileSync(home.vaultPath + suffix);
        for (const text of [name, cookie, 's3cr3t', site, V4]) {
          for (const encoding of ['utf8', 'utf16le'] as const)
            expect(content.includes(Buffer.from(text, encoding))).toBe(false);
        }
      }
    };
    look();
    await accounts.close();
    look();
    expect(statSync(home.vaultPath).mode & 0o777).toBe(0o600);
  });

  it('seals every identity to the same length', async () => {
    const home = createHome(parent, 'length');
    const accounts = await home.open();
    const names = ['a', 'b'.repeat(128), '界'.repeat(128), '"'.repeat(128)].map(account);
    const subjects = await Promise.all(
      names.map((name) => accounts.subjects.subjectOf(FORUM, name, NOVEMBER)),
    );
    await accounts.close();
    const sealed = [...readSealed(home.vaultPath, subjects).values()].filter((entry) => entry !== null);
    expect(new Set(sealed.map((entry) => entry.sealed.length)).size).toBe(1);
    const key = readDisclosureKey(home.keysDirectory);
    const opened = await Promise.all(sealed.map((entry) => openIdentity(key, entry)));
    expect(opened.map((identity) => identity.account)).toEqual(names);
  });

  it('does not open identities that were swapped between subjects or months', async () => {
    const home = createHome(parent, 'swapped');
    const accounts = await home.open();
    const acts = [
      ['a', NOVEMBER],
      ['b', NOVEMBER],
      ['a', DECEMBER],
    ] as const;
    const subjects = await Promise.all(
      acts.map(([name, at]) => accounts.subjects.subjectOf(FORUM, account(name), at)),
    );
    await accounts.close();
    const database = new DatabaseSync(home.vaultPath);
    const blobs = subjects.map(
      (subject) =>
        database.prepare('SELECT sealed FROM subjects WHERE subject = unhex(?)').get(subject)?.['sealed'],
    );
    const place = database.prepare('UPDATE subjects SET sealed = ? WHERE subject = unhex(?)');
    subjects.forEach((subject, at) => place.run(blobs[(at + 1) % 3] as Uint8Array, subject));
    database.close();
    const key = readDisclosureKey(home.keysDirectory);
    const entries = [...readSealed(home.vaultPath, subjects).values()].filter((entry) => entry !== null);
    expect(entries).toHaveLength(3);
    for (const entry of entries)
      await expect(openIdentity(key, entry)).rejects.toMatchObject({ code: 'vault.tampered' });
  });

  it('gives sealed identities of a vault in use, and null for subjects that it does not know', async () => {
    const home = createHome(parent, 'sealed');
    const accounts = await home.open();
    const subject = await accounts.subjects.subjectOf(FORUM, account('42'), NOVEMBER);
    const unknown = ['ffffffffffffffff', 'nonsense', ''] as Subject[];
    const found = readSealed(home.vaultPath, [subject, ...unknown]);
    expect(found.get(subject)).toMatchObject({ subject, month: 202611 });
    expect(unknown.map((other) => found.get(other))).toEqual([null, null, null]);
    await accounts.close();
    expect(() => readSealed(join(parent, 'none.sqlite'), [])).toThrow(
      expect.objectContaining({ code: 'data.missing' }),
    );
  });

  it.each<[string, (path: string) => void]>([
    ['empty', (path) => closeSync(openSync(path, 'w'))],
    ['garbage', (path) => writeFileSync(path, 'x'.repeat(20_000))],
    ['cut short', (path) => truncateSync(path, 4096 * 3)],
    [
      'overwritten inside',
      (path) => {
        const handle = openSync(path, 'r+');
        for (let page = 1; page * 4096 < statSync(path).size; page++)
          writeSync(handle, Buffer.alloc(64, 0x55), 0, 64, page * 4096);
        closeSync(handle);
      },
    ],
  ])('is refused when it is %s, and left as it is', async (name, damage) => {
    const home = await used(`damaged ${name}`);
    damage(home.vaultPath);
    const before = readFileSync(home.vaultPath);
    await expect(home.open()).rejects.toMatchObject({ code: 'data.damaged', where: home.vaultPath });
    expect(readFileSync(home.vaultPath).equals(before)).toBe(true);
  });

  it('is refused when only its log is left', async () => {
    const home = await used('log');
    rmSync(home.vaultPath);
    writeFileSync(`${home.vaultPath}-wal`, 'x');
    await expect(home.open()).rejects.toMatchObject({ code: 'data.damaged' });
  });

  it('is refused when it is of another version', async () => {
    const home = await used('version');
    const database = new DatabaseSync(home.vaultPath);
    database.exec('PRAGMA user_version = 99');
    database.close();
    await expect(home.open()).rejects.toMatchObject({ code: 'data.version' });
    expect(() => readSealed(home.vaultPath, [])).toThrow(expect.objectContaining({ code: 'data.version' }));
  });
});

describe('the vault key', () => {
  it('is made once, for its owner only', () => {
    const keys = join(parent, 'new-keys');
    ensureVaultKey(keys);
    const path = join(keys, 'vault.key');
    const first = readFileSync(path);
    expect(first).toHaveLength(32);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(keys).mode & 0o777).toBe(0o700);
    ensureVaultKey(keys);
    expect(readFileSync(path).equals(first)).toBe(true);
  });

  it('is refused when others can read it', async () => {
    const home = createHome(parent, 'mode');
    chmodSync(join(home.keysDirectory, 'vault.key'), 0o644);
    await expect(home.open()).rejects.toMatchObject({ code: 'data.permissions' });
    expect(() => ensureVaultKey(home.keysDirectory)).toThrow(
      expect.objectContaining({ code: 'data.permissions' }),
    );
    expect(existsSync(home.vaultPath)).toBe(false);
  });

  it('must be the one that the vault was begun with', async () => {
    const home = await used('wrong');
    rmSync(join(home.keysDirectory, 'vault.key'));
    await expect(home.open()).rejects.toMatchObject({ code: 'key.missing' });
    ensureVaultKey(home.keysDirectory);
    await expect(home.open()).rejects.toMatchObject({ code: 'key.wrong' });
    writeFileSync(join(home.keysDirectory, 'vault.key'), 'short');
    await expect(home.open()).rejects.toMatchObject({ code: 'key.invalid' });
  });

  it.each([
    ['missing', null, 'key.missing'],
    ['no key', 'nonsense', 'key.invalid'],
    ['a private key', 'PRIVATE', 'key.invalid'],
  ])('needs a public disclosure key beside it: %s', async (name, content, code) => {
    const home = createHome(parent, `public ${name}`);
    const path = join(home.keysDirectory, 'disclosure.pub');
    rmSync(path);
    if (content === 'PRIVATE') writeFileSync(path, readFileSync(join(home.keysDirectory, 'disclosure.key')));
    else if (content !== null) writeFileSync(path, content);
    await expect(home.open()).rejects.toMatchObject({ code });
  });
});

describe('a killed gateway', () => {
  it('has lost nothing that was confirmed', async () => {
    const home = createHome(parent, 'killed');
    const confirmed: [string, string, string][] = [];
    for (let round = 0; round < 4; round++) {
      const path = fileURLToPath(new URL('./vault-child.ts', import.meta.url));
      const child = spawn(process.execPath, [path, home.directory, String(round)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
      while (!output.includes('\n')) await pause(5);
      await pause(30 + round * 40);
      child.kill('SIGKILL');
      await once(child, 'close');
      const lines = output.slice(0, output.lastIndexOf('\n')).split('\n');
      confirmed.push(...lines.map((line) => line.split(' ') as [string, string, string]));
    }
    expect(confirmed.length).toBeGreaterThan(10);
    const accounts = await home.open();
    for (const [name, subject, code] of confirmed) {
      expect(await accounts.subjects.subjectOf(FORUM, account(name), NOVEMBER)).toBe(subject);
      expect(await accounts.sessions.load(FORUM, `cookie-${name}`)).toEqual({
        account: name,
        since: NOVEMBER,
      });
      expect(accounts.badges.get(FORUM, account(name))?.code).toBe(code);
    }
    expect(accounts.stats().commits.runs).toBe(0);
    await accounts.close();
  });
});
