import { describe, expect, it } from 'vitest';
import type { Accounts, AccountsOptions } from '../../src/accounts/open-accounts.ts';
import type { Subject } from '../../src/model/accounts.ts';
import type { Millis } from '../../src/model/time.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { connectHere, directoriesOf, forkWorker, type Directories } from './directories.ts';
import { account, commits, createHome, DECEMBER, FORUM, NOVEMBER, region, V4, V6, WIKI } from './support.ts';

/** The contracts of model/accounts.ts, which hold in the process that has the vault and in every other. */

const parent = temporaryDirectory();
const A = account('a');
const B = account('b');
const boundTo = (name: typeof A, since = NOVEMBER) => ({ account: name, since });

interface World {
  readonly directories: Directories;
  readonly accounts: Accounts;
  readonly close: () => Promise<void>;
}

type OpenWorld = (accounts: Accounts, clock: { now: Millis }) => Promise<Omit<World, 'accounts'>>;

const inProcess: OpenWorld = async (accounts, clock) => ({
  directories: directoriesOf(accounts, (now) => {
    clock.now = now;
  }),
  close: async () => undefined,
});

const acrossLink: OpenWorld = async (accounts, clock) => {
  const { connected, near } = await connectHere(accounts, () => clock.now);
  const setNow = (now: Millis): void => {
    clock.now = now;
  };
  return { directories: directoriesOf(connected, setNow), close: async () => near.close() };
};

const forked: OpenWorld = async (accounts, clock) => {
  const { directories, end } = await forkWorker(accounts);
  const setNow = (now: Millis): Promise<void> => {
    clock.now = now;
    return directories.setNow(now);
  };
  return { directories: { ...directories, setNow }, close: end };
};

let homes = 0;

/** Opens a vault of its own, again each time it is asked. */
function newVault(openWorld: OpenWorld): (options?: Partial<AccountsOptions>) => Promise<World> {
  const home = createHome(parent, `home-${homes++}`);
  const clock = { now: NOVEMBER };
  return async (options = {}) => {
    const accounts = await home.open({ clock: () => clock.now, ...options });
    const world = await openWorld(accounts, clock);
    return {
      directories: world.directories,
      accounts,
      close: async () => {
        await world.close();
        await accounts.close();
      },
    };
  };
}

describe.each([
  ['in the process that has the vault', inProcess],
  ['across a link', acrossLink],
  ['in a forked worker', forked],
])('sessions %s', (_, openWorld) => {
  it('are seen from the moment of the call', async () => {
    const { directories: d, close } = await newVault(openWorld)();
    expect(await d.find(FORUM, 'c')).toBeUndefined();
    const binding = d.bind(FORUM, 'c', A, NOVEMBER);
    const [seen, loaded] = await Promise.all([d.find(FORUM, 'c'), d.load(FORUM, 'c')]);
    expect([seen, loaded]).toEqual([boundTo(A), boundTo(A)]);
    await binding;
    expect(await d.find(FORUM, 'c')).toEqual(boundTo(A));
    const unbinding = d.unbind(FORUM, 'c');
    expect(await d.find(FORUM, 'c')).toBeNull();
    await unbinding;
    expect(await d.find(FORUM, 'c')).toBeNull();
    expect(await d.load(FORUM, 'c')).toBeNull();
    await close();
  });

  it('belong to a site', async () => {
    const { directories: d, close } = await newVault(openWorld)();
    await d.bind(FORUM, 'c', A, NOVEMBER);
    expect(await d.find(WIKI, 'c')).toBeUndefined();
    expect(await d.load(WIKI, 'c')).toBeNull();
    await close();
  });

  it('take the last of many calls at once, also after a restart', async () => {
    const open = newVault(openWorld);
    const { directories: d, close } = await open();
    const calls = [];
    for (let i = 0; i < 50; i++) {
      calls.push(d.bind(FORUM, 'c', i % 2 === 0 ? A : B, (NOVEMBER + i) as Millis), d.unbind(FORUM, 'c'));
    }
    calls.push(d.bind(FORUM, 'c', B, NOVEMBER));
    expect(await d.find(FORUM, 'c')).toEqual(boundTo(B));
    await Promise.all(calls);
    expect(await d.find(FORUM, 'c')).toEqual(boundTo(B));
    await close();
    const { directories: again, close: end } = await open();
    expect(await again.find(FORUM, 'c')).toBeUndefined();
    expect(await again.load(FORUM, 'c')).toEqual(boundTo(B));
    expect(await again.find(FORUM, 'c')).toEqual(boundTo(B));
    await end();
  });

  it('do not let a look-up under way bring back what was before', async () => {
    const open = newVault(openWorld);
    const before = await open();
    await before.directories.bind(FORUM, 'bound', A, NOVEMBER);
    await before.close();
    const { directories: d, close } = await open({ limits: { rememberedSessions: 1 } });
    const loads = [d.load(FORUM, 'bound'), d.load(FORUM, 'free')];
    const writes = [d.unbind(FORUM, 'bound'), d.bind(FORUM, 'free', B, NOVEMBER)];
    expect(await Promise.all([...loads, d.load(FORUM, 'bound')])).toEqual([null, boundTo(B), null]);
    await Promise.all(writes);
    expect(await d.load(FORUM, 'bound')).toBeNull();
    expect(await d.load(FORUM, 'free')).toEqual(boundTo(B));
    await close();
  });

  it('survive being forgotten, also by a flood of invented cookies', async () => {
    const { directories: d, close } = await newVault(openWorld)({ limits: { rememberedSessions: 2 } });
    const cookies = Array.from({ length: 10 }, (_, i) => `c${i}`);
    await Promise.all(cookies.map((cookie) => d.bind(FORUM, cookie, account(cookie), NOVEMBER)));
    for (let i = 0; i < 20; i++) expect(await d.load(FORUM, `invented-${i}`)).toBeNull();
    const known = await Promise.all(cookies.map((cookie) => d.find(FORUM, cookie)));
    expect(known.filter((state) => state !== undefined)).toHaveLength(2);
    for (const cookie of cookies) expect(await d.load(FORUM, cookie)).toEqual(boundTo(account(cookie)));
    await close();
  });

  it('remember that nobody is bound, until somebody is', async () => {
    const { directories: d, close } = await newVault(openWorld)();
    expect(await d.load(FORUM, 'c')).toBeNull();
    expect(await d.find(FORUM, 'c')).toBeNull();
    await d.bind(FORUM, 'c', A, NOVEMBER);
    expect(await d.find(FORUM, 'c')).toEqual(boundTo(A));
    await close();
  });

  it('end when their time is over', async () => {
    const open = newVault(openWorld);
    const options = { limits: { sessionTtlMs: 1000 } };
    const { directories: d, close } = await open(options);
    await d.bind(FORUM, 'old', A, NOVEMBER);
    await d.setNow((NOVEMBER + 999) as Millis);
    expect(await d.find(FORUM, 'old')).toEqual(boundTo(A));
    await d.setNow((NOVEMBER + 1000) as Millis);
    expect(await d.find(FORUM, 'old')).toBeNull();
    await close();
    const again = await open(options);
    await again.directories.setNow((NOVEMBER + 1000) as Millis);
    expect(await again.directories.load(FORUM, 'old')).toBeNull();
    await again.close();
  });

  it('cost no write when nothing changes, and share their commits', async () => {
    const { directories: d, accounts, close } = await newVault(openWorld)();
    await d.bind(FORUM, 'c', A, NOVEMBER);
    expect(commits(accounts)).toBe(1);
    await d.bind(FORUM, 'c', A, NOVEMBER);
    await d.unbind(FORUM, 'c');
    await d.unbind(FORUM, 'c');
    expect(commits(accounts)).toBe(2);
    await Promise.all(Array.from({ length: 500 }, (_, i) => d.bind(FORUM, `c${i}`, A, NOVEMBER)));
    expect(commits(accounts)).toBe(3);
    await close();
  });
});

describe.each([
  ['in the process that has the vault', inProcess],
  ['across a link', acrossLink],
  ['in a forked worker', forked],
])('subjects %s', (_, openWorld) => {
  it('are the same within a month, others for another month, site or account', async () => {
    const open = newVault(openWorld);
    const { directories: d, close } = await open();
    expect(await d.known(FORUM, A, NOVEMBER)).toBeNull();
    const first = await d.subjectOf(FORUM, A, NOVEMBER);
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    expect(await d.known(FORUM, A, NOVEMBER)).toBe(first);
    expect(await d.known(FORUM, A, DECEMBER)).toBeNull();
    expect(await d.subjectOf(FORUM, A, (NOVEMBER + 5_000_000) as Millis)).toBe(first);
    const others = await Promise.all([
      d.subjectOf(FORUM, A, DECEMBER),
      d.subjectOf(WIKI, A, NOVEMBER),
      d.subjectOf(FORUM, B, NOVEMBER),
    ]);
    expect(new Set([first, ...others]).size).toBe(4);
    await close();
    const again = await open();
    expect(await again.directories.subjectOf(FORUM, A, NOVEMBER)).toBe(first);
    await again.close();
  });

  it('are one for concurrent calls, which share their commit', async () => {
    const { directories: d, accounts, close } = await newVault(openWorld)();
    const calls = Array.from({ length: 100 }, () => d.subjectOf(FORUM, A, NOVEMBER));
    expect(new Set(await Promise.all(calls)).size).toBe(1);
    expect(commits(accounts)).toBe(1);
    await close();
  });

  it('survive being forgotten', async () => {
    const { directories: d, close } = await newVault(openWorld)({ limits: { rememberedSubjects: 2 } });
    const names = Array.from({ length: 20 }, (_, i) => account(`u${i}`));
    const subjects = await Promise.all(names.map((name) => d.subjectOf(FORUM, name, NOVEMBER)));
    const known = await Promise.all(names.map((name) => d.known(FORUM, name, NOVEMBER)));
    expect(known.filter((subject) => subject !== null)).toHaveLength(2);
    expect(await Promise.all(names.map((name) => d.subjectOf(FORUM, name, NOVEMBER)))).toEqual(subjects);
    await close();
  });

  it('are found by account and time, and none is made for that', async () => {
    const { directories: d, accounts, close } = await newVault(openWorld)();
    const made: Subject[] = [];
    for (const month of [9, 10, 11])
      made.push(await d.subjectOf(FORUM, A, Date.UTC(2026, month, 15) as Millis));
    const find = (from: number, to: number) => d.subjectsOf(FORUM, A, from as Millis, to as Millis);
    expect(await find(Date.UTC(2026, 0), Date.UTC(2027, 5))).toEqual(made);
    expect(await find(Date.UTC(2026, 10, 30), Date.UTC(2026, 11, 1))).toEqual(made.slice(1));
    expect(await d.subjectsOf(FORUM, B, NOVEMBER, DECEMBER)).toEqual([]);
    expect(commits(accounts)).toBe(3);
    await close();
  });

  it('refuse work beyond the bound of what may wait for the vault', async () => {
    const { directories: d, close } = await newVault(openWorld)({ limits: { waiting: 10 } });
    const calls = Array.from({ length: 50 }, (_, i) => d.subjectOf(FORUM, account(`u${i}`), NOVEMBER));
    const refused = (await Promise.allSettled(calls)).filter((outcome) => outcome.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'vault.busy' });
    expect(await d.subjectOf(FORUM, account('u49'), NOVEMBER)).toMatch(/^[0-9a-f]{16}$/);
    await close();
  });

  it('reject once the vault is closed', async () => {
    const { directories: d, accounts, close } = await newVault(openWorld)();
    await accounts.close();
    await expect(d.subjectOf(FORUM, A, NOVEMBER)).rejects.toMatchObject({ code: 'vault.unavailable' });
    await close();
  });
});

describe.each([
  ['in the process that has the vault', inProcess],
  ['across a link', acrossLink],
  ['in a forked worker', forked],
])('badges %s', (_, openWorld) => {
  it('show the region of the last act, also after a restart', async () => {
    const open = newVault(openWorld);
    const { directories: d, close } = await open();
    expect(await d.badge(FORUM, A)).toBeNull();
    await d.publish(FORUM, A, region('CN-GD'), V4, NOVEMBER);
    const badge = { code: 'CN-GD', source: 'ip2region', dataVersion: '2024-02' };
    expect(await d.badge(FORUM, A)).toEqual(badge);
    expect(await d.badge(WIKI, A)).toBeNull();
    await d.publish(FORUM, A, region('CN-ZJ'), V6, NOVEMBER);
    expect((await d.badge(FORUM, A))?.code).toBe('CN-ZJ');
    await close();
    const again = await open();
    expect((await again.directories.badge(FORUM, A))?.code).toBe('CN-ZJ');
    await again.close();
  });

  it('are written only when they change', async () => {
    const { directories: d, accounts, close } = await newVault(openWorld)();
    for (let i = 0; i < 20; i++) await d.publish(FORUM, A, region('CN-GD'), V4, (NOVEMBER + i) as Millis);
    expect(commits(accounts)).toBe(1);
    await d.publish(FORUM, A, region('CN-GD', '2026-10'), V4, NOVEMBER);
    expect(commits(accounts)).toBe(2);
    expect((await d.badge(FORUM, A))?.dataVersion).toBe('2026-10');
    await close();
  });

  it('show the last of many acts at once', async () => {
    const { directories: d, close } = await newVault(openWorld)();
    const acts = ['CN-GD', 'CN-ZJ', 'CN-GD', 'US', 'CN-HK'];
    await Promise.all(acts.map((code) => d.publish(FORUM, A, region(code), V4, NOVEMBER)));
    expect((await d.badge(FORUM, A))?.code).toBe('CN-HK');
    await close();
  });

  it('do not show what is not stored yet', async () => {
    const { directories: d, close } = await newVault(openWorld)();
    const publishing = d.publish(FORUM, A, region('CN-GD'), V4, NOVEMBER);
    expect(await d.badge(FORUM, A)).toBeNull();
    await publishing;
    expect((await d.badge(FORUM, A))?.code).toBe('CN-GD');
    await close();
  });

  it('are the same after a restart, however many there are', async () => {
    const open = newVault(openWorld);
    const { directories: d, close } = await open();
    const names = Array.from({ length: 1500 }, (_, i) => account(`u${i}`));
    await Promise.all(names.map((name, i) => d.publish(FORUM, name, region(`C${i % 50}`), V4, NOVEMBER)));
    const badges = await Promise.all(names.map((name) => d.badge(FORUM, name)));
    expect(badges.map((badge) => badge?.code)).toEqual(names.map((_, i) => `C${i % 50}`));
    await close();
    const again = await open({ limits: { rememberedAccounts: 10 } });
    expect(await Promise.all(names.map((name) => again.directories.badge(FORUM, name)))).toEqual(badges);
    await again.close();
  });
});
