import type { RecordReader } from '../model/records.ts';
import { systemClock } from '../model/time.ts';
import { isLocked } from '../platform/lock.ts';
import { SqliteQuery } from '../records/sqlite/query.ts';
import { recordsDirectory } from '../records/sqlite/store.ts';

/** The records of a data directory, read beside whoever writes them; in this thread, as nothing else waits for it. */
export function openLocalRecords(dataDirectory: string): RecordReader {
  // Asked once: whether a recorder runs should not change within one disclosure.
  const live = isLocked(recordsDirectory(dataDirectory));
  const query = new SqliteQuery(dataDirectory, systemClock, () => live);
  return {
    byClient: async (address, port, window, limit) => query.byClient(address, port, window, limit),
    byEgress: async (address, port, window, limit) => query.byEgress(address, port, window, limit),
    bySubject: async (subject, window, limit) => query.bySubject(subject, window, limit),
    byRequest: async (request) => query.byRequest(request),
    sessionsOf: async (subject, window, limit) => query.sessionsOf(subject, window, limit),
    publicationsOf: async (subject, window, limit) => query.publicationsOf(subject, window, limit),
    gaps: async (source, window) => query.gaps(source, window),
    retainedFrom: async () => query.retainedFrom(),
    close: async () => query.close(),
  };
}
