import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { Millis } from '../../src/model/time.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { account, commits, createHome, FORUM, NOVEMBER, WIKI } from './support.ts';

const parent = temporaryDirectory();
const A = account('a');
const B = account('b');
const boundTo = (name: typeof A, since = NOVEMBER) => ({ account: name, since });

describe('sessions', () => {
  it('are seen from the moment of the call', async () => {
    const accounts = await createHome(parent, 'moment').open();
    const { sessions } = accounts;
    expect(sessions.find(FORUM, 'c')).toBeUndefined();
    const binding = sessions.bind(FORUM, 'c', A, NOVEMBER);
    expect(sessions.find(FORUM, 'c')).toEqual(boundTo(A));
    expect(await sessions.load(FORUM, 'c')).toEqual(boundTo(A));
    await binding;
    expect(sessions.find(FORUM, 'c')).toEqual(boundTo(A));
    const unbinding = sessions.unbind(FORUM, 'c');
    expect(sessions.find(FORUM, 'c')).toBeNull();
    await unbinding;
    expect(sessions.find(FORUM, 'c')).toBeNull();
    expect(await sessions.load(FORUM, 'c')).toBeNull();
    await accounts.close();
  });

  it('belong to a site', async () => {
    const accounts = await createHome(parent, 'site').open();
    const { sessions } = accounts;
    await sessions.bind(FORUM, 'c', A, NOVEMBER);
    expect(sessions.find(WIKI, 'c')).toBeUndefined();
    expect(await sessions.load(WIKI, 'c')).toBeNull();
    await accounts.close();
  });

  it('take the last of many calls at once', async () => {
    const home = createHome(parent, 'order');
    const accounts = await home.open();
    const calls = [];
    for (let i = 0; i < 50; i++) {
      calls.push(accounts.sessions.bind(FORUM, 'c', i % 2 === 0 ? A : B, (NOVEMBER + i) as Millis));
      calls.push(accounts.sessions.unbind(FORUM, 'c'));
    }
    calls.push(accounts.sessions.bind(FORUM, 'c', B, NOVEMBER));
    expect(accounts.sessions.find(FORUM, 'c')).toEqual(boundTo(B));
    await Promise.all(calls);
    expect(accounts.sessions.find(FORUM, 'c')).toEqual(boundTo(B));
    await accounts.close();
    const again = await home.open();
    expect(again.sessions.find(FORUM, 'c')).toBeUndefined();
    expect(await again.sessions.load(FORUM, 'c')).toEqual(boundTo(B));
    expect(again.sessions.find(FORUM, 'c')).toEqual(boundTo(B));
    await again.close();
  });

  it('do not let a look-up under way bring back what was before', async () => {
    const home = createHome(parent, 'race');
    const before = await home.open();
    await before.sessions.bind(FORUM, 'bound', A, NOVEMBER);
    await before.close();
    const accounts = await home.open({ limits: { rememberedSessions: 1 } });
    const { sessions } = accounts;
    const loads = [sessions.load(FORUM, 'bound'), sessions.load(FORUM, 'free')];
    const writes = [sessions.unbind(FORUM, 'bound'), sessions.bind(FORUM, 'free', B, NOVEMBER)];
    expect(await Promise.all([...loads, sessions.load(FORUM, 'bound')])).toEqual([null, boundTo(B), null]);
    await Promise.all(writes);
    expect(await sessions.load(FORUM, 'bound')).toBeNull();
    expect(await sessions.load(FORUM, 'free')).toEqual(boundTo(B));
    await accounts.close();
  });

  it('survive being forgotten, also by a flood of invented cookies', async () => {
    const accounts = await createHome(parent, 'lru').open({ limits: { rememberedSessions: 2 } });
    const { sessions } = accounts;
    const cookies = Array.from({ length: 10 }, (_, i) => `c${i}`);
    await Promise.all(cookies.map((cookie) => sessions.bind(FORUM, cookie, account(cookie), NOVEMBER)));
    for (let i = 0; i < 20; i++) expect(await sessions.load(FORUM, `invented-${i}`)).toBeNull();
    expect(cookies.filter((cookie) => sessions.find(FORUM, cookie) !== undefined)).toHaveLength(2);
    for (const cookie of cookies)
      expect(await sessions.load(FORUM, cookie)).toEqual(boundTo(account(cookie)));
    await accounts.close();
  });

  it('remember that nobody is bound, until somebody is', async () => {
    const accounts = await createHome(parent, 'negative').open();
    const { sessions } = accounts;
    expect(await sessions.load(FORUM, 'c')).toBeNull();
    expect(sessions.find(FORUM, 'c')).toBeNull();
    await sessions.bind(FORUM, 'c', A, NOVEMBER);
    expect(sessions.find(FORUM, 'c')).toEqual(boundTo(A));
    await accounts.close();
  });

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

  it('cost no write when nothing changes, and share their commits', async () => {
    const accounts = await createHome(parent, 'commits').open();
    await accounts.sessions.bind(FORUM, 'c', A, NOVEMBER);
    expect(commits(accounts)).toBe(1);
    await accounts.sessions.bind(FORUM, 'c', A, NOVEMBER);
    await accounts.sessions.unbind(FORUM, 'c');
    await accounts.sessions.unbind(FORUM, 'c');
    expect(commits(accounts)).toBe(2);
    await Promise.all(
      Array.from({ length: 500 }, (_, i) => accounts.sessions.bind(FORUM, `c${i}`, A, NOVEMBER)),
    );
    expect(commits(accounts)).toBe(3);
    await accounts.close();
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
