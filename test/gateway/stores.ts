import type {
  AccountId,
  Badge,
  BadgeDirectory,
  BoundSession,
  SessionDirectory,
  Site,
  Subject,
  SubjectDirectory,
} from '../../src/model/accounts.ts';
import type { IpAddress } from '../../src/model/address.ts';
import type { ConnectionId, RecordItem, RecordReader, RecordWriter } from '../../src/model/records.ts';
import type { RegionAnswer, RegionLookup } from '../../src/model/region.ts';
import { monthOf, type Clock, type Millis } from '../../src/model/time.ts';
import { openMemoryRecords } from '../../src/records/memory.ts';
import type { EventLog } from './event-log.ts';
import { Gate } from './gate.ts';

type Of<Type extends RecordItem['type']> = Extract<RecordItem, { type: Type }>;

/** The in-memory engine behind a gate; every durable item is an event. */
export class TestRecords implements RecordWriter {
  readonly gate = new Gate(() => this.#log.add('gate', 'records'));
  readonly items: RecordItem[] = [];
  readonly reader: RecordReader;
  /** The opening of the recorder; 0 while it is away. */
  epoch = 1;
  readonly #engine: RecordWriter;
  readonly #log: EventLog;

  constructor(clock: Clock, log: EventLog) {
    const engine = openMemoryRecords({ items: this.items }, clock);
    this.#engine = engine.writer;
    this.reader = engine.reader;
    this.#log = log;
  }

  nextConnection(at: Millis): ConnectionId {
    return this.#engine.nextConnection(at);
  }

  /** The recorder can store nothing any more. */
  breakDown(): void {
    this.epoch = 0;
  }

  async append(items: readonly RecordItem[]): Promise<void> {
    this.#log.add('record', `asked ${items.map((item) => item.type).join('+')}`);
    try {
      await this.gate.pass();
    } catch (error) {
      this.#log.add('record', 'failed');
      throw error;
    }
    await this.#engine.append(items);
    for (const item of items) this.#log.add('record', item.type);
  }

  all<Type extends RecordItem['type']>(type: Type): Of<Type>[] {
    return this.items.filter((item): item is Of<Type> => item.type === type);
  }

  close(): Promise<void> {
    return this.#engine.close();
  }
}

export class TestSubjects implements SubjectDirectory {
  readonly gate = new Gate(() => this.#log.add('gate', 'subjects'));
  readonly #known = new Map<string, Promise<Subject>>();
  readonly #stored = new Map<string, Subject>();
  readonly #log: EventLog;
  #next = 1;

  constructor(log: EventLog) {
    this.#log = log;
  }

  known(site: Site, account: AccountId, at: Millis): Subject | null {
    return this.#stored.get(keyOf(site, account, at)) ?? null;
  }

  subjectOf(site: Site, account: AccountId, at: Millis): Promise<Subject> {
    const key = keyOf(site, account, at);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const subject = (this.#next++).toString(16).padStart(16, '0') as Subject;
    const made = this.gate.pass().then(() => {
      this.#stored.set(key, subject);
      this.#log.add('vault', `subject ${account}`);
      return subject;
    });
    this.#known.set(key, made);
    made.catch(() => this.#known.delete(key));
    return made;
  }

  async subjectsOf(): Promise<readonly Subject[]> {
    return [...this.#stored.values()];
  }

  /** The subject of an account, which must be there already. */
  get(site: string, account: string, at: Millis): Subject {
    const subject = this.known(site as Site, account as AccountId, at);
    if (subject === null) throw new Error(`no subject of ${account}`);
    return subject;
  }
}

const keyOf = (site: Site, account: AccountId, at: Millis): string => `${site} ${monthOf(at)} ${account}`;

export class TestSessions implements SessionDirectory {
  readonly gate = new Gate(() => this.#log.add('gate', 'sessions'));
  /** What `load` waits for. */
  readonly loading = new Gate(() => this.#log.add('gate', 'session look-up'));
  readonly stored = new Map<string, BoundSession | null>();
  readonly #seen = new Map<string, BoundSession | null>();
  readonly #log: EventLog;

  constructor(log: EventLog) {
    this.#log = log;
  }

  find(site: Site, cookie: string): BoundSession | null | undefined {
    return this.#seen.get(`${site} ${cookie}`);
  }

  async load(site: Site, cookie: string): Promise<BoundSession | null> {
    await this.loading.pass();
    const session = this.stored.get(`${site} ${cookie}`) ?? null;
    this.#seen.set(`${site} ${cookie}`, session);
    return session;
  }

  bind(site: Site, cookie: string, account: AccountId, since: Millis): Promise<void> {
    return this.#set(site, cookie, { account, since }, `bind ${cookie} ${account}`);
  }

  unbind(site: Site, cookie: string): Promise<void> {
    return this.#set(site, cookie, null, `unbind ${cookie}`);
  }

  tagOf(site: Site, cookie: string): string {
    return `${site} ${cookie}`;
  }

  async changed(site: Site, cookie: string): Promise<void> {
    await this.gate.pass();
    this.#log.add('vault', `changed ${site} ${cookie}`);
  }

  /** Says what another process would. */
  tell: (tag: string | null) => void = () => undefined;

  onChanged(listener: (tag: string | null) => void): void {
    this.tell = listener;
  }

  async #set(site: Site, cookie: string, session: BoundSession | null, what: string): Promise<void> {
    this.#seen.set(`${site} ${cookie}`, session);
    await this.gate.pass();
    this.stored.set(`${site} ${cookie}`, session);
    this.#log.add('vault', what);
  }
}

export class TestBadges implements BadgeDirectory {
  readonly gate = new Gate(() => this.#log.add('gate', 'badges'));
  readonly stored = new Map<string, Badge>();
  readonly #log: EventLog;

  constructor(log: EventLog) {
    this.#log = log;
  }

  get(site: Site, account: AccountId): Badge | null {
    return this.stored.get(`${site} ${account}`) ?? null;
  }

  async publish(site: Site, account: AccountId, region: RegionAnswer, _address: IpAddress): Promise<void> {
    await this.gate.pass();
    const { code, source, dataVersion } = region;
    this.stored.set(`${site} ${account}`, { code, source, dataVersion });
    this.#log.add('vault', `badge ${account} ${code}`);
  }
}

/** Loopback is Guangdong, 8.0.0.0/8 the United States, everything else unknown. */
export const testRegions: RegionLookup = {
  lookup(address) {
    const code = /^(?:127\.|113\.)/.test(address) ? 'CN-GD' : address.startsWith('8.') ? 'US' : 'ZZ';
    return { code, source: 'fixture', dataVersion: '1', reason: code === 'ZZ' ? 'no-data' : null };
  },
};
