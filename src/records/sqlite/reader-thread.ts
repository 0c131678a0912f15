import type { IpAddress, Port } from '../../model/address.ts';
import type { Subject } from '../../model/accounts.ts';
import type {
  Found,
  Gap,
  PublicationRecord,
  RecordReader,
  RequestId,
  SessionRecord,
  Window,
} from '../../model/records.ts';
import { systemClock, type Millis } from '../../model/time.ts';
import type { FoundLeases, FoundTranslations } from '../../model/translations.ts';
import { serveThread } from '../../platform/thread.ts';
import { isLocked } from '../../platform/lock.ts';
import { SqliteQuery } from './query.ts';
import { recordsDirectory } from './layout.ts';

type Answered<Name extends keyof RecordReader> = Awaited<ReturnType<RecordReader[Name]>>;

/** The reader's thread: a long question holds up neither a request nor a commit. */
export type ReaderService = {
  byClient: (q: { address: IpAddress; port: Port | null; window: Window; limit: number }) => Found;
  byEgress: (q: { address: IpAddress; port: Port; window: Window; limit: number }) => Found;
  bySubject: (q: { subject: Subject; window: Window; limit: number }) => Found;
  byRequest: (q: { request: RequestId }) => Answered<'byRequest'>;
  sessionsOf: (q: { subject: Subject; window: Window; limit: number }) => readonly SessionRecord[];
  publicationsOf: (q: { subject: Subject; window: Window; limit: number }) => readonly PublicationRecord[];
  gaps: (q: { source: string; window: Window }) => readonly Gap[];
  sources: (q: null) => readonly string[];
  leaseSources: (q: null) => readonly string[];
  translations: (q: {
    side: 'outside' | 'inside';
    address: IpAddress;
    port: Port | null;
    window: Window;
    limit: number;
  }) => FoundTranslations;
  leases: (q: { address: IpAddress; window: Window; limit: number }) => FoundLeases;
  leasesOf: (q: { subject: Subject; window: Window; limit: number }) => FoundLeases;
  imported: (q: { source: string; file: string }) => Answered<'imported'>;
  retainedFrom: (q: null) => Millis | null;
  close: () => void;
};

serveThread<{ directory: string }, ReaderService>(({ directory }) => {
  const query = new SqliteQuery(directory, systemClock, () => isLocked(recordsDirectory(directory)));
  return {
    byClient: (q) => query.byClient(q.address, q.port, q.window, q.limit),
    byEgress: (q) => query.byEgress(q.address, q.port, q.window, q.limit),
    bySubject: (q) => query.bySubject(q.subject, q.window, q.limit),
    byRequest: (q) => query.byRequest(q.request),
    sessionsOf: (q) => query.sessionsOf(q.subject, q.window, q.limit),
    publicationsOf: (q) => query.publicationsOf(q.subject, q.window, q.limit),
    gaps: (q) => query.gaps(q.source, q.window),
    sources: () => query.sources(),
    leaseSources: () => query.leaseSources(),
    translations: (q) => query.translations(q.side, q.address, q.port, q.window, q.limit),
    leases: (q) => query.leases(q.address, q.window, q.limit),
    leasesOf: (q) => query.leasesOf(q.subject, q.window, q.limit),
    imported: (q) => query.imported(q.source, q.file),
    retainedFrom: () => query.retainedFrom(),
    close: () => query.close(),
  };
});
