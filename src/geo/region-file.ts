import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { isRegionCode, type RegionCode } from '../model/region.ts';
import { decodeMmdb, type DecodedValue, MmdbFault } from './mmdb-decode.ts';
import type { MmdbValue } from './mmdb-encode.ts';
import { u32, u64 } from './mmdb-encode.ts';
import { dataOffset, type MmdbFile, recordAt } from './mmdb-read.ts';
import type { SourceInfo } from './sources.ts';

/** What a record of the region file says: `{region, source}`, source being an index into the sources. */
export interface RegionRecord {
  readonly region: RegionCode;
  readonly source: SourceInfo;
}

/** The region file's own metadata. */
export interface RegionFileAbout {
  readonly sources: readonly SourceInfo[];
}

/** Where each data offset leads, and how many records (prefixes) the file has. */
export interface RegionRecords {
  readonly byOffset: ReadonlyMap<number, RegionRecord>;
  readonly count: number;
}

export const DATABASE_TYPE = 'Shudi-Region';
/** Raised with every change that an older reader would misread. */
export const SCHEMA_VERSION = 1;
const DIGEST_KEY = 'sha256';
const NO_DIGEST = '0'.repeat(64);
/** The hashing and scanning of a new file yields to waiting requests after about a millisecond's work. */
const YIELD_BYTES = 1 << 20;
const YIELD_NODES = 1 << 16;

/** A record as it is stored. */
export function recordValue(region: RegionCode, source: number): MmdbValue {
  return { region, source: u32(source) };
}

/** The further metadata of a region file; the digest is filled in by `sealRegionFile`. */
export function aboutValue(
  sources: readonly SourceInfo[],
  counts: Readonly<Record<string, number>>,
): Record<string, MmdbValue> {
  return {
    shudi_schema: u32(SCHEMA_VERSION),
    shudi_sources: sources.map((source) => ({ ...source, date: u64(source.date) })),
    shudi_counts: Object.fromEntries(Object.entries(counts).map(([key, value]) => [key, u64(value)])),
    [DIGEST_KEY]: NO_DIGEST,
  };
}

/** Fills in the digest over the whole file, taken with zeros in the digest's own place. Changes `file`. */
export function sealRegionFile(file: Buffer): Buffer {
  const at = digestAt(file);
  if (at === -1) throw new TypeError('the file does not end with a digest');
  file.write(NO_DIGEST, at, 'latin1');
  file.write(createHash('sha256').update(file).digest('hex'), at, 'latin1');
  return file;
}

/**
 * Whether the file's bytes are those that were written: finds any flipped byte and any half-written file.
 * It does not tell who wrote them; the sentinels and the operator's file permissions are for that.
 */
export async function digestHolds(file: Buffer): Promise<boolean> {
  const at = digestAt(file);
  if (at === -1) return false;
  const hash = createHash('sha256');
  for (let from = 0; from < at; from += YIELD_BYTES) {
    hash.update(file.subarray(from, Math.min(at, from + YIELD_BYTES)));
    await setImmediate();
  }
  hash.update(NO_DIGEST).update(file.subarray(at + NO_DIGEST.length));
  return hash.digest('hex') === file.toString('latin1', at, at + NO_DIGEST.length);
}

/** The digest is the last entry of the metadata, so it is the last 64 bytes of the file. */
function digestAt(file: Buffer): number {
  const at = file.length - NO_DIGEST.length;
  return at > 0 && /^[0-9a-f]{64}$/.test(file.toString('latin1', at)) ? at : -1;
}

/** @throws MmdbFault when the metadata is not that of a region file of this version */
export function readAbout(file: MmdbFile): RegionFileAbout {
  if (file.databaseType !== DATABASE_TYPE) throw new MmdbFault('the database type is not Shudi-Region');
  if (file.metadata.get('shudi_schema') !== SCHEMA_VERSION)
    throw new MmdbFault('the schema version is another');
  const list = file.metadata.get('shudi_sources');
  if (!Array.isArray(list) || list.length === 0) throw new MmdbFault('the metadata names no sources');
  return { sources: list.map(readSource) };
}

function readSource(value: DecodedValue): SourceInfo {
  if (!(value instanceof Map)) throw new MmdbFault('a source is no map');
  const text = (key: string): string => {
    const part: unknown = value.get(key);
    if (typeof part !== 'string') throw new MmdbFault(`a source lacks ${key}`);
    return part;
  };
  const date: unknown = value.get('date');
  if (typeof date !== 'number') throw new MmdbFault('a source lacks its date');
  return Object.freeze({
    name: text('name'),
    version: text('version'),
    date,
    licence: text('licence'),
    credit: text('credit'),
  });
}

/**
 * Looks at every record of the tree once: each leads to a node, nowhere, or to data of the right shape; each
 * node is reached once (the IPv4 subtree by its alias, too). After this no lookup can meet a surprise.
 * @throws MmdbFault
 */
export async function readRecords(file: MmdbFile, about: RegionFileAbout): Promise<RegionRecords> {
  const byOffset = new Map<number, RegionRecord>();
  const reached = new Uint8Array(file.nodeCount);
  let count = 0;
  let twice = 0;
  for (let node = 0; node < file.nodeCount; node++) {
    if (node % YIELD_NODES === YIELD_NODES - 1) await setImmediate();
    for (const side of [0, 1] as const) {
      const record = recordAt(file, node, side);
      if (record < file.nodeCount) {
        const times = (reached[record] ?? 0) + 1;
        reached[record] = times;
        if (times > 1) twice++;
        continue;
      }
      const offset = dataOffset(file, record);
      if (offset === null) continue;
      count++;
      if (!byOffset.has(offset)) byOffset.set(offset, readRecord(file, about, offset));
    }
  }
  if (reached[0] !== 0 || reached.indexOf(0, 1) !== -1 || twice > 1)
    throw new MmdbFault('the tree is tangled');
  return { byOffset, count };
}

function readRecord(file: MmdbFile, about: RegionFileAbout, offset: number): RegionRecord {
  const record = decodeMmdb(file.data, offset);
  const region: unknown = record instanceof Map ? record.get('region') : undefined;
  const index: unknown = record instanceof Map ? record.get('source') : undefined;
  const source = typeof index === 'number' ? about.sources[index] : undefined;
  if (typeof region !== 'string' || !isRegionCode(region) || source === undefined) {
    throw new MmdbFault('a record is not {region, source}');
  }
  return Object.freeze({ region, source });
}
