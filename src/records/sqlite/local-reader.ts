import type { RecordReader } from '../../model/records.ts';
import type { SqliteQuery } from './query.ts';

/** Reads in this thread: for processes in which nothing else waits for it. */
export function localReader(query: SqliteQuery): RecordReader {
  return {
    byClient: async (address, port, window, limit) => query.byClient(address, port, window, limit),
    byEgress: async (address, port, window, limit) => query.byEgress(address, port, window, limit),
    bySubject: async (subject, window, limit) => query.bySubject(subject, window, limit),
    byRequest: async (request) => query.byRequest(request),
    sessionsOf: async (subject, window, limit) => query.sessionsOf(subject, window, limit),
    publicationsOf: async (subject, window, limit) => query.publicationsOf(subject, window, limit),
    gaps: async (source, window) => query.gaps(source, window),
    sources: async () => query.sources(),
    leaseSources: async () => query.leaseSources(),
    translations: async (side, address, port, window, limit) =>
      query.translations(side, address, port, window, limit),
    leases: async (address, window, limit) => query.leases(address, window, limit),
    leasesOf: async (subject, window, limit) => query.leasesOf(subject, window, limit),
    imported: async (source, file) => query.imported(source, file),
    retainedFrom: async () => query.retainedFrom(),
    close: async () => query.close(),
  };
}
