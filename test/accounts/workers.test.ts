import { afterEach, describe, expect, it } from 'vitest';
import type { Accounts } from '../../src/accounts/open-accounts.ts';
import type { ServeOptions } from '../../src/accounts/serve-accounts.ts';
import type { Millis } from '../../src/model/time.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { directoriesOf, eventually, exited, forkWorker, type Found, type TestWorker } from './directories.ts';
import { account, createHome, FORUM, NOVEMBER, region, V4 } from './support.ts';

const parent = temporaryDirectory();
const A = account('a');
const bound = (since = 0) => ({ account: A, since: (NOVEMBER + since) as Millis });

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function start(name: string, workers: number, options: ServeOptions = {}) {
  const accounts = await createHome(parent, name).open();
  ends.push(() => accounts.close());
  const forks = await Promise.all(Array.from({ length: workers }, () => addWorker(accounts, options)));
  return { accounts, forks, main: directoriesOf(accounts) };
}

async function addWorker(accounts: Accounts, options: ServeOptions = {}): Promise<TestWorker> {
  const worker = await forkWorker(accounts, options);
  ends.push(worker.end);
  return worker;
}

function two<T>(forks: readonly T[]): readonly [T, T] {
  const [one, other] = forks;
  if (one === undefined || other === undefined) throw new Error('two workers were asked for');
  return [one, other];
}

function pause(worker: TestWorker): void {
  worker.child.kill('SIGSTOP');
}

/** A promise's outcome within the time, or 'pending'. */
function within(work: Promise<unknown>, ms: number): Promise<unknown> {
  return Promise.race([
    work.then(
      () => 'done',
      () => 'failed',
    ),
    new Promise((resolve) => setTimeout(() => resolve('pending'), ms)),
  ]);
}

describe('sessions of several workers', () => {
  it('are never seen as they were before, by anybody, once a bind or unbind has resolved', async () => {
    const { forks, main } = await start('seen', 2);
    const users = [main, ...forks.map(({ directories }) => directories)];
    let random = 7;
    const draw = (count: number): number => {
      random = (Math.imul(random, 1103515245) + 12345) >>> 0;
      return (random >>> 16) % count;
    };
    const state = new Map<string, Found>();
    for (let step = 0; step < 250; step++) {
      const user = users[draw(3)] ?? main;
      const cookie = `c${draw(3)}`;
      if (draw(3) === 0) {
        await user.unbind(FORUM, cookie);
        state.set(cookie, null);
      } else {
        await user.bind(FORUM, cookie, A, (NOVEMBER + step) as Millis);
        state.set(cookie, bound(step));
      }
      const found = await Promise.all(users.map((each) => each.find(FORUM, cookie)));
      for (const seen of found) if (seen !== undefined) expect(seen).toEqual(state.get(cookie));
      // Makes the others remember, so that the next change has something to take away.
      expect(await users[draw(3)]?.load(FORUM, cookie)).toEqual(state.get(cookie));
      expect(await users[draw(3)]?.load(FORUM, cookie)).toEqual(state.get(cookie));
    }
  });

  it('are the same for everybody after they were changed by everybody at once', async () => {
    const { forks, main } = await start('at once', 2);
    const users = [main, ...forks.map(({ directories }) => directories)];
    for (let round = 0; round < 40; round++) {
      const cookie = `c${round % 4}`;
      await Promise.all(
        users.flatMap((user, n) => [
          user.load(FORUM, cookie),
          user.bind(FORUM, cookie, A, (NOVEMBER + round * 10 + n) as Millis),
          n === round % 3 ? user.unbind(FORUM, cookie) : user.load(FORUM, cookie),
        ]),
      );
      const found = await Promise.all(users.map((user) => user.find(FORUM, cookie)));
      const loaded = await Promise.all(users.map((user) => user.load(FORUM, cookie)));
      expect(loaded[1]).toEqual(loaded[0]);
      expect(loaded[2]).toEqual(loaded[0]);
      for (const seen of found) if (seen !== undefined) expect(seen).toEqual(loaded[0]);
    }
  });

  it('are not remembered from a look-up that was under way when another worker changed them', async () => {
    const { forks } = await start('stale', 2);
    const [writer, reader] = two(forks.map(({ directories }) => directories));
    for (let round = 0; round < 60; round++) {
      const cookie = `c${round}`;
      const writing = writer.bind(FORUM, cookie, A, NOVEMBER);
      const loads: Promise<Found>[] = [];
      const progress = { done: false };
      const mark = writing.finally(() => {
        progress.done = true;
      });
      while (!progress.done) {
        loads.push(reader.load(FORUM, cookie));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await mark;
      expect([undefined, JSON.stringify(bound())]).toContain(
        JSON.stringify(await reader.find(FORUM, cookie)),
      );
      await Promise.all(loads);
      expect(await reader.find(FORUM, cookie)).not.toBeNull();
      expect(await reader.load(FORUM, cookie)).toEqual(bound());
    }
  });

  it('wait for a worker that does not answer, and go on when it dies', async () => {
    const { forks } = await start('death', 3);
    const [alive, silent] = two(forks);
    await silent.directories.load(FORUM, 'c');
    pause(silent);
    const binding = alive.directories.bind(FORUM, 'c', A, NOVEMBER);
    expect(await within(binding, 300)).toBe('pending');
    silent.child.kill('SIGKILL');
    await binding;
    expect(await alive.directories.find(FORUM, 'c')).toEqual(bound());
    expect(await forks[2]?.directories.load(FORUM, 'c')).toEqual(bound());
    // The dead one is not waited for again.
    await alive.directories.unbind(FORUM, 'c');
  });

  it('do not wait for ever: a worker that does not answer in time is ended', async () => {
    const { forks } = await start('stalled', 2, { stallMs: 200 });
    const [alive, silent] = two(forks);
    pause(silent);
    await alive.directories.bind(FORUM, 'c', A, NOVEMBER);
    await exited(silent.child);
    expect(silent.child.signalCode).toBe('SIGKILL');
    expect(alive.child.signalCode).toBeNull();
  });

  it('are durable when their worker dies before it hears so', async () => {
    const { forks, main } = await start('lost answer', 2);
    const [writer, silent] = two(forks);
    pause(silent);
    const binding = writer.directories.bind(FORUM, 'c', A, NOVEMBER);
    const lost = expect(binding).rejects.toMatchObject({ code: 'vault.unavailable' });
    await eventually(async () => (await main.load(FORUM, 'c')) !== null);
    writer.child.kill('SIGKILL');
    await lost;
    // Its write has its turn until the silent one is dead; then it is ours.
    const ours = main.unbind(FORUM, 'c');
    silent.child.kill('SIGKILL');
    await ours;
    expect(await main.load(FORUM, 'c')).toBeNull();
  });
});

describe('subjects of several workers', () => {
  it('are one for an account that all ask for at once', async () => {
    const { forks, main } = await start('subjects', 2);
    const users = [main, ...forks.map(({ directories }) => directories)];
    const names = Array.from({ length: 50 }, (_, i) => account(`u${i}`));
    const [first, ...others] = await Promise.all(
      users.map((user) => Promise.all(names.map((name) => user.subjectOf(FORUM, name, NOVEMBER)))),
    );
    expect(new Set(first).size).toBe(50);
    for (const subjects of others) expect(subjects).toEqual(first);
  });
});

describe('badges of several workers', () => {
  it('come to every worker, in their order', async () => {
    const { forks, main } = await start('badges', 2);
    const [one, other] = two(forks.map(({ directories }) => directories));
    for (let i = 0; i < 30; i++) await one.publish(FORUM, A, region(`C${i}`), V4, NOVEMBER);
    expect((await main.badge(FORUM, A))?.code).toBe('C29');
    await eventually(async () => (await other.badge(FORUM, A))?.code === 'C29');
    await main.publish(FORUM, A, region('US'), V4, NOVEMBER);
    for (const user of [one, other])
      await eventually(async () => (await user.badge(FORUM, A))?.code === 'US');
    await other.publish(FORUM, A, region('JP'), V4, NOVEMBER);
    expect((await other.badge(FORUM, A))?.code).toBe('JP');
    await eventually(async () => (await one.badge(FORUM, A))?.code === 'JP');
  });

  it('are all with a worker that starts while they change', async () => {
    const { accounts, main } = await start('starting', 0);
    const names = Array.from({ length: 20_000 }, (_, i) => account(`u${i}`));
    const publish = (from: number, code: string) =>
      Promise.all(
        names.slice(from, from + 4000).map((name) => main.publish(FORUM, name, region(code), V4, NOVEMBER)),
      );
    for (let from = 0; from < 20_000; from += 4000) await publish(from, 'CN-GD');
    const work = { changing: true };
    const changes = (async () => {
      for (let i = 0; work.changing; i++)
        await main.publish(FORUM, account(`u${i % 20_100}`), region('US'), V4, NOVEMBER);
    })();
    const late = await addWorker(accounts);
    const later = await addWorker(accounts);
    work.changing = false;
    await changes;
    for (const { directories } of [late, later]) {
      // The last push is behind all the others.
      await main.publish(FORUM, A, region(`at ${late === later}`), V4, NOVEMBER);
      await directories.publish(FORUM, A, region('end'), V4, NOVEMBER);
      const [here, there] = [main, directories].map((user) =>
        Promise.all([...names, A].map(async (name) => (await user.badge(FORUM, name))?.code)),
      );
      expect(await there).toEqual(await here);
    }
  });
});
