import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Site, SubjectDirectory } from '../../model/accounts.ts';
import type { RecordItem, RecordReader, RecordWriter } from '../../model/records.ts';
import { DAY_MS, systemClock, type Millis } from '../../model/time.ts';
import { ShudiError } from '../../model/errors.ts';
import type { ImportRecord } from '../../model/translations.ts';
import { addressList } from '../address-list.ts';
import type { Dialect } from '../ipfix/dialects.ts';
import type { LeaseFeed } from '../lease-feed.ts';
import { LeaseSource } from '../lease-source.ts';
import { Source } from '../source.ts';
import { byDay } from '../vouching.ts';
import { Batches } from './batches.ts';
import { CsvReading } from './csv.ts';
import type { CsvMapping } from './csv-mapping.ts';
import { LineReading } from './lines.ts';
import { optionsDigest } from './options-digest.ts';
import { PacketReading } from './packets.ts';
import type { Format, Reading, ReadingOptions } from './reading.ts';
import { Stretches, watched } from './stretches.ts';

export interface ImportOptions {
  readonly name: string;
  readonly format: Format;
  readonly files: readonly string[];
  readonly realm: string;
  readonly dialect: Dialect | null;
  readonly vendor: string | null;
  readonly zoneMinutes: number;
  readonly radiusSecret: Buffer | null;
  readonly mapping: CsvMapping | null;
  /** The operator's own addresses and CIDRs. */
  readonly own: readonly string[];
  readonly writer: RecordWriter;
  readonly reader: Pick<RecordReader, 'imported' | 'retainedFrom'>;
  readonly subjects: Pick<SubjectDirectory, 'subjectOf'>;
  readonly site: Site;
  readonly onProgress: (file: string, share: number) => void;
}

export interface ImportSummary {
  /** Records, lines or rows that were read. */
  readonly records: number;
  /** Events: a create and its delete are two. */
  readonly translations: number;
  readonly leases: number;
  readonly rejected: number;
  /** Losses that the files show, and times of which something could not be read. */
  readonly gaps: number;
}

export interface ImportedFile {
  /** SHA-256, hex. */
  readonly file: string;
  /** It was imported before: nothing was added. */
  readonly known: boolean;
  /** Null, or why it could not be read to its end: what was read is stored, and it is the last that was. */
  readonly fault: ShudiError | null;
}

export interface Imported {
  readonly summary: ImportSummary;
  readonly files: readonly ImportedFile[];
  /** What was rejected, by its reason. */
  readonly rejections: readonly (readonly [reason: string, count: number])[];
}

/** Items that are stored together. */
const BATCH = 2000;
/** Accounts that may wait for the vault at once. */
const MOST_WAITING = 1000;
const WITHOUT_SECRET = 'radius-without-secret';
/** What tells of no fault of a record: these are usual. */
const USUAL: ReadonlySet<string> = new Set([
  'identity',
  'notice',
  'not-nat',
  'frame-not-udp',
  'frame-not-ip',
  'csv-identity',
]);

/**
 * Imports files of one exporter, in the order in which they were made. The same file twice adds nothing; one that was
 * cut off goes on where it was. The stretch of time that they cover is registered (R5).
 * @throws ShudiError import.* | records.* | data.*
 */
export async function importFiles(options: ImportOptions): Promise<Imported> {
  const readBy = optionsDigest(options);
  const digests: string[] = [];
  // All before the first is read: a refusal leaves nothing half done.
  for (const path of options.files) {
    const file = await digestOf(path);
    const before = await options.reader.imported(options.name, file);
    if (before !== null && before.options !== readBy)
      throw new ShudiError('import.options', 'The file was imported with other options.', path);
    digests.push(file);
  }
  const run = new Import(options, readBy, await options.reader.retainedFrom());
  const files: ImportedFile[] = [];
  for (const [index, path] of options.files.entries()) {
    const read = await run.file(path, digests[index] ?? '');
    files.push(read);
    if (read.fault !== null) break;
  }
  return { summary: run.summary(), files, rejections: run.rejections() };
}

interface Counts {
  records: number;
  translations: number;
  leases: number;
  rejected: number;
}

class Import {
  readonly #options: ImportOptions;
  /** See `optionsDigest`. */
  readonly #readBy: string;
  readonly #batches: Batches;
  readonly #source: Source;
  readonly #reading: Reading;
  readonly #clock: { now: Millis } = { now: systemClock() };
  /** Of what was read of files that were known already. */
  readonly #known: Counts = { records: 0, translations: 0, leases: 0, rejected: 0 };
  /** Leases wait for the vault before they are handed on: so many do. */
  #waiting = 0;
  /** Of how many the names could not be stored. */
  #failed = 0;
  #gaps = 0;
  /** Of what could not be read is noted where it is missing. */
  #unread = { all: 0, waited: 0 };
  /** The stretches of time that a file tells of. */
  #covered = new Stretches();

  constructor(options: ImportOptions, readBy: string, retainedFrom: Millis | null) {
    this.#options = options;
    this.#readBy = readBy;
    this.#batches = new Batches(options.writer);
    this.#source = new Source({
      name: options.name,
      realm: options.realm,
      writer: watched(this.#batches, (item) => this.#covered.note(item)),
      clock: () => this.#clock.now,
      isOwn: addressList(options.own),
      live: false,
      granularityMs: 1,
      retainedFrom,
      latest: (systemClock() + DAY_MS) as Millis,
    });
    this.#reading = this.#readingOf(options);
  }

  /** @param file  SHA-256, hex */
  async file(path: string, file: string): Promise<ImportedFile> {
    const { name, reader, onProgress } = this.#options;
    const before = await reader.imported(name, file);
    const size = Math.max(1, statSync(path).size);
    const start = this.#counts();
    const takenBefore = this.#batches.taken;
    let messages = 0;
    this.#covered = new Stretches();
    const known = before?.done === true;
    // Before the first message: it must not be taken for one of the file before.
    this.#batches.isKnown = known || (before?.messages ?? 0) > 0;
    const turn = async (bytesRead: number): Promise<void> => {
      messages += 1;
      await this.#noteUnread();
      const isKnown = known || messages < (before?.messages ?? 0);
      // Leases that wait for the vault still are of the part that is known.
      if (this.#batches.isKnown && !isKnown) await this.#handedOn();
      this.#batches.isKnown = isKnown;
      while (this.#waiting >= MOST_WAITING) await new Promise((resolve) => setImmediate(resolve));
      if (this.#batches.waiting < BATCH) return;
      onProgress(path, bytesRead / size);
      await this.#flush([...this.#lost(), this.#progress(file, messages, false)]);
    };
    const fault = await this.#reading.file(path, turn).then(() => null, damageOf);
    onProgress(path, 1);
    await this.#handedOn();
    if (known) {
      this.#leaveOut(start);
      return { file, known, fault };
    }
    const isWhole = this.#isWhole();
    const covered = isWhole ? this.#covered.items(name) : [];
    this.#gaps += isWhole ? this.#covered.gaps : 0;
    const told = [...this.#lost(), ...covered];
    // Of which nothing was taken is not known: perhaps it was only read the wrong way.
    if (before !== null || told.length > 0 || this.#batches.taken > takenBefore)
      await this.#flush([
        ...told,
        this.#end(file, fault === null, isWhole, Math.max(messages, before?.messages ?? 0)),
      ]);
    return { file, known, fault };
  }

  summary(): ImportSummary {
    const { records, translations, leases, rejected } = this.#counts();
    return {
      records: records - this.#known.records,
      translations: translations - this.#known.translations,
      leases: leases - this.#known.leases,
      rejected: rejected - this.#known.rejected,
      gaps: this.#gaps,
    };
  }

  rejections(): (readonly [string, number])[] {
    const counts = Object.entries(this.#source.rejections.counts()).filter(([reason]) => !USUAL.has(reason));
    const pending = this.#reading.pending();
    return pending === 0 ? counts : [...counts, ['template-not-there-yet', pending]];
  }

  async #flush(last: readonly RecordItem[]): Promise<void> {
    await this.#handedOn();
    await this.#batches.flush(last);
  }

  /** Data that wait for a template, or a secret, may come to be read with it another time: then they are vouched for. */
  #isWhole(): boolean {
    return this.#reading.pending() === 0 && this.#source.rejections.counts()[WITHOUT_SECRET] === undefined;
  }

  /** What of a message could not be read is missing from the stretch of time around it. */
  async #noteUnread(): Promise<void> {
    const { all, waited } = this.#source.unreadCount;
    const unread = all - this.#unread.all;
    const givenUp = waited - this.#unread.waited;
    // Leases that wait for the vault were read before.
    if (unread > 0) await this.#handedOn();
    this.#unread = { all, waited };
    this.#covered.read(unread - givenUp, givenUp);
  }

  #lost(): RecordItem[] {
    const lost = this.#source.takeGaps().filter(({ reason }) => reason === 'lost');
    this.#gaps += lost.length;
    return lost.flatMap((gap) => byDay(gap.from, gap.to).map((part) => ({ ...gap, ...part })));
  }

  /** Resolves when the rows of all leases were handed on. @throws ShudiError vault.unavailable */
  async #handedOn(): Promise<void> {
    while (this.#waiting > 0) await new Promise((resolve) => setImmediate(resolve));
    if (this.#failed > 0)
      throw new ShudiError(
        'vault.unavailable',
        'The names of subscribers could not be stored.',
        this.#options.name,
      );
  }

  #counts(): Counts {
    const { translations, leases } = this.#source.counts;
    const rejected = Object.entries(this.#source.rejections.counts()).reduce(
      (sum, [reason, count]) => sum + (USUAL.has(reason) ? 0 : count),
      0,
    );
    return {
      records: this.#reading.records(),
      translations,
      leases,
      rejected: rejected + this.#reading.pending(),
    };
  }

  /**
   * @param isComplete  the file was read to its end
   * @param isWhole  and all of what was read
   */
  #end(file: string, isComplete: boolean, isWhole: boolean, messages: number): ImportRecord {
    return isComplete && !isWhole
      ? this.#progress(file, 0, false)
      : this.#progress(file, messages, isComplete);
  }

  #progress(file: string, messages: number, done: boolean): ImportRecord {
    const { name: source } = this.#options;
    return { type: 'import', source, file, options: this.#readBy, messages, done, at: systemClock() };
  }

  #leaveOut(start: Counts): void {
    const now = this.#counts();
    for (const key of ['records', 'translations', 'leases', 'rejected'] as const)
      this.#known[key] += now[key] - start[key];
    this.#source.takeGaps();
  }

  /** Counts what waits for the vault: an account is handed on when its rows are, or when it has failed. */
  #leaseFeed({ subjects, site }: ImportOptions): LeaseFeed {
    const onHanded = (): void => void (this.#waiting -= 1);
    const feed = new LeaseSource({ source: this.#source, subjects, site, onHanded });
    return {
      name: feed.name,
      rejected: (...rejection) => feed.rejected(...rejection),
      account: (message) => {
        this.#waiting += 1;
        const stored = feed.account(message);
        void stored.then((isStored) => {
          if (!isStored) this.#failed += 1;
        });
        return stored;
      },
    };
  }

  #readingOf(options: ImportOptions): Reading {
    const { format, dialect, vendor, zoneMinutes, radiusSecret, mapping } = options;
    const leases = this.#leaseFeed(options);
    const reading: ReadingOptions = {
      source: this.#source,
      dialect,
      vendor,
      zoneMinutes,
      mapping,
      radius: radiusSecret === null ? null : { feed: leases, secret: radiusSecret },
      clock: this.#clock,
    };
    switch (format) {
      case 'pcap':
      case 'udp-payload':
        return new PacketReading(reading, format === 'pcap');
      case 'syslog':
      case 'conntrack':
        return new LineReading(reading, format);
      case 'csv':
        return new CsvReading(reading, leases);
    }
  }
}

/** @throws what is no damage of the file */
function damageOf(error: unknown): ShudiError {
  if (error instanceof ShudiError && error.code === 'import.damaged') return error;
  throw error;
}

async function digestOf(path: string): Promise<string> {
  const digest = createHash('sha256');
  await pipeline(createReadStream(path), digest);
  return digest.digest('hex');
}
