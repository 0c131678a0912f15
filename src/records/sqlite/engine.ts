import type { ConnectionId, RecordReader, RecordWriter } from '../../model/records.ts';
import { startThread } from '../../platform/thread.ts';
import { GroupCommit } from '../group-commit.ts';
import type { ReaderService } from './reader-thread.ts';
import { rowOf } from './schema.ts';
import type { StoreHead, StoreOptions } from './store.ts';
import type { WriterService } from './writer-thread.ts';

/** About 100 MB of rows; a disk that falls this far behind is failing. */
const WAITING_ROWS = 200_000;

export interface SqliteWriter extends RecordWriter {
  /** Files that were damaged at the start and set aside. */
  readonly setAside: readonly string[];
  /** When the run before this one crashed: the time up to which it had vouched. */
  readonly crashedAt: number | null;
  /** The chains' ends that are to be anchored in the journal (R8): of days closed since the last call, then of today. */
  heads(): Promise<readonly StoreHead[]>;
}

/** Opens the SQLite engine for writing in a thread of its own; recovers first. The caller holds the directory's lock. */
export async function openSqliteWriter(options: StoreOptions): Promise<SqliteWriter> {
  const thread = await startThread<WriterService>(new URL('./writer-thread.ts', import.meta.url), options);
  const facts = await thread.call('facts', undefined);
  const group = new GroupCommit(
    (lines) => thread.call('commit', lines.join('\n')),
    (item) => JSON.stringify(rowOf(item)),
    WAITING_ROWS,
  );
  const died = thread.ended.then((error) => error ?? new Promise<Error>(() => undefined));
  return {
    firstConnection: facts.firstConnection as ConnectionId,
    setAside: facts.setAside,
    failed: Promise.race([group.failed, died]),
    append: (items) => group.append(items),
    crashedAt: facts.crashedAt,
    heads: () => thread.call('heads', undefined),
    async close() {
      await group.drained();
      await thread.stop();
    },
  };
}

/** Opens the SQLite engine for reading beside its writer, in a thread of its own. */
export async function openSqliteReader(directory: string): Promise<RecordReader> {
  const thread = await startThread<ReaderService>(new URL('./reader-thread.ts', import.meta.url), {
    directory,
  });
  return {
    byClient: (address, port, window, limit) => thread.call('byClient', { address, port, window, limit }),
    byEgress: (address, port, window, limit) => thread.call('byEgress', { address, port, window, limit }),
    bySubject: (subject, window, limit) => thread.call('bySubject', { subject, window, limit }),
    byRequest: (request) => thread.call('byRequest', { request }),
    sessionsOf: (subject, window, limit) => thread.call('sessionsOf', { subject, window, limit }),
    publicationsOf: (subject, window, limit) => thread.call('publicationsOf', { subject, window, limit }),
    gaps: (source, window) => thread.call('gaps', { source, window }),
    retainedFrom: () => thread.call('retainedFrom', null),
    close: () => thread.stop(),
  };
}
