import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { SqliteQuery } from '../../src/records/sqlite/query.ts';
import { rowOf } from '../../src/records/sqlite/schema.ts';
import { openStore } from '../../src/records/sqlite/store.ts';
import { GroupCommit } from '../../src/records/group-commit.ts';
import { openMemoryRecords } from '../../src/records/memory.ts';
import type { RecordReader, RecordWriter } from '../../src/model/records.ts';
import type { Clock } from '../../src/model/time.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { recordsContract, type Engine } from './contract.ts';

recordsContract('memory', () => {
  const store = { items: [] };
  return { open: async (clock) => openMemoryRecords(store, clock), crash: async () => undefined };
});

const root = temporaryDirectory();

/** The SQLite engine as its threads run it, on a clock of the test's: store, group commit and query in one thread. */
function sqliteEngine(): Engine {
  const directory = mkdtempSync(join(root, 'data-'));
  let kill: () => void = () => undefined;
  return {
    open: async (clock: Clock): Promise<{ writer: RecordWriter; reader: RecordReader }> => {
      const store = openStore({ directory, durability: 'fsync' }, clock);
      let open = true;
      kill = () => (open = false);
      const group = new GroupCommit(
        async (lines) => store.commit(lines),
        (item) => JSON.stringify(rowOf(item)),
        10_000,
      );
      const query = new SqliteQuery(directory, clock, () => open);
      const writer: RecordWriter = {
        firstConnection: store.firstConnection,
        failed: group.failed,
        append: (items) => group.append(items),
        close: async () => {
          await group.drained();
          store.close();
          open = false;
          await group
            .append([{ type: 'coverage', source: 'closed', from: clock(), to: clock() }])
            .catch(() => undefined);
        },
      };
      const reader: RecordReader = {
        byClient: async (...a) => query.byClient(...a),
        byEgress: async (...a) => query.byEgress(...a),
        bySubject: async (...a) => query.bySubject(...a),
        byRequest: async (...a) => query.byRequest(...a),
        sessionsOf: async (...a) => query.sessionsOf(...a),
        publicationsOf: async (...a) => query.publicationsOf(...a),
        gaps: async (...a) => query.gaps(...a),
        retainedFrom: async () => query.retainedFrom(),
        close: async () => query.close(),
      };
      return { writer, reader };
    },
    crash: async () => kill(),
  };
}

recordsContract('sqlite', sqliteEngine);
