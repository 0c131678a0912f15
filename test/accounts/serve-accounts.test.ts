import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { serialize } from 'node:v8';
import { afterEach, describe, expect, it } from 'vitest';
import { ACCOUNTS_CHANNEL, type MainContract } from '../../src/accounts/accounts-contract.ts';
import { createBadgeNumbers } from '../../src/accounts/badge-numbers.ts';
import { createBadgeReplica } from '../../src/accounts/badge-replica.ts';
import { connectAccounts } from '../../src/accounts/connect-accounts.ts';
import { readVaultKeys } from '../../src/accounts/key-files.ts';
import type { Accounts } from '../../src/accounts/open-accounts.ts';
import { serveAccounts } from '../../src/accounts/serve-accounts.ts';
import { openPeer, type Contract } from '../../src/platform/rpc.ts';
import { linkPair } from '../platform/support.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { connectHere, gone, NO_LIMITS } from './directories.ts';
import { account, commits, createHome, FORUM, NOVEMBER, region, V4, type Home } from './support.ts';

const parent = temporaryDirectory();
const A = account('a');
const opened: Accounts[] = [];
afterEach(async () => {
  for (const accounts of opened.splice(0)) await accounts.close();
});

async function start(name: string): Promise<{ home: Home; accounts: Accounts }> {
  const home = createHome(parent, name);
  const accounts = await home.open();
  opened.push(accounts);
  return { home, accounts };
}

/** A worker in wrong hands: it sends what it likes. */
function hostile(accounts: Accounts) {
  const [near, far] = linkPair();
  const served = serveAccounts(accounts, near);
  type Any = {
    readonly [Name in keyof MainContract]: { readonly argument: unknown; readonly result: unknown };
  };
  const peer = openPeer<Contract, Any>(far, {
    channel: ACCOUNTS_CHANNEL,
    methods: { forget: () => undefined, page: () => undefined, badge: () => undefined },
    limits: NO_LIMITS,
    busy: gone,
    gone,
  });
  return { near, served, peer };
}

describe('the main process', () => {
  it('refuses calls that hold what they must not', async () => {
    const { accounts } = await start('malformed');
    const { peer } = hostile(accounts);
    await peer.call('open', null);
    const good = { code: 'CN-GD', source: 's', dataVersion: 'v', reason: null };
    const year = 366 * 86_400_000;
    const calls: [keyof MainContract, unknown][] = [
      ['open', null],
      ['changed', [FORUM]],
      ['changed', [FORUM, 'x'.repeat(70_000)]],
      ['subject', null],
      ['subject', [FORUM, 'a']],
      ['subject', ['', 'a', NOVEMBER]],
      ['subject', ['Forum\0', 'a', NOVEMBER]],
      ['subject', [FORUM, '', NOVEMBER]],
      ['subject', [FORUM, 'x'.repeat(129), NOVEMBER]],
      ['subject', [FORUM, '\ud800', NOVEMBER]],
      ['subject', [FORUM, ['a'], NOVEMBER]],
      ['subject', [FORUM, 'a', Number.NaN]],
      ['subject', [FORUM, 'a', 9e15]],
      ['subject', [FORUM, 'a', '1']],
      ['subjects', [FORUM, 'a', 0, 101 * year]],
      ['subjects', [FORUM, 'a', -8.64e15, 8.64e15]],
      ['session', [FORUM, 7]],
      ['session', [FORUM, 'x'.repeat(65_537)]],
      ['bind', [FORUM, 'c', 'a', null]],
      ['bind', [FORUM, 'c', '', NOVEMBER]],
      ['unbind', FORUM],
      ['publish', [FORUM, 'a', good, 'nowhere', NOVEMBER]],
      ['publish', [FORUM, 'a', { ...good, code: 'x'.repeat(65) }, V4, NOVEMBER]],
      ['publish', [FORUM, 'a', { ...good, reason: 'because' }, V4, NOVEMBER]],
      ['publish', [FORUM, 'a', null, V4, NOVEMBER]],
    ];
    for (const [method, argument] of calls)
      await expect(peer.call(method, argument), `${method} ${String(argument)}`).rejects.toMatchObject({
        code: 'internal.fault',
      });
    expect(commits(accounts)).toBe(0);
    // The last day of a hundred years is still an honest question.
    expect(await peer.call('subjects', [FORUM, 'a', 0, 100 * year])).toEqual([]);
    await peer.call('publish', [FORUM, 'a', good, V4, NOVEMBER]);
    expect(accounts.badges.get(FORUM, A)?.code).toBe('CN-GD');
  });

  it('lets no worker use sessions that it could not be told about', async () => {
    const { accounts } = await start('unopened');
    const { peer } = hostile(accounts);
    for (const [method, argument] of [
      ['session', [FORUM, 'c']],
      ['bind', [FORUM, 'c', 'a', NOVEMBER]],
      ['unbind', [FORUM, 'c']],
    ] as const)
      await expect(peer.call(method, argument)).rejects.toMatchObject({ code: 'internal.fault' });
    await peer.call('open', null);
    expect(await peer.call('session', [FORUM, 'c'])).toBeNull();
  });

  it('ends a worker that refuses to forget, and believes it only once it is dead', async () => {
    const { accounts } = await start('refusing');
    const [near, far] = linkPair();
    serveAccounts(accounts, near);
    const peer = openPeer<Contract, MainContract>(far, {
      channel: ACCOUNTS_CHANNEL,
      methods: {},
      limits: NO_LIMITS,
      busy: gone,
      gone,
    });
    await peer.call('open', null);
    let closed = false;
    near.onClosed(() => (closed = true));
    await accounts.sessions.bind(FORUM, 'c', A, NOVEMBER);
    expect(closed).toBe(true);
  });

  it('gives a worker no key but its two, and no cookie, account or address of the others', async () => {
    const { home, accounts } = await start('secrets');
    const keys = readVaultKeys(home.keysDirectory);
    const one = await connectHere(accounts, () => NOVEMBER);
    const other = await connectHere(accounts, () => NOVEMBER);
    const cookie = `session=${randomBytes(12).toString('hex')}`;
    const name = account(`u${randomBytes(12).toString('hex')}`);
    await one.connected.sessions.bind(FORUM, cookie, name, NOVEMBER);
    await one.connected.badges.publish(FORUM, name, region('CN-GD'), V4, NOVEMBER);
    await one.connected.subjects.subjectOf(FORUM, name, NOVEMBER);
    while (other.connected.badges.get(FORUM, name) === null) await turn();
    const told = serialize(other.near.sent);
    expect(told.includes(keys.badge)).toBe(true);
    for (const key of [keys.index, keys.cookie, keys.session, keys.check])
      expect(told.includes(key)).toBe(false);
    for (const secret of [cookie, name, V4]) expect(told.includes(secret)).toBe(false);
    // The same look at the worker that does know finds what it looks for.
    expect(serialize(one.far.sent).includes(cookie)).toBe(true);
  });

  it('tells a worker of all changes of one turn in one message', async () => {
    const { accounts } = await start('batched');
    const { near, connected } = await connectHere(accounts, () => NOVEMBER);
    const before = near.sent.length;
    await Promise.all(
      Array.from({ length: 200 }, (_, i) => accounts.sessions.bind(FORUM, `c${i}`, A, NOVEMBER)),
    );
    expect(near.sent.length - before).toBeLessThanOrEqual(2);
    expect(connected.sessions.find(FORUM, 'c7')).toBeUndefined();
    expect(await connected.sessions.load(FORUM, 'c7')).toEqual({ account: A, since: NOVEMBER });
  });

  it('forgets a worker that is gone', async () => {
    const { accounts } = await start('gone');
    const { near } = await connectHere(accounts, () => NOVEMBER);
    expect(accounts.shared.badges.listeners.size).toBe(1);
    near.close();
    await turn();
    await turn();
    expect(accounts.shared.badges.listeners.size).toBe(0);
    await accounts.sessions.bind(FORUM, 'c', A, NOVEMBER);
  });
});

describe('a worker', () => {
  it('cannot connect to a main process that is gone', async () => {
    const [near, far] = linkPair();
    near.close();
    await expect(connectAccounts(far)).rejects.toMatchObject({ code: 'vault.unavailable' });
  });

  it('bounds the calls that wait for the main process', async () => {
    const { accounts } = await start('bounded');
    const [near, far] = linkPair();
    serveAccounts(accounts, near);
    const connected = await connectAccounts(far, { waiting: 5 });
    const calls = Array.from({ length: 8 }, (_, i) => connected.sessions.load(FORUM, `c${i}`));
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual([
      ...Array<boolean>(5).fill(true),
      ...Array<boolean>(3).fill(false),
    ]);
    for (const outcome of outcomes.slice(5))
      expect(outcome).toMatchObject({ reason: { code: 'vault.busy' } });
    expect(connected.stats().refused).toBe(3);
  });
});

describe("a worker's copy of the badges", () => {
  const shown = ['A', 'B', 'C'].map((code) => ({ code, source: 's', dataVersion: 'v' }));
  const page = (values: number[]) => ({
    shown,
    accounts: values.length,
    keys: Uint32Array.from(values.flatMap(() => [0, 0])),
    values: Uint32Array.from(values),
  });
  const INDEX = '\0'.repeat(32);

  it('takes an update over a page, whichever comes first', () => {
    const replica = createBadgeReplica();
    replica.takeUpdate({ shown, high: 0, low: 0, value: 2 });
    replica.takePage({ ...page([1]), shown: [] });
    expect(replica.get(INDEX)?.code).toBe('C');
    const other = createBadgeReplica();
    other.takePage(page([1]));
    expect(other.get(INDEX)?.code).toBe('B');
    other.takeUpdate({ shown: [], high: 0, low: 0, value: 0 });
    expect(other.get(INDEX)?.code).toBe('A');
  });

  it('takes nothing of what makes no sense', () => {
    const replica = createBadgeReplica();
    const wrong = [
      null,
      1,
      [],
      {},
      { ...page([1]), values: [1] },
      { ...page([1]), keys: new Uint32Array(1) },
    ];
    for (const message of [...wrong, { ...page([1]), shown: [null] }, { ...page([1]), accounts: -1 }])
      expect(() => replica.takePage(message)).toThrow(expect.objectContaining({ code: 'internal.fault' }));
    for (const message of [
      null,
      {},
      { shown, high: -1, low: 0, value: 0 },
      { shown, high: 0, low: 0.5, value: 0 },
    ])
      expect(() => replica.takeUpdate(message)).toThrow(expect.objectContaining({ code: 'internal.fault' }));
    expect(replica.get(INDEX)).toBeNull();
  });
});

describe('the numbers of badges', () => {
  it('are bounded, except for what is stored', () => {
    const numbers = createBadgeNumbers(3);
    const row = (code: string, lastDay: number | null = null) => ({
      code,
      source: 's',
      dataVersion: 'v',
      lastProvince: null,
      lastDay,
    });
    expect([row('A'), row('A', 1), row('B'), row('A')].map((one) => numbers.of(one))).toEqual([0, 1, 2, 0]);
    expect(() => numbers.of(row('C'))).toThrow(expect.objectContaining({ code: 'vault.unavailable' }));
    expect(numbers.ofStored(row('C'))).toBe(3);
    expect([0, 1, 2, 3].map((number) => numbers.placeOf(number))).toEqual([0, 0, 1, 2]);
    expect(numbers.shown.map(({ code }) => code)).toEqual(['A', 'B', 'C']);
    expect(numbers.row(1)).toEqual(row('A', 1));
  });
});

describe('a cookie that the web service keeps itself', () => {
  it('is told of to every other process before the change counts as done, by a name that is the same in all', async () => {
    const { accounts } = await start('changed');
    const workers = await Promise.all([1, 2, 3].map(() => connectHere(accounts, () => NOVEMBER)));
    const told: (readonly [number, string | null])[] = [];
    for (const [number, { connected }] of workers.entries())
      connected.sessions.onChanged((tag) => void told.push([number, tag]));
    const [first, second] = workers;
    await first?.connected.sessions.changed(FORUM, 'c');
    const tag = second?.connected.sessions.tagOf(FORUM, 'c');
    expect(tag).toBe(first?.connected.sessions.tagOf(FORUM, 'c'));
    expect(tag).not.toBe(first?.connected.sessions.tagOf(FORUM, 'd'));
    expect(told.toSorted(([a], [b]) => a - b)).toEqual([
      [1, tag],
      [2, tag],
    ]);
    // Nobody would tell any more.
    second?.far.close();
    await turn();
    expect(told).toContainEqual([1, null]);
  });
});
