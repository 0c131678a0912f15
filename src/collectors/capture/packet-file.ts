import type { ByteReader } from './byte-reader.ts';

/** A frame as it was captured. */
export interface Frame {
  /** When it was captured, whole ms since the epoch. */
  readonly atMs: number;
  /** A number of LINKTYPE_ (tcpdump.org/linktypes). */
  readonly linkType: number;
  readonly bytes: Buffer;
}

/** Why a file cannot be read further: `format`, or `cut` in the midst of a frame. */
export type FileFault = 'format' | 'cut';

/** A frame or a block that is longer than this is no frame. */
const MOST_BYTES = 1 << 24;

const PCAPNG = 0x0a0d0d0a;

/** The magic numbers of pcap: which order the bytes have, and how many units its fractions of a second have a ms. */
const MAGIC: Readonly<Record<number, { readonly little: boolean; readonly perMs: number }>> = {
  0xd4c3b2a1: { little: true, perMs: 1000 },
  0xa1b2c3d4: { little: false, perMs: 1000 },
  0x4d3cb2a1: { little: true, perMs: 1_000_000 },
  0xa1b23c4d: { little: false, perMs: 1_000_000 },
};

/** Whether a file begins as a capture does. */
export function isCapture(reader: ByteReader): boolean {
  const head = reader.peek(4);
  if (head.length < 4) return false;
  const magic = head.readUInt32BE(0);
  return magic === PCAPNG || Object.hasOwn(MAGIC, magic);
}

/** The frames of a pcap or pcapng file, then why it ended before its end, if it did. */
export function* framesIn(reader: ByteReader): Generator<Frame, FileFault | null> {
  const head = reader.peek(4);
  if (head.length < 4) return 'format';
  const magic = head.readUInt32BE(0);
  if (magic === PCAPNG) return yield* framesOfPcapng(reader);
  const order = MAGIC[magic];
  return order === undefined ? 'format' : yield* framesOfPcap(reader, order.little, order.perMs);
}

const number = (bytes: Buffer, at: number, little: boolean): number =>
  little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);

function* framesOfPcap(
  reader: ByteReader,
  little: boolean,
  perMs: number,
): Generator<Frame, FileFault | null> {
  const head = reader.take(24);
  if (head === null) return 'cut';
  // The upper bits tell of a frame check sequence, which nobody here reads.
  const linkType = number(head, 20, little) & 0xffff;
  for (;;) {
    if (reader.peek(1).length === 0) return null;
    const record = reader.take(16);
    if (record === null) return 'cut';
    const length = number(record, 8, little);
    if (length > MOST_BYTES) return 'format';
    const bytes = reader.take(length);
    if (bytes === null) return 'cut';
    yield {
      atMs: number(record, 0, little) * 1000 + Math.floor(number(record, 4, little) / perMs),
      linkType,
      bytes,
    };
  }
}

interface Interface {
  readonly linkType: number;
  /** Units of its stamps a second: a power of ten or of two. */
  readonly perSecond: bigint;
  readonly offsetMs: number;
}

const INTERFACE_BLOCK = 1;
const SIMPLE_BLOCK = 3;
const ENHANCED_BLOCK = 6;
const MOST_INTERFACES = 4096;

function* framesOfPcapng(reader: ByteReader): Generator<Frame, FileFault | null> {
  let little = false;
  let interfaces: Interface[] = [];
  for (;;) {
    const start = reader.peek(12);
    if (start.length === 0) return null;
    if (start.length < 12) return 'cut';
    const isSection = start.readUInt32BE(0) === PCAPNG;
    if (isSection) {
      const order = start.readUInt32BE(8);
      if (order !== 0x1a2b3c4d && order !== 0x4d3c2b1a) return 'format';
      little = order === 0x4d3c2b1a;
      interfaces = [];
    }
    const length = number(start, 4, little);
    if (length < 12 || length % 4 !== 0 || length > MOST_BYTES) return 'format';
    const block = reader.take(length);
    if (block === null) return 'cut';
    if (isSection) continue;
    const body = block.subarray(8, length - 4);
    const type = number(block, 0, little);
    if (type === INTERFACE_BLOCK) {
      const described = body.length < 8 ? null : describeInterface(body, little);
      if (described === null || interfaces.length >= MOST_INTERFACES) return 'format';
      interfaces.push(described);
    } else if (type === ENHANCED_BLOCK) {
      const frame = enhancedFrame(body, little, interfaces);
      if (frame === null) return 'format';
      yield frame;
    } else if (type === SIMPLE_BLOCK && body.length >= 4 && interfaces[0] !== undefined) {
      // It has no time: a record without a time of its own cannot come of it.
      const bytes = body.subarray(4, 4 + Math.min(number(body, 0, little), body.length - 4));
      yield { atMs: 0, linkType: interfaces[0].linkType, bytes };
    }
  }
}

const IF_TSRESOL = 9;
const IF_TSOFFSET = 14;

function describeInterface(body: Buffer, little: boolean): Interface | null {
  const linkType = little ? body.readUInt16LE(0) : body.readUInt16BE(0);
  let perSecond = 1_000_000n;
  let offsetMs = 0;
  let at = 8;
  while (body.length - at >= 4) {
    const code = little ? body.readUInt16LE(at) : body.readUInt16BE(at);
    const length = little ? body.readUInt16LE(at + 2) : body.readUInt16BE(at + 2);
    at += 4;
    if (code === 0) break;
    if (length > body.length - at) return null;
    if (code === IF_TSRESOL && length === 1) {
      const value = body[at] ?? 6;
      perSecond = value & 0x80 ? 2n ** BigInt(value & 0x7f) : 10n ** BigInt(value);
    } else if (code === IF_TSOFFSET && length === 8)
      offsetMs = Number(little ? body.readBigInt64LE(at) : body.readBigInt64BE(at)) * 1000;
    at += (length + 3) & ~3;
  }
  return { linkType, perSecond, offsetMs };
}

function enhancedFrame(body: Buffer, little: boolean, interfaces: readonly Interface[]): Frame | null {
  if (body.length < 20) return null;
  const from = interfaces[number(body, 0, little)];
  const length = number(body, 12, little);
  if (from === undefined || length > body.length - 20) return null;
  const stamp = (BigInt(number(body, 4, little)) << 32n) | BigInt(number(body, 8, little));
  return {
    atMs: Number((stamp * 1000n) / from.perSecond) + from.offsetMs,
    linkType: from.linkType,
    bytes: body.subarray(20, 20 + length),
  };
}
