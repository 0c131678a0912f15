import type { Frame } from './packet-file.ts';

/** A UDP datagram out of a captured frame. */
export interface Datagram {
  readonly atMs: number;
  /** The sender's address, 4 or 16 bytes. */
  readonly source: Buffer;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Buffer;
}

/** Why a frame holds no whole datagram. */
export type FrameFault = 'link-type' | 'not-ip' | 'not-udp' | 'fragment' | 'cut';

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
/** IEEE 802.1Q, 802.1ad. */
const VLAN: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100]);
const UDP = 17;

/** Takes the UDP datagram out of a frame. */
export function datagramIn({ atMs, linkType, bytes }: Frame): Datagram | FrameFault {
  const start = networkStart(linkType, bytes);
  if (typeof start === 'string') return start;
  const { at, type } = start;
  if (type === IPV4) return fromIPv4(atMs, bytes, at);
  return type === IPV6 ? fromIPv6(atMs, bytes, at) : 'not-ip';
}

/** Where the network layer begins, and its EtherType. */
function networkStart(linkType: number, bytes: Buffer): { at: number; type: number } | FrameFault {
  switch (linkType) {
    case 1:
      return etherType(bytes, 12);
    case 113:
      return etherType(bytes, 14);
    case 276: {
      // The type stands first, the head is 20 bytes (LINKTYPE_LINUX_SLL2).
      return bytes.length < 20 ? 'cut' : { at: 20, type: bytes.readUInt16BE(0) };
    }
    case 0:
    case 108:
      return bytes.length < 5 ? 'cut' : byVersion(bytes, 4);
    case 12:
    case 101:
    case 228:
    case 229:
      return bytes.length < 1 ? 'cut' : byVersion(bytes, 0);
    default:
      return 'link-type';
  }
}

const byVersion = (bytes: Buffer, at: number): { at: number; type: number } => ({
  at,
  type: (bytes[at] ?? 0) >> 4 === 6 ? IPV6 : IPV4,
});

function etherType(bytes: Buffer, place: number): { at: number; type: number } | FrameFault {
  let at = place;
  for (let tags = 0; tags < 4; tags += 1) {
    if (bytes.length < at + 2) return 'cut';
    const type = bytes.readUInt16BE(at);
    if (!VLAN.has(type)) return { at: at + 2, type };
    at += 4;
  }
  return 'not-ip';
}

function fromIPv4(atMs: number, bytes: Buffer, at: number): Datagram | FrameFault {
  if (bytes.length < at + 20) return 'cut';
  if ((bytes[at] ?? 0) >> 4 !== 4) return 'not-ip';
  const head = ((bytes[at] ?? 0) & 15) * 4;
  const length = bytes.readUInt16BE(at + 2);
  if (head < 20) return 'not-ip';
  if (bytes[at + 9] !== UDP) return 'not-udp';
  // Neither the first fragment of several nor a later one is a datagram.
  if ((bytes.readUInt16BE(at + 6) & 0x3fff) !== 0) return 'fragment';
  const end = Math.min(bytes.length, length === 0 ? bytes.length : at + length);
  return fromUdp(atMs, bytes, at + head, end, bytes.subarray(at + 12, at + 16));
}

/** Headers that may stand between IPv6 and UDP (RFC 8200, 4): hop-by-hop, routing, destination options. */
const EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 60]);
const FRAGMENT = 44;

function fromIPv6(atMs: number, bytes: Buffer, at: number): Datagram | FrameFault {
  if (bytes.length < at + 40) return 'cut';
  if ((bytes[at] ?? 0) >> 4 !== 6) return 'not-ip';
  const end = Math.min(bytes.length, at + 40 + bytes.readUInt16BE(at + 4));
  let next = bytes[at + 6] ?? 0;
  let place = at + 40;
  for (let count = 0; count < 8 && EXTENSIONS.has(next); count += 1) {
    if (end < place + 8) return 'cut';
    next = bytes[place] ?? 0;
    place += 8 + (bytes[place + 1] ?? 0) * 8;
  }
  if (next === FRAGMENT) return 'fragment';
  return next === UDP ? fromUdp(atMs, bytes, place, end, bytes.subarray(at + 8, at + 24)) : 'not-udp';
}

function fromUdp(
  atMs: number,
  bytes: Buffer,
  at: number,
  end: number,
  source: Buffer,
): Datagram | FrameFault {
  if (end < at + 8) return 'cut';
  const length = bytes.readUInt16BE(at + 4);
  if (length < 8 || at + length > end) return 'cut';
  return {
    atMs,
    source,
    sourcePort: bytes.readUInt16BE(at),
    destinationPort: bytes.readUInt16BE(at + 2),
    payload: bytes.subarray(at + 8, at + length),
  };
}
