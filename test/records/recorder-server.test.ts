import { mkdtempSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it } from 'vitest';
import { GATEWAY_SOURCE, type RecordWriter } from '../../src/model/records.ts';
import { diskReserve } from '../../src/records/recorder/disk-reserve.ts';
import { LANES } from '../../src/records/recorder/numbers.ts';
import { WAITING_ROWS } from '../../src/records/recorder/protocol.ts';
import { startRecorderServer } from '../../src/records/recorder/server.ts';
import { connectRecorder } from '../../src/records/recorder/writer.ts';
import { lineOf } from '../../src/records/sqlite/schema.ts';
import { openStore } from '../../src/records/sqlite/store.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { binding, connection, endpoint, id, NOON, plus } from './items.ts';

const root = temporaryDirectory();
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function serving() {
  const directory = mkdtempSync(join(root, 's-'));
  const socketPath = join(directory, 'run', 'r.sock');
  const state = { low: false, now: NOON };
  const server = await startRecorderServer({
    store: openStore({ directory, durability: 'os' }, () => state.now),
    socketPath,
    clock: () => state.now,
    isLow: () => state.low,
    onFailed: () => undefined,
  });
  closers.push(() => server.close());
  const open = async (worker = true): Promise<RecordWriter> => {
    const writer = await connectRecorder({ socketPath, worker, waitMs: 2000 });
    closers.push(() => writer.close());
    return writer;
  };
  const rows = (sql: string) => {
    const database = new DatabaseSync(join(directory, 'records', '2026-11-20.sqlite'), { readOnly: true });
    try {
      return database
        .prepare(sql)
        .all()
        .map((row) => Object.values(row));
    } finally {
      database.close();
    }
  };
  return { socketPath, state, open, rows };
}

describe('the recorder over its socket', () => {
  it('gives lanes to 64 writers, refuses one more, and gives a lane again when its writer has gone', async () => {
    const { open } = await serving();
    const writers = [];
    for (let count = 0; count < LANES; count += 1) writers.push(await open());
    const lanes = writers.map((writer) => writer.nextConnection(NOON) % LANES);
    expect(lanes.toSorted((a, b) => a - b)).toEqual(Array.from({ length: LANES }, (_, lane) => lane));
    await expect(open()).rejects.toMatchObject({ code: 'records.unavailable' });
    const last = writers[7]?.nextConnection(NOON) ?? 0;
    await writers[7]?.append([connection(last, NOON)]);
    await writers[7]?.close();
    const next = (await open()).nextConnection(NOON);
    expect(next % LANES).toBe(lanes[7]);
    expect(next).toBeGreaterThan(last);
  });

  for (const [name, said] of [
    ['a line that is no row', 'H\n[1,2]\n.\n'],
    ['a row of too few cells', 'H\n["ends",1]\n.\n'],
    ['a row whose cell is of another kind', 'H\n["coverage","x","1",2]\n.\n'],
    ['a row of an unknown table', 'H\n["batches",1]\n.\n'],
    ['an append of nothing', 'H\n.\n'],
    ['a word in the middle of an append', 'H\n["coverage","x",1,2]\nB\n'],
    ['rows before the greeting', '["coverage","x",1,2]\n.\n'],
    ['an unknown word', 'H\nX\n'],
    ['a line without end', `H\n["${'x'.repeat(200_000)}`],
  ] as const)
    it(`sends a writer away for ${name}, and serves the others`, async () => {
      const { socketPath, open, rows } = await serving();
      const other = await open();
      const socket = connect(socketPath);
      socket.write(said);
      expect(await heard(socket)).toMatch(/(^|\n)N\n$/);
      const number = other.nextConnection(NOON);
      await other.append([connection(number, NOON)]);
      expect(rows('SELECT id FROM connections')).toEqual([[number]]);
      expect(rows("SELECT * FROM coverage WHERE source = 'x'")).toEqual([]);
    });

  it('drops half an append of a writer that goes, and keeps what it had sent whole', async () => {
    const { socketPath, rows, state } = await serving();
    const socket = connect(socketPath);
    socket.write('h\n');
    const first = await new Promise<string>((resolve) =>
      socket.once('data', (data) => resolve(String(data))),
    );
    const number = Number(first.trim().split(' ')[2]);
    const whole = `${lineOf(connection(number, NOON))}\n.\n`;
    state.now = plus(NOON, 5);
    socket.end(`${whole}${lineOf(binding(number, 'aaaaaaaaaaaaaaaa', NOON))}\n`);
    await heard(socket);
    expect(rows('SELECT connection, to_ms, closed_ms, reason FROM ends')).toEqual([
      [number, NOON, NOON + 5, 'crash'],
    ]);
    expect(rows('SELECT * FROM bindings')).toEqual([]);
    // It vouched for nothing, so its end is no gap.
    expect(rows("SELECT * FROM lifecycle WHERE event = 'crash'")).toEqual([]);
  });

  it('refuses numbers that are not the writer’s own, and an end of nothing open changes nothing', async () => {
    const { open, rows } = await serving();
    const [writer, other] = [await open(), await open()];
    const number = writer.nextConnection(NOON);
    await expect(other.append([connection(number, NOON)])).rejects.toMatchObject({
      code: 'records.unavailable',
    });
    await expect(writer.append([connection(number - 64, NOON)])).rejects.toMatchObject({
      code: 'records.unavailable',
    });
    await writer.append([connection(number, NOON)]);
    await expect(writer.append([connection(number, NOON)])).rejects.toMatchObject({
      code: 'records.unavailable',
    });
    const end = { type: 'end', connection: id(number), to: NOON, closed: NOON, reason: 'closed' } as const;
    await other.append([end]);
    expect(rows('SELECT * FROM ends')).toEqual([]);
    await writer.append([end]);
    await writer.append([end]);
    expect(rows('SELECT connection FROM ends')).toEqual([[number]]);
  });

  it('below the reserve refuses what may rest on a refused append, and takes everything once there is room', async () => {
    const { open, rows, state } = await serving();
    const writer = await open();
    const number = writer.nextConnection(NOON);
    state.low = true;
    const first = writer.append([connection(number, NOON)]);
    const resting = writer.append([binding(number, 'aaaaaaaaaaaaaaaa', NOON)]);
    await expect(first).rejects.toMatchObject({ code: 'records.disk-reserve' });
    state.low = false;
    await expect(resting).rejects.toMatchObject({ code: 'records.disk-reserve' });
    await writer.append([{ type: 'coverage', source: GATEWAY_SOURCE, from: NOON, to: NOON }]);
    await writer.append([connection(number, NOON), binding(number, 'aaaaaaaaaaaaaaaa', NOON)]);
    expect(rows('SELECT count(*) FROM connections')).toEqual([[1]]);
    expect(rows('SELECT count(*) FROM bindings')).toEqual([[1]]);
  });

  it('a writer holds back what goes beyond its bound, and takes more once there is room', async () => {
    const { open, rows } = await serving();
    const writer = await open();
    const refusals = (count: number) =>
      Array.from({ length: count }, () => ({
        type: 'refusal' as const,
        listener: 'public',
        prefix: '*',
        kind: 'rate',
        minute: NOON,
        count: 1,
      }));
    const most = writer.append(refusals(WAITING_ROWS - 1));
    await expect(writer.append(refusals(2))).rejects.toMatchObject({ code: 'records.unavailable' });
    const last = writer.append(refusals(1));
    await Promise.all([most, last]);
    await writer.append(refusals(2));
    expect(rows('SELECT count(*) FROM refusals')).toEqual([[WAITING_ROWS + 2]]);
  }, 30_000);

  it('time without any worker counts as covered; a writer that never vouched does not hold it up', async () => {
    const { open, rows, state } = await serving();
    await open(false);
    state.now = plus(NOON, 50_000);
    const worker = await open();
    state.now = plus(NOON, 60_000);
    await worker.append([
      { type: 'coverage', source: GATEWAY_SOURCE, from: plus(NOON, 50_000), to: plus(NOON, 58_000) },
    ]);
    await worker.append([connection(worker.nextConnection(state.now), NOON, { client: endpoint('::1', 1) })]);
    expect(rows('SELECT from_ms, to_ms FROM coverage')).toEqual([
      [NOON, NOON],
      [NOON, NOON + 50_000],
      [NOON + 50_000, NOON + 58_000],
    ]);
  });
});

/** All that comes until the other side ends, however it does. */
function heard(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (data) => (text += String(data)));
    socket.on('close', () => resolve(text));
  });
}

describe('the disk reserve', () => {
  it('looks at most once a second, and keeps its answer when it cannot look', () => {
    let looks = 0;
    let now = 0;
    let free: number | null = 100;
    const isLow = diskReserve(
      '/somewhere',
      4096 * 50,
      () => {
        looks += 1;
        if (free === null) throw new Error('gone');
        return { bavail: free, bsize: 4096 };
      },
      () => now,
    );
    expect(isLow()).toBe(false);
    free = 49;
    now = 999;
    expect([isLow(), looks]).toEqual([false, 1]);
    now = 1000;
    expect([isLow(), looks]).toEqual([true, 2]);
    free = null;
    now = 2000;
    expect([isLow(), looks]).toEqual([true, 3]);
    free = 50;
    now = 3000;
    expect(isLow()).toBe(false);
  });
});
