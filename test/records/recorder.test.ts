import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type { IpAddress, Port } from '../../src/model/address.ts';
import { GATEWAY_SOURCE, type ConnectionId, type RecordWriter } from '../../src/model/records.ts';
import { dayOf, systemClock, type Millis } from '../../src/model/time.ts';
import { lockDirectory } from '../../src/platform/lock.ts';
import {
  connectRecorder,
  openSqliteReader,
  openSqliteRecorder,
  type Opening,
  type RecorderOptions,
} from '../../src/records/sqlite/engine.ts';
import { verifyPartition } from '../../src/records/sqlite/digest.ts';
import { partitionPath, storedDays } from '../../src/records/sqlite/partition.ts';
import { SqliteQuery } from '../../src/records/sqlite/query.ts';
import { openStore } from '../../src/records/sqlite/store.ts';
import { recordsDirectory } from '../../src/records/sqlite/layout.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { binding, connection, endpoint, plus } from './items.ts';

const root = temporaryDirectory();
const CHILD = fileURLToPath(new URL('./writer-child.ts', import.meta.url));
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function opened(options: Partial<RecorderOptions> = {}) {
  const directory = options.directory ?? mkdtempSync(join(root, 'd-'));
  const openings: Opening[] = [];
  const recorder = await openSqliteRecorder({
    durability: 'fsync',
    ...options,
    directory,
    onOpened: (opening) => openings.push(opening),
  });
  closers.push(() => recorder.close());
  const worker = async (): Promise<RecordWriter> => {
    const writer = await connectRecorder({ socketPath: recorder.socketPath, worker: true });
    closers.push(() => writer.close());
    return writer;
  };
  return { directory, recorder, openings, worker };
}

interface Said {
  readonly id: ConnectionId;
  readonly from: Millis;
  readonly until: Millis;
  readonly recorder: number | null;
}

async function startChild(
  role: 'writer' | 'parent',
  path: string,
): Promise<{ child: ChildProcess; said: Said }> {
  const child = spawn(process.execPath, [CHILD, role, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  closers.push(() => void child.kill('SIGKILL'));
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, said: JSON.parse(text.toString()) as Said };
}

async function until(condition: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error('it did not come about');
    await sleep(10);
  }
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

function kill(pid: number | null): void {
  if (pid === null) throw new Error('no process');
  process.kill(pid, 'SIGKILL');
}

function stored(directory: string): Set<number> {
  const ids = new Set<number>();
  for (const day of storedDays(recordsDirectory(directory))) {
    const database = new DatabaseSync(partitionPath(recordsDirectory(directory), day), { readOnly: true });
    for (const row of database.prepare('SELECT id FROM connections').iterate()) ids.add(Number(row['id']));
    expect(verifyPartition(database, day, null)).toMatchObject({ ok: true });
    database.close();
  }
  return ids;
}

describe('the recorder process', () => {
  it('killed under load: what was acknowledged is there, the rest is refused, and it comes back under a new epoch', async () => {
    const { directory, recorder, openings, worker } = await opened();
    const writers = [await worker(), await worker()];
    const acknowledged = new Set<number>();
    let refused = 0;
    const state = { stop: false };
    const load = async (writer: RecordWriter): Promise<void> => {
      while (!state.stop) {
        const now = systemClock();
        const id = writer.nextConnection(now);
        try {
          await writer.append([connection(id, now)]);
          acknowledged.add(id);
        } catch (error) {
          expect(error).toMatchObject({ code: 'records.unavailable' });
          refused += 1;
          await sleep(20);
        }
      }
    };
    const loads = writers.flatMap((writer) => Array.from({ length: 8 }, () => load(writer)));
    const pids = new Set<number>();
    for (let round = 1; round <= 3; round += 1) {
      await until(() => recorder.pid() !== null && writers.every(({ epoch }) => epoch >= round));
      const before = acknowledged.size;
      await until(() => acknowledged.size > before + 200);
      pids.add(recorder.pid() ?? 0);
      kill(recorder.pid());
      await until(() => writers.every(({ epoch }) => epoch === 0));
    }
    await until(() => writers.every(({ epoch }) => epoch === 4));
    const before = acknowledged.size;
    await until(() => acknowledged.size > before);
    state.stop = true;
    await Promise.all(loads);
    expect(pids.size).toBe(3);
    expect(refused).toBeGreaterThan(0);
    expect(openings.map(({ first }) => first)).toEqual([true, false, false, false]);
    expect(openings[0]?.crashedAt).toBeNull();
    expect(openings.slice(1).every(({ crashedAt }) => crashedAt !== null)).toBe(true);
    for (const writer of writers) await writer.close();
    await recorder.close();
    expect([...acknowledged.difference(stored(directory))]).toEqual([]);
  }, 60_000);

  it('ends the connections of a worker that is killed, and tells its silence as a gap; the others go on', async () => {
    const { directory, recorder, worker } = await opened();
    const mine = await worker();
    const began = systemClock();
    const own = mine.nextConnection(began);
    await mine.append([connection(own, began, { client: endpoint('198.51.100.7', 9) })]);
    const { child, said } = await startChild('writer', recorder.socketPath);
    expect(said.id % 64).not.toBe(own % 64);
    const reader = await openSqliteReader(directory);
    closers.push(() => reader.close());
    const killed = systemClock();
    child.kill('SIGKILL');
    const window = { from: said.from, to: said.from };
    const ask = async (address: string, port: number) =>
      (await reader.byClient(address as IpAddress, port as Port, window, 10)).contacts[0];
    await until(async () => (await ask('113.66.1.1', 40_001))?.to !== null);
    expect(await ask('113.66.1.1', 40_001)).toMatchObject({
      id: said.id,
      to: said.until,
      endReason: 'crash',
    });
    expect(await ask('198.51.100.7', 9)).toMatchObject({ id: own, to: null });
    await mine.append([{ type: 'coverage', source: GATEWAY_SOURCE, from: began, to: systemClock() }]);
    const gaps = await reader.gaps(GATEWAY_SOURCE, { from: began, to: systemClock() });
    expect(gaps).toMatchObject([{ from: said.until, reason: 'crash' }]);
    expect(gaps[0]?.to).toBeGreaterThanOrEqual(killed);
    const pool = await reader.byEgress(
      '10.0.0.1' as IpAddress,
      50_001 as Port,
      { from: systemClock(), to: systemClock() },
      10,
    );
    expect(pool.shared).toBe(false);
  });

  it('does not outlive its parent; the next one takes over and finds the crash', async () => {
    const directory = mkdtempSync(join(root, 'd-'));
    const { child, said } = await startChild('parent', directory);
    const orphan = said.recorder ?? 0;
    expect(isAlive(orphan)).toBe(true);
    child.kill('SIGKILL');
    const { openings } = await opened({ directory });
    await until(() => !isAlive(orphan), 2000);
    expect(openings).toMatchObject([{ first: true, setAside: [] }]);
    expect(openings[0]?.crashedAt).toBeGreaterThanOrEqual(said.from);
    const reader = await openSqliteReader(directory);
    closers.push(() => reader.close());
    const window = { from: said.from, to: said.from };
    const found = await reader.byClient('113.66.1.1' as IpAddress, 40_001 as Port, window, 10);
    expect(found.contacts[0]).toMatchObject({ id: said.id, to: said.until, endReason: 'crash' });
  });

  it('waits for a predecessor that still holds the records', async () => {
    const directory = mkdtempSync(join(root, 'd-'));
    mkdirSync(recordsDirectory(directory));
    const lock = lockDirectory(recordsDirectory(directory));
    let released = false;
    setTimeout(() => {
      released = true;
      lock.release();
    }, 700);
    await opened({ directory });
    expect(released).toBe(true);
  });

  it('tells what is wrong with the first opening, and leaves no process', async () => {
    const directory = mkdtempSync(join(root, 'd-'));
    openStore({ directory, durability: 'os' }, systemClock).close();
    const path = partitionPath(recordsDirectory(directory), dayOf(systemClock()));
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 99');
    database.close();
    await expect(opened({ directory })).rejects.toMatchObject({ code: 'data.version', where: path });
    lockDirectory(recordsDirectory(directory)).release();
  });

  it('after a failed write refuses what it holds, ends, and its successor sets the damaged day aside', async () => {
    const { directory, recorder, openings, worker } = await opened();
    const writer = await worker();
    const now = systemClock();
    await writer.append([connection(writer.nextConnection(now), now)]);
    const pid = recorder.pid() ?? 0;
    const database = new DatabaseSync(partitionPath(recordsDirectory(directory), dayOf(now)));
    database.exec('DROP TABLE connections');
    database.close();
    await expect(writer.append([connection(writer.nextConnection(now), now)])).rejects.toMatchObject({
      code: 'records.unavailable',
    });
    expect(writer.epoch).toBe(0);
    await until(() => writer.epoch === 2);
    expect(isAlive(pid)).toBe(false);
    expect(openings.map(({ setAside }) => setAside.length)).toEqual([0, 1]);
    await writer.append([connection(writer.nextConnection(now), now)]);
  });

  it('closes its run in order: coverage to the end, a stop, the socket in a closed directory', async () => {
    const { directory, recorder, worker } = await opened();
    const began = systemClock();
    expect(statSync(join(directory, 'run')).mode & 0o777).toBe(0o700);
    const writer = await worker();
    expect(await recorder.heads()).toHaveLength(1);
    await writer.append([binding(1, 'aaaaaaaaaaaaaaaa', began)]);
    const [head] = await recorder.heads();
    const pid = recorder.pid() ?? 0;
    await writer.close();
    await recorder.close();
    const ended = systemClock();
    expect(isAlive(pid)).toBe(false);
    expect(existsSync(recorder.socketPath)).toBe(false);
    await expect(recorder.heads()).rejects.toMatchObject({ code: 'records.unavailable' });
    const query = new SqliteQuery(directory, systemClock, () => false);
    expect(query.gaps(GATEWAY_SOURCE, { from: plus(began, 0), to: plus(began, 1) })).toEqual([]);
    query.close();
    const database = new DatabaseSync(partitionPath(recordsDirectory(directory), dayOf(ended)), {
      readOnly: true,
    });
    const verdict = verifyPartition(database, dayOf(ended), head?.seq ?? 0);
    expect(verdict).toMatchObject({ ok: true, anchored: head?.chain });
    const last = database.prepare('SELECT event FROM lifecycle ORDER BY rowid DESC LIMIT 1').get();
    expect(last).toEqual({ event: 'stop' });
    database.close();
  });

  it('works in a directory whose path is too long for a socket', async () => {
    const directory = join(mkdtempSync(join(root, 'd-')), 'x'.repeat(120));
    mkdirSync(directory, { mode: 0o700 });
    const { worker } = await opened({ directory });
    const writer = await worker();
    const now = systemClock();
    const id = writer.nextConnection(now);
    await writer.append([connection(id, now)]);
    expect(stored(directory)).toEqual(new Set([id]));
  });

  it('below the disk reserve takes only ends and marks of what is stored', async () => {
    const { worker } = await opened({ diskReserveBytes: Number.MAX_SAFE_INTEGER });
    const writer = await worker();
    const now = systemClock();
    const id = writer.nextConnection(now);
    const code = 'records.disk-reserve';
    const first = writer.append([connection(id, now)]);
    const rests = writer.append([binding(id, 'aaaaaaaaaaaaaaaa', now)]);
    await expect(first).rejects.toMatchObject({ code });
    await expect(rests).rejects.toMatchObject({ code });
    await writer.append([
      { type: 'checkpoint', connection: id, to: now },
      { type: 'end', connection: id, to: now, closed: now, reason: 'closed' },
      { type: 'coverage', source: GATEWAY_SOURCE, from: now, to: now },
      { type: 'gap', source: 'nat', from: now, to: now, reason: 'dropped', count: 1 },
    ]);
    await expect(writer.append([connection(id, now)])).rejects.toMatchObject({ code });
    expect(writer.epoch).toBe(1);
  });
});
