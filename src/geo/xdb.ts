/** A stretch of IPv4 addresses, both ends included, with ip2region's text `国家|区域|省|市|ISP` (`0` is blank). */
export type SegmentVisitor = (first: number, last: number, region: string) => void;

/** The file is no xdb file of the layout that this reader knows. */
export class XdbFault extends Error {
  override readonly name = 'XdbFault';
}

export interface XdbFile {
  /** When ip2region compiled the data, Unix seconds. */
  readonly created: number;
  readonly segments: number;
  /** Visits all segments in ascending order, which cover IPv4 without gaps. @throws XdbFault */
  walk(visit: SegmentVisitor): void;
}

const HEADER_BYTES = 256;
const SEGMENT_BYTES = 14;
const STRUCTURE_VERSION = 2;
const LAST_V4 = 0xffff_ffff;

/**
 * Opens ip2region's xdb, structure 2 (IPv4): a 256-byte header (version, created, first and last segment),
 * a vector index that is not needed to read everything in order, the texts, and 14-byte segments
 * (first u32, last u32, text length u16, text offset u32; little-endian).
 * @throws XdbFault
 */
export function openXdb(file: Buffer): XdbFile {
  if (file.length < HEADER_BYTES) throw new XdbFault('the file is cut off');
  const version = file.readUInt16LE(0);
  if (version !== STRUCTURE_VERSION) throw new XdbFault(`xdb structure ${version} is not known`);
  const start = file.readUInt32LE(8);
  const end = file.readUInt32LE(12) + SEGMENT_BYTES;
  if (start < HEADER_BYTES || end > file.length || start >= end || (end - start) % SEGMENT_BYTES !== 0) {
    throw new XdbFault('the segments do not lie inside the file');
  }
  return {
    created: file.readUInt32LE(4),
    segments: (end - start) / SEGMENT_BYTES,
    walk: (visit) => walkSegments(file, start, end, visit),
  };
}

function walkSegments(file: Buffer, start: number, end: number, visit: SegmentVisitor): void {
  const texts = new Map<number, string>();
  let next = 0;
  for (let at = start; at < end; at += SEGMENT_BYTES) {
    const first = file.readUInt32LE(at);
    const last = file.readUInt32LE(at + 4);
    const bytes = file.readUInt16LE(at + 8);
    const offset = file.readUInt32LE(at + 10);
    if (first !== next || last < first) throw new XdbFault('the segments are not in order');
    if (offset + bytes > file.length) throw new XdbFault('a text lies outside the file');
    let text = texts.get(offset);
    if (text === undefined) {
      text = file.toString('utf8', offset, offset + bytes);
      texts.set(offset, text);
    }
    visit(first, last, text);
    next = last + 1;
  }
  if (next !== LAST_V4 + 1) throw new XdbFault('the segments do not reach the last address');
}
