import { isIPv4, isIPv6 } from 'node:net';
import { canonicalAddress, socketPort, type Endpoint, type IpAddress } from '../../model/address.ts';

/** What a load balancer says of its client (the PROXY protocol of HAProxy, versions 1 and 2). */
export interface ProxyHeader {
  /** `local`: the balancer speaks for itself (a health check). */
  readonly command: 'local' | 'proxy';
  /** Null when the balancer does not know or the client has no IP address. */
  readonly source: Endpoint | null;
  readonly destination: Endpoint | null;
  /** The claim as text, at most 512 characters. */
  readonly chain: string;
}

/**
 * What was wrong: no header at all (`signature`), then its parts. `length`: longer than allowed, or too short for what
 * it claims to hold. `line`: version 1's fields and blanks. `tlv`: the extensions of version 2.
 */
export type ProxyFault =
  | 'signature'
  | 'version'
  | 'command'
  | 'family'
  | 'transport'
  | 'length'
  | 'line'
  | 'address'
  | 'port'
  | 'tlv'
  | 'checksum';

/** The header is not to the letter; the connection must be closed without a word. */
export class ProxyProtocolError extends Error {
  readonly fault: ProxyFault;

  constructor(fault: ProxyFault) {
    super(`The PROXY header is refused: ${fault}.`);
    this.name = 'ProxyProtocolError';
    this.fault = fault;
  }
}

const MAX_CHAIN = 512;
const V1_START = Buffer.from('PROXY ', 'latin1');
/** The longest line of version 1, CRLF included (section 2.1 of the specification). */
const V1_BYTES = 107;
const V2_SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const V2_HEAD = 16;
const V2_BYTES = V2_HEAD + 0xffff;

/** Reads the one header that a connection begins with, from pieces of any size. */
export class ProxyHeaderReader {
  readonly #limit: number;
  #held: Buffer = Buffer.alloc(0);
  #over = false;

  /** @param maxBytes  the longest header accepted; version 1 has a bound of its own, 107 */
  constructor(maxBytes: number) {
    this.#limit = Math.min(maxBytes, V2_BYTES);
  }

  /**
   * Takes the next bytes. Null while the header is not whole; `rest` is what came behind it.
   * @throws ProxyProtocolError  as soon as no right header can begin this way
   */
  push(chunk: Buffer): { readonly header: ProxyHeader; readonly rest: Buffer } | null {
    if (this.#over) throw new Error('The PROXY header has been read already.');
    const before = this.#held.length;
    const piece = chunk.subarray(0, this.#limit - before);
    const bytes = before === 0 ? piece : Buffer.concat([this.#held, piece]);
    this.#over = true;
    const end = headerEnd(bytes, this.#limit);
    if (end === null) {
      // Only a header that still has room can be waited for; anything longer was refused above.
      this.#held = Buffer.from(bytes);
      this.#over = false;
      return null;
    }
    this.#held = Buffer.alloc(0);
    const own = bytes.subarray(0, end);
    return {
      header: own[0] === V1_START[0] ? readLine(own) : readBlock(own),
      rest: chunk.subarray(end - before),
    };
  }
}

/** The length of the header, null while it is not whole. Refuses at the first byte that cannot belong to one. */
function headerEnd(bytes: Buffer, limit: number): number | null {
  if (bytes.length === 0) return null;
  if (beginsLike(bytes, V1_START)) {
    const bound = Math.min(limit, V1_BYTES);
    const end = bytes.subarray(0, bound).indexOf('\r\n', 0, 'latin1');
    if (end !== -1) return end + 2;
    if (bytes.length >= bound) throw new ProxyProtocolError('length');
    return null;
  }
  if (!beginsLike(bytes, V2_SIGNATURE)) throw new ProxyProtocolError('signature');
  const command = bytes[12];
  if (command !== undefined) {
    if (command >> 4 !== 2) throw new ProxyProtocolError('version');
    if ((command & 15) > 1) throw new ProxyProtocolError('command');
  }
  if (limit < V2_HEAD) throw new ProxyProtocolError('length');
  if (bytes.length < V2_HEAD) return null;
  const end = V2_HEAD + bytes.readUInt16BE(14);
  if (end > limit) throw new ProxyProtocolError('length');
  return bytes.length < end ? null : end;
}

function beginsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.subarray(0, length).equals(start.subarray(0, length));
}

/** Version 1: `PROXY TCP4 192.0.2.1 192.0.2.2 56324 443`, single blanks, nothing else. */
function readLine(bytes: Buffer): ProxyHeader {
  const line = bytes.toString('latin1', 0, bytes.length - 2);
  const chain = line.replace(/[^\x20-\x7e]/g, '?');
  const [, family, ...fields] = line.split(' ');
  // Whatever follows UNKNOWN must be ignored.
  if (family === 'UNKNOWN') return { command: 'proxy', source: null, destination: null, chain };
  if (family !== 'TCP4' && family !== 'TCP6') throw new ProxyProtocolError('family');
  const [source, destination, sourcePort, destinationPort, ...more] = fields;
  if (source === undefined || destination === undefined) throw new ProxyProtocolError('line');
  if (sourcePort === undefined || destinationPort === undefined || more.length > 0)
    throw new ProxyProtocolError('line');
  return {
    command: 'proxy',
    source: { address: lineAddress(source, family), port: linePort(sourcePort) },
    destination: { address: lineAddress(destination, family), port: linePort(destinationPort) },
    chain,
  };
}

function lineAddress(text: string, family: 'TCP4' | 'TCP6'): IpAddress {
  const fits = family === 'TCP4' ? isIPv4(text) : isIPv6(text) && !text.includes('%');
  const address = fits ? canonicalAddress(text) : null;
  if (address === null) throw new ProxyProtocolError('address');
  return address;
}

/** 0 to 65535 without leading zeros; 0 is unknown. */
function linePort(text: string): Endpoint['port'] {
  const value = /^(?:0|[1-9]\d{0,4})$/.test(text) ? Number(text) : 65_536;
  if (value > 65_535) throw new ProxyProtocolError('port');
  return socketPort(value);
}

/** The bytes that a family's addresses take (section 2.2). */
const ADDRESS_BYTES = { UNSPEC: 0, TCP4: 12, TCP6: 36, UNIX: 216 } as const;

/** Version 2, whole: signature, command and length have been looked at. */
function readBlock(bytes: Buffer): ProxyHeader {
  // LOCAL: the block is discarded, its family included.
  if ((bytes.readUInt8(12) & 15) === 0)
    return { command: 'local', source: null, destination: null, chain: 'PROXY/2 LOCAL' };
  const family = familyOf(bytes.readUInt8(13));
  const extensions = V2_HEAD + ADDRESS_BYTES[family];
  if (bytes.length < extensions) throw new ProxyProtocolError('length');
  checkExtensions(bytes, extensions);
  if (family === 'UNSPEC' || family === 'UNIX')
    return { command: 'proxy', source: null, destination: null, chain: `PROXY/2 ${family}` };
  const size = family === 'TCP4' ? 4 : 16;
  const from = blockAddress(bytes.subarray(V2_HEAD, V2_HEAD + size));
  const to = blockAddress(bytes.subarray(V2_HEAD + size, V2_HEAD + 2 * size));
  const fromPort = bytes.readUInt16BE(V2_HEAD + 2 * size);
  const toPort = bytes.readUInt16BE(V2_HEAD + 2 * size + 2);
  return {
    command: 'proxy',
    source: { address: from, port: socketPort(fromPort) },
    destination: { address: to, port: socketPort(toPort) },
    chain: `PROXY/2 ${family} ${from} ${to} ${fromPort} ${toPort}`.slice(0, MAX_CHAIN),
  };
}

/** Values that the specification does not list must be refused; datagrams cannot come over a stream. */
function familyOf(byte: number): keyof typeof ADDRESS_BYTES {
  switch (byte) {
    case 0x00:
      return 'UNSPEC';
    case 0x11:
      return 'TCP4';
    case 0x21:
      return 'TCP6';
    case 0x31:
      return 'UNIX';
    case 0x12:
    case 0x22:
    case 0x32:
      throw new ProxyProtocolError('transport');
    default:
      throw new ProxyProtocolError('family');
  }
}

function blockAddress(bytes: Buffer): IpAddress {
  const groups: string[] = [];
  for (let at = 0; at < bytes.length; at += 2) groups.push(bytes.toString('hex', at, at + 2));
  const address = canonicalAddress(bytes.length === 4 ? bytes.join('.') : groups.join(':'));
  if (address === null) throw new ProxyProtocolError('address');
  return address;
}

const PP2_TYPE_CRC32C = 0x03;
const PP2_TYPE_SSL = 0x20;
/** Before its own extensions, PP2_TYPE_SSL holds a byte of flags and four of the verification's result. */
const SSL_HEAD = 5;

function checkExtensions(bytes: Buffer, start: number): void {
  let checked = false;
  walkExtensions(bytes, start, bytes.length, (type, from, to) => {
    if (type === PP2_TYPE_SSL) {
      if (to - from < SSL_HEAD) throw new ProxyProtocolError('tlv');
      walkExtensions(bytes, from + SSL_HEAD, to, () => {});
    }
    if (type !== PP2_TYPE_CRC32C) return;
    if (checked || to - from !== 4) throw new ProxyProtocolError('tlv');
    checked = true;
    if (crc32c(bytes, from) !== bytes.readUInt32BE(from)) throw new ProxyProtocolError('checksum');
  });
}

function walkExtensions(
  bytes: Buffer,
  start: number,
  end: number,
  visit: (type: number, from: number, to: number) => void,
): void {
  let at = start;
  while (at < end) {
    if (end - at < 3) throw new ProxyProtocolError('tlv');
    const from = at + 3;
    const to = from + bytes.readUInt16BE(at + 1);
    if (to > end) throw new ProxyProtocolError('tlv');
    visit(bytes.readUInt8(at), from, to);
    at = to;
  }
}

/** The Castagnoli polynomial, reflected (RFC 3309). */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) rest = (rest & 1) === 0 ? rest >>> 1 : (rest >>> 1) ^ 0x82f63b78;
  return rest;
});

/** CRC32C of all bytes, with the four at `hole`, where the checksum itself stands, taken as zeros. */
function crc32c(bytes: Buffer, hole: number): number {
  let crc = 0xffffffff;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = at >= hole && at < hole + 4 ? 0 : bytes.readUInt8(at);
    crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
