import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Accounts } from '../../src/accounts/open-accounts.ts';
import {
  superviseCollectors,
  type SupervisedCollectors,
  type SuperviseOptions,
} from '../../src/app/collectors/supervise.ts';
import { openSqliteRecorder, type SqliteRecorder } from '../../src/records/sqlite/engine.ts';
import { createHome } from '../accounts/support.ts';
import { temporaryDirectory } from '../support/directory.ts';

const root = temporaryDirectory();
let accounts: Accounts;
let recorder: SqliteRecorder;
beforeAll(async () => {
  accounts = await createHome(root, 'vault').open();
  recorder = await openSqliteRecorder({ directory: temporaryDirectory(), durability: 'os' });
});
afterAll(async () => {
  await recorder.close();
  await accounts.close();
});

/** The collectors' processes of this one. */
const children = (): number[] =>
  readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter((pid) => pid !== '' && cmdline(pid).includes('collectors-process.ts'))
    .map(Number);

function cmdline(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

interface Way {
  readonly path: string;
  /** From now on nobody is answered. */
  readonly hang: () => void;
  /** Resolves when somebody waits in vain. */
  readonly hanging: () => Promise<void>;
}

/** A way to the recorder that can be made to lead nowhere. */
async function way(name: string): Promise<Way> {
  const path = join(root, name);
  const sockets = new Set<Socket>();
  let isHung = false;
  let told: () => void = () => undefined;
  const waits = new Promise<void>((resolve) => {
    told = resolve;
  });
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    if (isHung) {
      told();
      return;
    }
    const through = connect(recorder.socketPath);
    sockets.add(through.on('error', () => undefined));
    socket.pipe(through).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    path,
    hang: () => {
      isHung = true;
    },
    hanging: () => waits,
  };
}

interface Supervised {
  readonly start: Promise<SupervisedCollectors>;
  readonly log: string[];
}

function supervise(recorderSocket: string, wish: Pick<SuperviseOptions, 'stopped'> = {}): Supervised {
  const log: string[] = [];
  const note = (event: string): void => void log.push(event);
  const start = superviseCollectors({
    settings: { own: [], sources: [], listeners: [] },
    recorderSocket,
    accounts,
    log: { info: note, warn: note, error: note },
    onEnded: () => note('ended'),
    ...wish,
  });
  return { start, log };
}

describe('the supervisor of the collectors', () => {
  it('closes at once while a start hangs: the child is gone, and nothing is said or tried again', async () => {
    const { path, hang, hanging } = await way('again');
    const { start, log } = supervise(path);
    const supervised = await start;
    hang();
    process.kill(supervised.pid() ?? 0, 'SIGKILL');
    await hanging();
    expect(children()).toHaveLength(1);
    const begun = performance.now();
    await supervised.close();
    expect(performance.now() - begun).toBeLessThan(5000);
    expect(children()).toEqual([]);
    expect(log).toEqual(['ended']);
  }, 30_000);

  it('gives the first start up when it is told so', async () => {
    const { path, hang, hanging } = await way('first');
    hang();
    const stopped = new AbortController();
    const { start, log } = supervise(path, { stopped: stopped.signal });
    const ended = expect(start).rejects.toThrow();
    await hanging();
    expect(children()).toHaveLength(1);
    const begun = performance.now();
    stopped.abort();
    await ended;
    expect(performance.now() - begun).toBeLessThan(5000);
    expect(children()).toEqual([]);
    expect(log).toEqual([]);
    await expect(supervise(path, { stopped: stopped.signal }).start).rejects.toThrow();
    expect(children()).toEqual([]);
  }, 30_000);

  it('stops in order what has started', async () => {
    const { start, log } = supervise(recorder.socketPath);
    const supervised = await start;
    expect(children()).toEqual([supervised.pid()]);
    await supervised.close();
    expect(children()).toEqual([]);
    expect(log).toEqual([]);
  }, 30_000);
});
