import type { RecordReader } from '../../model/records.ts';
import { startThread } from '../../platform/thread.ts';
import type { ReaderService } from './reader-thread.ts';

export { connectRecorder, type WriterOptions } from '../recorder/writer.ts';
export { openSqliteRecorder, type Opening, type RecorderOptions, type SqliteRecorder } from './recorder.ts';

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
    sources: () => thread.call('sources', null),
    leaseSources: () => thread.call('leaseSources', null),
    translations: (side, address, port, window, limit) =>
      thread.call('translations', { side, address, port, window, limit }),
    leases: (address, window, limit) => thread.call('leases', { address, window, limit }),
    leasesOf: (subject, window, limit) => thread.call('leasesOf', { subject, window, limit }),
    imported: (source, file) => thread.call('imported', { source, file }),
    retainedFrom: () => thread.call('retainedFrom', null),
    close: () => thread.stop(),
  };
}
