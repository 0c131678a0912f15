import type { SourceFeed, ToldTranslation } from '../feed.ts';
import { MOST_CHARACTERS, readHeader } from './header.ts';
import { maskedSample } from '../sample.ts';
import type { YearRule } from './stamp.ts';
import type { SyslogLine, Vendor } from './vendor.ts';
import { VENDORS } from './vendors/index.ts';

export interface SyslogReaderOptions {
  readonly feed: SourceFeed;
  /** A vendor's name (see vendors/index.ts); null, or one that is not known, to recognise it by its lines. */
  readonly vendor: string | null;
  /** The zone of stamps that name none, minutes east of UTC. */
  readonly zoneMinutes: number;
  /** Of stamps without a year; `nearest` unless it is told. */
  readonly years?: YearRule;
}

export interface SyslogReaderStatus {
  readonly lines: number;
  readonly translations: number;
  /** Lines that may be NAT logging, but were not understood. */
  readonly unparsed: number;
  /** Whose lines were understood. */
  readonly vendors: readonly string[];
}

/** Reads the lines of one source and hands what they tell to its feed. */
export class SyslogReader {
  readonly #feed: SourceFeed;
  readonly #zoneMinutes: number;
  readonly #years: YearRule;
  /** The last one that understood a line is the first. */
  #vendors: readonly Vendor[];
  readonly #understood = new Set<string>();
  #lines = 0;
  #translations = 0;
  #unparsed = 0;

  constructor({ feed, vendor, zoneMinutes, years = 'nearest' }: SyslogReaderOptions) {
    this.#feed = feed;
    this.#zoneMinutes = zoneMinutes;
    this.#years = years;
    const set = VENDORS.filter(({ name }) => name === vendor);
    this.#vendors = set.length === 0 ? VENDORS : set;
  }

  /** Takes a line as it came, header and all. Never throws. */
  line(text: string, receivedMs: number): void {
    this.#lines += 1;
    const { rest, ...header } = readHeader(text, receivedMs, this.#zoneMinutes, this.#years);
    const line: SyslogLine = { ...header, text: rest, zoneMinutes: this.#zoneMinutes };
    let hinted = false;
    for (const vendor of this.#vendors) {
      if (!vendor.hint.test(line.text)) continue;
      hinted = true;
      const translations = vendor.read(line);
      if (translations === null) continue;
      this.#take(text, line.timeMs, vendor, translations);
      // There may be more behind.
      if (text.length > MOST_CHARACTERS) this.#feed.unread('line-too-long', 1);
      return;
    }
    if (!hinted) {
      this.#feed.rejected('not-nat', 1);
      return;
    }
    this.#unparsed += 1;
    this.#feed.unread('syslog-unparsed', 1, maskedSample(text));
  }

  /** Frames of its stream were too long, or did not come to their end. */
  cut(frames: number): void {
    this.#feed.unread('frame-cut', frames);
  }

  status(): SyslogReaderStatus {
    return {
      lines: this.#lines,
      translations: this.#translations,
      unparsed: this.#unparsed,
      vendors: [...this.#understood],
    };
  }

  #take(
    original: string,
    sentMs: number | null,
    vendor: Vendor,
    translations: readonly ToldTranslation[],
  ): void {
    this.#translations += translations.length;
    this.#understood.add(vendor.name);
    if (this.#vendors[0] !== vendor)
      this.#vendors = [vendor, ...this.#vendors.filter((other) => other !== vendor)];
    void this.#feed.take({
      original,
      dialect: `syslog:${vendor.name}`,
      sentMs,
      translations: translations.map((told) => ({ ...told, timeMs: told.timeMs ?? sentMs })),
    });
  }
}
