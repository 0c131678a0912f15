import { cpSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { openMemoryRecords } from '../../src/records/memory.ts';
import { startRecorderServer } from '../../src/records/recorder/server.ts';
import { connectRecorder } from '../../src/records/recorder/writer.ts';
import { localReader } from '../../src/records/sqlite/local-reader.ts';
import { SqliteQuery } from '../../src/records/sqlite/query.ts';
import { openStore } from '../../src/records/sqlite/store.ts';
import type { RecordWriter } from '../../src/model/records.ts';
import type { Clock } from '../../src/model/time.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { recordsContract } from './contract.ts';
import type { Engine, Run } from './engine.ts';
import { startRelay, type Relay } from './relay.ts';

recordsContract('memory', () => {
  const store = { items: [] };
  return {
    open: async (clock): Promise<Run> => {
      const { writer, reader, another, lose } = openMemoryRecords(store, clock);
      return { writer, reader, another: async () => another(), lose: async (gone) => lose(gone) };
    },
    crash: async () => undefined,
  };
});

const root = temporaryDirectory();

/** Rows of lifecycle: a loss is stored when there are two more. */
function lifecycleRows(directory: string): number {
  const database = new DatabaseSync(join(directory, 'records', '2026-11-20.sqlite'), { readOnly: true });
  const count = Number(database.prepare('SELECT count(*) AS n FROM lifecycle').get()?.['n']);
  database.close();
  return count;
}

/** The SQLite engine on a clock of the test's: the recorder's server, real sockets, and writers behind relays. */
function sqliteEngine(): Engine {
  let directory = mkdtempSync(join(root, 'd-'));
  let abandon: () => Promise<void> = async () => undefined;
  return {
    open: async (clock: Clock): Promise<Run> => {
      const data = directory;
      let open = true;
      const server = await startRecorderServer({
        store: openStore({ directory: data, durability: 'fsync' }, clock),
        socketPath: join(data, 'run', 'r.sock'),
        clock,
        isLow: () => false,
        onFailed: () => undefined,
        anyNumbers: true,
      });
      const relays = new Map<RecordWriter, Relay>();
      const end = async (): Promise<void> => {
        if (!open) return;
        open = false;
        await server.close();
      };
      const another = async (): Promise<RecordWriter> => {
        const relay = await startRelay(join(data, 'run', `w${relays.size}`), join(data, 'run', 'r.sock'));
        const inner = await connectRecorder({ socketPath: relay.path, worker: true });
        const writer: RecordWriter = {
          get epoch() {
            return inner.epoch;
          },
          append: (items) => inner.append(items),
          nextConnection: (at) => inner.nextConnection(at),
          close: async () => {
            await inner.close();
            await relay.cut();
            relays.delete(writer);
            if (relays.size === 0) await end();
          },
        };
        relays.set(writer, relay);
        return writer;
      };
      const writer = await another();
      const query = new SqliteQuery(data, clock, () => open);
      const reader = localReader(query);
      abandon = async () => {
        // What is on the disk at this moment is what a kill leaves; the rest of this run no longer counts.
        const copy = mkdtempSync(join(root, 'd-'));
        cpSync(join(data, 'records'), join(copy, 'records'), { recursive: true });
        directory = copy;
        for (const one of relays.keys()) await one.close();
      };
      return {
        writer,
        reader,
        another,
        lose: async (gone) => {
          const before = lifecycleRows(data);
          await relays.get(gone)?.cut();
          relays.delete(gone);
          while (lifecycleRows(data) < before + 2) await sleep(5);
          await gone.close();
        },
      };
    },
    crash: () => abandon(),
  };
}

recordsContract('sqlite', sqliteEngine);
