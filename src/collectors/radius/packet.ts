import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** An attribute: its number, its value; for a vendor's the vendor's number (IANA enterprise), else 0. */
export interface Attribute {
  readonly vendor: number;
  readonly type: number;
  readonly value: Buffer;
}

/** An Accounting-Request whose authenticator is right (RFC 2866, 4.1). */
export interface AccountingRequest {
  readonly identifier: number;
  /** 16 bytes; together with the identifier and the sender it names the request. */
  readonly authenticator: Buffer;
  readonly attributes: readonly Attribute[];
}

/** Why a datagram is no Accounting-Request. */
export type PacketFault = 'length' | 'code' | 'attribute' | 'authenticator' | 'message-authenticator';

const REQUEST = 4;
const RESPONSE = 5;
/** Status-Server (RFC 5997): asks whether somebody is there. */
export const STATUS_SERVER = 12;
const HEAD = 20;
const MOST_BYTES = 4096;
const VENDOR_SPECIFIC = 26;
const MESSAGE_AUTHENTICATOR = 80;
const ZEROS = Buffer.alloc(16);

/**
 * Reads a datagram. Nothing in it is believed before its authenticator was verified with the shared secret.
 * @param secret  shared with the sender
 */
export function readRequest(datagram: Buffer, secret: Buffer): AccountingRequest | PacketFault {
  if (datagram.length < HEAD) return 'length';
  const length = datagram.readUInt16BE(2);
  // RFC 2865, 3: what is behind the length is padding; what is cut is dropped.
  if (length < HEAD || length > MOST_BYTES || length > datagram.length) return 'length';
  if (datagram[0] !== REQUEST) return 'code';
  const packet = datagram.subarray(0, length);
  const authenticator = packet.subarray(4, HEAD);
  const right = createHash('md5')
    .update(packet.subarray(0, 4))
    .update(ZEROS)
    .update(packet.subarray(HEAD))
    .update(secret)
    .digest();
  if (!timingSafeEqual(right, authenticator)) return 'authenticator';
  const attributes = readAttributes(packet, HEAD, length);
  if (attributes === null) return 'attribute';
  if (!isMessageRight(packet, secret)) return 'message-authenticator';
  return { identifier: packet[1] ?? 0, authenticator: Buffer.from(authenticator), attributes };
}

/** The Accounting-Response to a request (RFC 2866, 4.2): it carries no attribute. */
export function writeResponse(request: AccountingRequest, secret: Buffer): Buffer {
  const packet = Buffer.alloc(HEAD);
  packet[0] = RESPONSE;
  packet[1] = request.identifier;
  packet.writeUInt16BE(HEAD, 2);
  request.authenticator.copy(packet, 4);
  createHash('md5').update(packet).update(secret).digest().copy(packet, 4);
  return packet;
}

/** Null when they do not fill the packet to its end, each with a length of its own. */
function readAttributes(packet: Buffer, start: number, end: number): Attribute[] | null {
  const attributes: Attribute[] = [];
  let at = start;
  while (at < end) {
    const size = packet[at + 1] ?? 0;
    if (size < 2 || size > end - at) return null;
    const type = packet[at] ?? 0;
    const value = packet.subarray(at + 2, at + size);
    if (type === VENDOR_SPECIFIC) attributes.push(...vendorAttributes(value));
    else attributes.push({ vendor: 0, type, value });
    at += size;
  }
  return attributes;
}

/** RFC 2865, 5.26: a vendor may fill its attribute as it likes; what is not as suggested there is left alone. */
function vendorAttributes(value: Buffer): Attribute[] {
  if (value.length < 4) return [];
  const vendor = value.readUInt32BE(0);
  const attributes: Attribute[] = [];
  let at = 4;
  while (value.length - at >= 2) {
    const size = value[at + 1] ?? 0;
    if (size < 2 || size > value.length - at) return attributes;
    attributes.push({ vendor, type: value[at] ?? 0, value: value.subarray(at + 2, at + size) });
    at += size;
  }
  return attributes;
}

/** RFC 3579, 3.2: HMAC-MD5 over the packet with the attribute's value zeroed and, in a request, no authenticator. */
function isMessageRight(packet: Buffer, secret: Buffer): boolean {
  let at = HEAD;
  while (at < packet.length) {
    const size = packet[at + 1] ?? 0;
    if (packet[at] === MESSAGE_AUTHENTICATOR) {
      if (size !== 18) return false;
      const zeroed = Buffer.from(packet);
      zeroed.fill(0, 4, HEAD);
      zeroed.fill(0, at + 2, at + 18);
      const right = createHmac('md5', secret).update(zeroed).digest();
      if (!timingSafeEqual(right, packet.subarray(at + 2, at + 18))) return false;
    }
    at += size;
  }
  return true;
}
