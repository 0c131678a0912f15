import type { RecordReader } from '../model/records.ts';
import { systemClock } from '../model/time.ts';
import { isLocked } from '../platform/lock.ts';
import { localReader } from '../records/sqlite/local-reader.ts';
import { SqliteQuery } from '../records/sqlite/query.ts';
import { recordsDirectory } from '../records/sqlite/layout.ts';

/** The records of a data directory, read beside whoever writes them; in this thread, as nothing else waits for it. */
export function openLocalRecords(dataDirectory: string): RecordReader {
  // Asked once: whether a recorder runs should not change within one disclosure.
  const live = isLocked(recordsDirectory(dataDirectory));
  const query = new SqliteQuery(dataDirectory, systemClock, () => live);
  return localReader(query);
}
