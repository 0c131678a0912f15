import { readFile, stat } from 'node:fs/promises';
import { Reader } from 'maxmind';
import { ShudiError } from '../model/errors.ts';
import { AnswerSet, makeAnswers, unknownTo } from './answers.ts';
import { MmdbFault } from './mmdb-decode.ts';
import { type MmdbFile, openMmdb } from './mmdb-read.ts';
import { SEPARATOR_BYTES } from './mmdb-write.ts';
import {
  DATABASE_TYPE,
  digestHolds,
  readAbout,
  readRecords,
  type RegionRecord,
  SCHEMA_VERSION,
} from './region-file.ts';
import type { SourceInfo } from './sources.ts';

/** A region file that has been read into memory and checked as a whole. */
export interface RegionData {
  readonly path: string;
  readonly bytes: number;
  /** Tells this state of the file from another: inode, size and time of change. */
  readonly fingerprint: string;
  /** Prefixes that have a region. */
  readonly records: number;
  readonly ipVersion: 4 | 6;
  /** Unix seconds. */
  readonly buildEpoch: number;
  readonly sources: readonly SourceInfo[];
  /** What is answered for an address that the file does not know. */
  readonly nothing: AnswerSet;
  /**
   * The answers for an address in plain text (no zone, no mapped form), or null when the file has none.
   * The caller must have checked the text and dispatched by family.
   */
  find(address: string): AnswerSet | null;
}

/**
 * Reads a region file and looks at every byte of it once, yielding to other work meanwhile.
 * @throws ShudiError region.missing | region.damaged | region.schema
 */
export async function loadRegionFile(path: string): Promise<RegionData> {
  // Taken before reading: a change while it is read shows as a new fingerprint at the next look.
  const fingerprint = await fingerprintOf(path);
  return parseRegionFile(await readBytes(path), path, fingerprint);
}

/** The state of a file; a file that cannot be reached has one, too. Never rejects. */
export async function fingerprintOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return 'unreachable';
  }
}

/** The same for bytes that are in memory already; `path` is for errors only. */
export async function parseRegionFile(bytes: Buffer, path: string, fingerprint = ''): Promise<RegionData> {
  try {
    const file = openMmdb(bytes);
    checkSchema(file, path);
    if (!(await digestHolds(bytes))) throw new MmdbFault('the checksum does not match');
    const about = readAbout(file);
    const { byOffset, count } = await readRecords(file, about);
    const reader = makeReader(bytes, file, byOffset);
    return {
      path,
      bytes: bytes.length,
      fingerprint,
      records: count,
      ipVersion: file.ipVersion,
      buildEpoch: file.buildEpoch,
      sources: about.sources,
      nothing: unknownTo(about.sources[0]),
      find: (address) => reader.get(address),
    };
  } catch (error) {
    if (error instanceof ShudiError) throw error;
    const detail =
      error instanceof MmdbFault
        ? `The file is refused: ${error.message}.`
        : 'The file is refused: it cannot be parsed.';
    throw new ShudiError('region.damaged', detail, path, error);
  }
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw missing
      ? new ShudiError('region.missing', 'There is no such file.', path, error)
      : new ShudiError('region.damaged', 'The file cannot be read.', path, error);
  }
}

/** Another program's file, or another version's, is told apart from a damaged one: the mend is another. */
function checkSchema(file: MmdbFile, path: string): void {
  if (file.databaseType !== DATABASE_TYPE) {
    throw new ShudiError('region.schema', `The database type is not ${DATABASE_TYPE}.`, path);
  }
  if (file.metadata.get('shudi_schema') !== SCHEMA_VERSION) {
    throw new ShudiError('region.schema', `The schema version is not ${SCHEMA_VERSION}.`, path);
  }
}

/**
 * maxmind's reader with a cache that holds the answers of every record already, so that `get()` never decodes:
 * it can meet no record that was not checked, and hands out our own frozen objects.
 */
function makeReader(
  bytes: Buffer,
  file: MmdbFile,
  records: ReadonlyMap<number, RegionRecord>,
): { get(address: string): AnswerSet | null } {
  const dataStart = file.tree.length + SEPARATOR_BYTES;
  const decoded = new Map<number, { value: AnswerSet; offset: number }>();
  for (const [offset, record] of records) {
    decoded.set(dataStart + offset, Object.freeze({ value: makeAnswers(record), offset: 0 }));
  }
  const cache = { get: (offset: number | string) => decoded.get(Number(offset)), set: () => undefined };
  const reader = new Reader<never>(bytes, { cache });
  return {
    get(address) {
      const found: unknown = reader.get(address);
      return found instanceof AnswerSet ? found : null;
    },
  };
}
