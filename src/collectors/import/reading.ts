import type { Millis } from '../../model/time.ts';
import type { Dialect } from '../ipfix/dialects.ts';
import type { LeaseFeed } from '../lease-feed.ts';
import type { Source } from '../source.ts';
import type { CsvMapping } from './csv-mapping.ts';

export const FORMATS = ['pcap', 'udp-payload', 'syslog', 'conntrack', 'csv'] as const;
export type Format = (typeof FORMATS)[number];

/** How the files of one import are read. */
export interface ReadingOptions {
  readonly source: Source;
  /** IPFIX and NetFlow v9; null to recognise it. */
  readonly dialect: Dialect | null;
  /** Syslog; null to recognise it. */
  readonly vendor: string | null;
  readonly zoneMinutes: number;
  /** Of RADIUS in a capture; null: such packets are counted and left alone. */
  readonly radius: { readonly feed: LeaseFeed; readonly secret: Buffer } | null;
  readonly mapping: CsvMapping | null;
  /** The moment by which what is read counts as received; set before each message. */
  readonly clock: { now: Millis };
}

/** One format's way through its files, which are one exporter's and come in the order of the command. */
export interface Reading {
  /**
   * Reads a file; gives a turn after each message, so that what was read can be stored.
   * @throws ShudiError import.format when the file is of another format
   */
  file(path: string, turn: (bytesRead: number) => Promise<void>): Promise<void>;
  /** Records, lines or rows read so far. */
  records(): number;
  /** Messages whose template has not come. */
  pending(): number;
}
