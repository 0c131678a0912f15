import { once } from 'node:events';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { connectSubjects, type ConnectedSubjects } from '../../src/accounts/connect-subjects.ts';
import type { Accounts } from '../../src/accounts/open-accounts.ts';
import { serveSubjects, type SubjectsServer } from '../../src/accounts/serve-subjects.ts';
import { SUBJECTS_CHANNEL, type SubjectsContract } from '../../src/accounts/subjects-contract.ts';
import type { Site } from '../../src/model/accounts.ts';
import { openPeer, type Contract } from '../../src/platform/rpc.ts';
import { connectSocket, socketLink } from '../../src/platform/socket-link.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { gone, NO_LIMITS } from './directories.ts';
import { account, commits, createHome, DECEMBER, FORUM, NOVEMBER } from './support.ts';

const parent = temporaryDirectory();
const ISP = 'isp' as Site;
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

interface Served {
  readonly accounts: Accounts;
  readonly server: SubjectsServer;
  readonly socketPath: string;
}

async function start(name: string): Promise<Served> {
  const home = createHome(parent, name);
  const accounts = await home.open();
  ends.push(() => accounts.close());
  const socketPath = join(home.directory, 'run', 'subjects.sock');
  mkdirSync(dirname(socketPath));
  writeFileSync(socketPath, 'of a run before');
  const server = await serveSubjects({
    subjects: accounts.subjects,
    socketPath,
    isCommunity: (site) => site === FORUM,
  });
  ends.push(() => server.close());
  return { accounts, server, socketPath };
}

async function connected({ socketPath }: Served, site = ISP): Promise<ConnectedSubjects> {
  const connection = await connectSubjects(socketPath, site);
  ends.push(() => connection.close());
  return connection;
}

/** Another process of the same user, which sends what it likes. */
async function hostile({ socketPath }: Served) {
  type Any = {
    readonly [Name in keyof SubjectsContract]: { readonly argument: unknown; readonly result: unknown };
  };
  const link = socketLink(await connectSocket(socketPath));
  ends.push(() => link.close());
  return openPeer<Contract, Any & Contract>(link, {
    channel: SUBJECTS_CHANNEL,
    methods: {},
    limits: NO_LIMITS,
    busy: gone,
    gone,
  });
}

describe('the socket of subjects', () => {
  it('gives the subjects that the vault has, many at once', async () => {
    const served = await start('many');
    const { subjects } = await connected(served);
    const names = Array.from({ length: 2000 }, (_, index) => account(`用户-${index}"`));
    const given = await Promise.all(names.map((name) => subjects.subjectOf(ISP, name, NOVEMBER)));
    expect(new Set(given).size).toBe(2000);
    for (const index of [0, 1999])
      expect(given[index]).toBe(
        await served.accounts.subjects.subjectOf(ISP, names[index] ?? account('-'), NOVEMBER),
      );
    expect(await subjects.subjectOf(ISP, account('用户-0"'), DECEMBER)).not.toBe(given[0]);
  });

  it('is for its owner alone, replaces what a run before left, and goes with the server', async () => {
    const { server, socketPath } = await start('modes');
    expect(statSync(socketPath).isSocket()).toBe(true);
    expect(statSync(socketPath).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(socketPath)).mode & 0o777).toBe(0o700);
    await server.close();
    expect(existsSync(socketPath)).toBe(false);
    await expect(connectSubjects(socketPath, ISP)).rejects.toMatchObject({ code: 'vault.unavailable' });
  });

  it('adds nothing to the accounts of a community', async () => {
    const served = await start('community');
    await expect(connectSubjects(served.socketPath, FORUM)).rejects.toMatchObject({ code: 'usage.command' });
    const { subjects } = await connected(served);
    await expect(subjects.subjectOf(FORUM, account('a'), NOVEMBER)).rejects.toMatchObject({
      code: 'internal.fault',
    });
    expect(commits(served.accounts)).toBe(0);
  });

  it('refuses what it does not serve, and calls that hold what they must not', async () => {
    const served = await start('malformed');
    const peer = await hostile(served);
    const refused = async (method: string, argument: unknown): Promise<void> => {
      await expect(peer.call(method, argument), `${method} ${String(argument)}`).rejects.toMatchObject({
        code: 'internal.fault',
      });
    };
    await refused('subject', ['a', NOVEMBER]);
    for (const site of [null, '', 'Isp', ['isp']]) await refused('open', site);
    await peer.call('open', ISP);
    await refused('open', ISP);
    await refused('open', 'other');
    for (const argument of [null, ['a'], ['', NOVEMBER], ['a b', NOVEMBER], ['a', 'now'], ['a', 9e15]])
      await refused('subject', argument);
    for (const method of ['subjects', 'session', 'bind', 'publish', 'constructor'])
      await refused(method, [ISP, 'a', 0, 1]);
    expect(commits(served.accounts)).toBe(0);
  });

  it('cuts off who sends no message, and lives on', async () => {
    const served = await start('nonsense');
    for (const text of ['no json\n', 'x'.repeat((1 << 22) + 1)]) {
      const socket = await connectSocket(served.socketPath);
      socket.on('error', () => undefined);
      const closed = once(socket, 'close');
      socket.resume();
      socket.write(text);
      await closed;
    }
    const { subjects } = await connected(served);
    expect(await subjects.subjectOf(ISP, account('a'), NOVEMBER)).toMatch(/^[0-9a-f]{16}$/);
  });

  it('whoever waits for a server that goes is told', async () => {
    const served = await start('gone');
    const { subjects } = await connected(served);
    await served.server.close();
    await expect(subjects.subjectOf(ISP, account('a'), NOVEMBER)).rejects.toMatchObject({
      code: 'vault.unavailable',
    });
  });
});
