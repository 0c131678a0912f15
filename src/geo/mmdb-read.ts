import { type DecodedValue, decodeMmdb, MmdbFault } from './mmdb-decode.ts';
import { METADATA_MARKER, SEPARATOR_BYTES } from './mmdb-write.ts';

/** The parts of an MMDB file, checked to lie inside it. */
export interface MmdbFile {
  readonly databaseType: string;
  /** Unix seconds. */
  readonly buildEpoch: number;
  readonly ipVersion: 4 | 6;
  readonly nodeCount: number;
  readonly recordBits: 24 | 32;
  readonly metadata: ReadonlyMap<string, DecodedValue>;
  readonly tree: Buffer;
  readonly data: Buffer;
}

/** The format allows 128 KiB of metadata; the marker is looked for no further back. */
const METADATA_MAX_BYTES = 128 * 1024;

/**
 * Reads the frame of an MMDB file: metadata, tree and data section. The records are not looked at.
 * @throws MmdbFault
 */
export function openMmdb(file: Buffer): MmdbFile {
  const from = Math.max(0, file.length - METADATA_MAX_BYTES);
  const marker = file.subarray(from).lastIndexOf(METADATA_MARKER);
  if (marker === -1) throw new MmdbFault('there is no metadata; the file is cut off or no MMDB file');
  const metadata = decodeMmdb(file.subarray(from + marker + METADATA_MARKER.length), 0);
  if (!(metadata instanceof Map)) throw new MmdbFault('the metadata is no map');
  const number = (key: string): number => {
    const value: unknown = metadata.get(key);
    if (typeof value !== 'number') throw new MmdbFault(`the metadata lacks ${key}`);
    return value;
  };
  const databaseType: unknown = metadata.get('database_type');
  const ipVersion = number('ip_version');
  const recordBits = number('record_size');
  const nodeCount = number('node_count');
  if (number('binary_format_major_version') !== 2) throw new MmdbFault('the format is not version 2');
  if (typeof databaseType !== 'string') throw new MmdbFault('the metadata lacks database_type');
  if (ipVersion !== 4 && ipVersion !== 6) throw new MmdbFault('ip_version is neither 4 nor 6');
  if (recordBits !== 24 && recordBits !== 32) throw new MmdbFault('record_size is neither 24 nor 32');
  const treeBytes = (nodeCount * recordBits) / 4;
  const dataStart = treeBytes + SEPARATOR_BYTES;
  if (nodeCount < 1 || dataStart > from + marker) throw new MmdbFault('the tree does not fit the file');
  const separator = file.subarray(treeBytes, dataStart);
  if (!separator.every((byte) => byte === 0)) throw new MmdbFault('tree and data are not separated');
  return {
    databaseType,
    buildEpoch: number('build_epoch'),
    ipVersion,
    nodeCount,
    recordBits,
    metadata,
    tree: file.subarray(0, treeBytes),
    data: file.subarray(dataStart, from + marker),
  };
}

/** A record of a node: below `nodeCount` a node, `nodeCount` nothing, above it an offset into the data. */
export function recordAt(file: MmdbFile, node: number, side: 0 | 1): number {
  const bytes = file.recordBits / 8;
  return file.tree.readUIntBE((2 * node + side) * bytes, bytes);
}

/** The offset in the data section that a record stands for; null when it stands for nothing. */
export function dataOffset(file: MmdbFile, record: number): number | null {
  if (record === file.nodeCount) return null;
  const offset = record - file.nodeCount - SEPARATOR_BYTES;
  if (offset < 0 || offset >= file.data.length)
    throw new MmdbFault('a record points outside the data section');
  return offset;
}

/** Receives a prefix: four address words (reused, copy what is kept), its length, and the offset of its data. */
export type PrefixVisitor = (words: Uint32Array, length: number, offset: number) => void;

/**
 * Calls `visit` for every prefix that has data, in ascending order. An IPv4-only file's prefixes are given at
 * ::/96 with 96 added to their length. A second way into the IPv4 subtree (an alias such as ::ffff:0:0/96) is skipped.
 * @throws MmdbFault when the tree is deeper than an address, or a record points outside
 */
export function walkMmdb(file: MmdbFile, visit: PrefixVisitor): void {
  const words = new Uint32Array(4);
  const start = file.ipVersion === 4 ? 96 : 0;
  let v4Node = -1;
  const walk = (node: number, depth: number): void => {
    if (depth >= 128) throw new MmdbFault('the tree is deeper than an address');
    if (depth === 96) {
      if (words[0] === 0 && words[1] === 0 && words[2] === 0) v4Node = node;
      else if (node === v4Node) return;
    }
    const word = depth >> 5;
    const bit = (1 << (31 - (depth & 31))) >>> 0;
    for (const side of [0, 1] as const) {
      const record = recordAt(file, node, side);
      if (side === 1) words[word] = ((words[word] ?? 0) | bit) >>> 0;
      if (record < file.nodeCount) {
        walk(record, depth + 1);
      } else {
        const offset = dataOffset(file, record);
        if (offset !== null) visit(words, depth + 1, offset);
      }
    }
    words[word] = ((words[word] ?? 0) & ~bit) >>> 0;
  };
  walk(0, start);
}
