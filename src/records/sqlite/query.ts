import type { IpAddress, Port } from '../../model/address.ts';
import type { Subject } from '../../model/accounts.ts';
import {
  GATEWAY_SOURCE,
  LIVE_SOURCE_MS,
  type CoverageRecord,
  type Found,
  type FoundRequest,
  type Gap,
  type LifecycleRecord,
  type PublicationRecord,
  type RequestId,
  type SessionRecord,
  type Window,
} from '../../model/records.ts';
import type { Clock, Millis } from '../../model/time.ts';
import type { FoundLeases, FoundTranslations, ImportState, GapRecord } from '../../model/translations.ts';
import { gapsIn } from '../coverage.ts';
import { ContactQuery } from './contact-query.ts';
import { DayFiles } from './day-files.ts';
import { LeaseQuery } from './lease-query.ts';
import { ToldQuery } from './told-query.ts';

/** The reading side, synchronous: for the reader's thread and for commands. */
export class SqliteQuery {
  readonly #clock: Clock;
  readonly #isLive: () => boolean;
  readonly #files: DayFiles;
  readonly #contacts: ContactQuery;
  readonly #told: ToldQuery;
  readonly #leases: LeaseQuery;

  /** @param isLive whether a recorder runs now, so that it vouches up to this moment */
  constructor(dataDirectory: string, clock: Clock, isLive: () => boolean) {
    this.#clock = clock;
    this.#isLive = isLive;
    this.#files = new DayFiles(dataDirectory);
    this.#contacts = new ContactQuery(this.#files);
    this.#told = new ToldQuery(this.#files);
    this.#leases = new LeaseQuery(this.#files);
  }

  byClient(address: IpAddress, port: Port | null, window: Window, limit: number): Found {
    return this.#contacts.byClient(address, port, window, limit);
  }

  byEgress(address: IpAddress, port: Port, window: Window, limit: number): Found {
    return this.#contacts.byEgress(address, port, window, limit);
  }

  bySubject(subject: Subject, window: Window, limit: number): Found {
    return this.#contacts.bySubject(subject, window, limit);
  }

  byRequest(request: RequestId): FoundRequest | null {
    return this.#contacts.byRequest(request);
  }

  sessionsOf(subject: Subject, window: Window, limit: number): SessionRecord[] {
    return this.#contacts.sessionsOf(subject, window, limit);
  }

  publicationsOf(subject: Subject, window: Window, limit: number): PublicationRecord[] {
    return this.#contacts.publicationsOf(subject, window, limit);
  }

  translations(
    side: 'outside' | 'inside',
    address: IpAddress,
    port: Port | null,
    window: Window,
    limit: number,
  ): FoundTranslations {
    return this.#told.translations(side, address, port, window, limit);
  }

  leases(address: IpAddress, window: Window, limit: number): FoundLeases {
    return this.#leases.leases(address, window, limit);
  }

  leasesOf(subject: Subject, window: Window, limit: number): FoundLeases {
    return this.#leases.leasesOf(subject, window, limit);
  }

  imported(source: string, file: string): ImportState | null {
    return this.#told.imported(source, file);
  }

  sources(): string[] {
    return this.#told.sources('coverage');
  }

  leaseSources(): string[] {
    return this.#told.sources('leases');
  }

  gaps(source: string, window: Window): Gap[] {
    const coverage: CoverageRecord[] = [];
    const lifecycle: LifecycleRecord[] = [];
    const losses: GapRecord[] = [];
    // The newest days tell up to when a running recorder has vouched, wherever the window lies.
    const days = new Set([...this.#files.days(window), ...this.#files.stored().slice(-2)]);
    this.#files.each([...days], (database) => {
      for (const row of database.prepare('SELECT * FROM coverage WHERE source = ?').iterate(source)) {
        coverage.push({
          type: 'coverage',
          source,
          from: Number(row['from_ms']) as Millis,
          to: Number(row['to_ms']) as Millis,
        });
      }
      for (const row of database.prepare('SELECT * FROM lifecycle WHERE source = ?').iterate(source)) {
        const event = String(row['event']) as LifecycleRecord['event'];
        lifecycle.push({ type: 'lifecycle', source, event, at: Number(row['at_ms']) as Millis });
      }
      for (const row of database.prepare('SELECT * FROM gaps WHERE source = ?').iterate(source))
        losses.push({
          type: 'gap',
          source,
          from: Number(row['from_ms']) as Millis,
          to: Number(row['to_ms']) as Millis,
          reason: String(row['reason']) as GapRecord['reason'],
          count: Number(row['count']),
        });
    });
    const now = this.#clock();
    return gapsIn(source, window, {
      coverage,
      lifecycle,
      losses,
      damaged: this.#files.damaged(),
      liveUntil: this.#isLive() ? now : null,
      liveWithinMs: source === GATEWAY_SOURCE ? null : LIVE_SOURCE_MS,
      now,
    });
  }

  retainedFrom(): Millis | null {
    return this.#files.retainedFrom();
  }

  close(): void {
    this.#files.close();
  }
}
