import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { Millis } from '../../src/model/time.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { account, createHome, FORUM, NOVEMBER } from './support.ts';

const parent = temporaryDirectory();
const A = account('a');
const B = account('b');
const boundTo = (name: typeof A, since = NOVEMBER) => ({ account: name, since });

describe('sessions', () => {
  it('end when their time is over', async () => {
    let now = NOVEMBER;
    const home = createHome(parent, 'ttl');
    const options = { clock: () => now, limits: { sessionTtlMs: 1000 } };
    const accounts = await home.open(options);
    await accounts.sessions.bind(FORUM, 'old', A, NOVEMBER);
    now = (NOVEMBER + 999) as Millis;
    expect(accounts.sessions.find(FORUM, 'old')).toEqual(boundTo(A));
    now = (NOVEMBER + 1000) as Millis;
    expect(accounts.sessions.find(FORUM, 'old')).toBeNull();
    await accounts.close();
    const again = await home.open(options);
    expect(await again.sessions.load(FORUM, 'old')).toBeNull();
    await again.sessions.bind(FORUM, 'new', B, now);
    await again.close();
    expect(countRows(home.vaultPath)).toBe(1);
  });

  it('are bounded: the oldest go first', async () => {
    const home = createHome(parent, 'bounded');
    const accounts = await home.open({ limits: { sessions: 3 } });
    for (let i = 0; i < 6; i++) await accounts.sessions.bind(FORUM, `c${i}`, A, (NOVEMBER + i) as Millis);
    await accounts.sessions.unbind(FORUM, 'c5');
    await accounts.sessions.bind(FORUM, 'c4', B, (NOVEMBER + 9) as Millis);
    await accounts.sessions.bind(FORUM, 'c6', B, (NOVEMBER + 9) as Millis);
    await accounts.close();
    const again = await home.open();
    const found = await Promise.all(Array.from({ length: 7 }, (_, i) => again.sessions.load(FORUM, `c${i}`)));
    expect(found.map((state) => state?.account ?? null)).toEqual([null, null, null, 'a', 'b', null, 'b']);
    await again.close();
  });

  it('do not open at another cookie, nor with another age', async () => {
    const home = createHome(parent, 'swapped');
    const before = await home.open();
    await before.sessions.bind(FORUM, 'one', A, NOVEMBER);
    await before.sessions.bind(FORUM, 'two', B, NOVEMBER);
    await before.close();
    const database = new DatabaseSync(home.vaultPath);
    const rows = database.prepare('SELECT sealed FROM sessions').all();
    database
      .prepare('UPDATE sessions SET sealed = ?1 WHERE sealed <> ?1')
      .run(rows[0]?.['sealed'] as Uint8Array);
    database.close();
    const swapped = await home.open();
    const outcomes = await Promise.allSettled(
      ['one', 'two'].map((cookie) => swapped.sessions.load(FORUM, cookie)),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find((outcome) => outcome.status === 'rejected')?.reason).toMatchObject({
      code: 'vault.tampered',
    });
    await swapped.close();
    const aging = new DatabaseSync(home.vaultPath);
    aging.exec('UPDATE sessions SET since = since + 1');
    aging.close();
    const aged = await home.open();
    await expect(aged.sessions.load(FORUM, 'one')).rejects.toMatchObject({ code: 'vault.tampered' });
    await aged.close();
  });

  it('tell what is stored after a write has failed, and go on when the disk does', async () => {
    const home = createHome(parent, 'locked');
    const accounts = await home.open();
    const { sessions } = accounts;
    await sessions.bind(FORUM, 'c', A, NOVEMBER);
    const holder = new DatabaseSync(home.vaultPath);
    holder.exec('BEGIN IMMEDIATE');
    const failing = [sessions.bind(FORUM, 'c', B, NOVEMBER), sessions.bind(FORUM, 'd', B, NOVEMBER)];
    const outcomes = await Promise.allSettled(failing);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'vault.unavailable' } });
    expect(sessions.find(FORUM, 'c')).toBeUndefined();
    expect(await sessions.load(FORUM, 'c')).toEqual(boundTo(A));
    expect(await sessions.load(FORUM, 'd')).toBeNull();
    holder.close();
    await sessions.bind(FORUM, 'c', B, NOVEMBER);
    expect(sessions.find(FORUM, 'c')).toEqual(boundTo(B));
    await accounts.close();
  });
});

function countRows(path: string): number {
  const database = new DatabaseSync(path, { readOnly: true });
  const count = Number(database.prepare('SELECT count(*) AS n FROM sessions').get()?.['n']);
  database.close();
  return count;
}
