import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** An attribute: its number, its value; for a vendor's the vendor's number (IANA enterprise), else 0. */
export interface Attribute {
  readonly vendor: number;
  readonly type: number;
  readonly value: Buffer;
}

/** A request whose authenticator is right (RFC 2866, 4.1). */
export interface AccountingRequest {
  readonly identifier: number;
  /** 16 bytes; together with the identifier and the sender it names the request. */
  readonly authenticator: Buffer;
  readonly attributes: readonly Attribute[];
}

/** Why a datagram is no request. */
export type PacketFault = 'length' | 'code' | 'attribute' | 'authenticator' | 'message-authenticator';

const REQUEST = 4;
const RESPONSE = 5;
/** Status-Server (RFC 5997): asks whether somebody is there. */
export const STATUS_SERVER = 12;
const HEAD = 20;
const MOST_BYTES = 4096;
const VENDOR_SPECIFIC = 26;
const PROXY_STATE = 33;
const MESSAGE_AUTHENTICATOR = 80;
const ZEROS = Buffer.alloc(16);

/**
 * Reads an Accounting-Request. Nothing in it is believed before its authenticator was verified with the shared secret.
 * @param secret  shared with the sender
 */
export function readRequest(datagram: Buffer, secret: Buffer): AccountingRequest | PacketFault {
  const packet = packetIn(datagram, REQUEST);
  if (typeof packet === 'string') return packet;
  const authenticator = packet.subarray(4, HEAD);
  const right = createHash('md5')
    .update(packet.subarray(0, 4))
    .update(ZEROS)
    .update(packet.subarray(HEAD))
    .update(secret)
    .digest();
  if (!timingSafeEqual(right, authenticator)) return 'authenticator';
  const attributes = readAttributes(packet);
  if (attributes === null) return 'attribute';
  if (!areSigned(packet, ZEROS, secret)) return 'message-authenticator';
  return { identifier: packet[1] ?? 0, authenticator: Buffer.from(authenticator), attributes };
}

/**
 * Reads a Status-Server (RFC 5997, 3). Its authenticator is random: it is its Message-Authenticator, which it must have,
 * that shows that the sender knows the secret.
 */
export function readStatusServer(datagram: Buffer, secret: Buffer): AccountingRequest | PacketFault {
  const packet = packetIn(datagram, STATUS_SERVER);
  if (typeof packet === 'string') return packet;
  const attributes = readAttributes(packet);
  if (attributes === null) return 'attribute';
  const authenticator = Buffer.from(packet.subarray(4, HEAD));
  const signed = attributes.some(({ vendor, type }) => vendor === 0 && type === MESSAGE_AUTHENTICATOR);
  if (!signed || !areSigned(packet, authenticator, secret)) return 'message-authenticator';
  return { identifier: packet[1] ?? 0, authenticator, attributes };
}

/** The packet without what is behind it (RFC 2865, 3: padding); what is cut is dropped. */
function packetIn(datagram: Buffer, code: number): Buffer | PacketFault {
  if (datagram.length < HEAD) return 'length';
  const length = datagram.readUInt16BE(2);
  if (length < HEAD || length > MOST_BYTES || length > datagram.length) return 'length';
  return datagram[0] === code ? datagram.subarray(0, length) : 'code';
}

/**
 * The Accounting-Response to a request (RFC 2866, 4.2). It has no attribute but the request's Proxy-States, in their
 * order: proxies find their way back by them (2.3).
 */
export function writeResponse(request: AccountingRequest, secret: Buffer): Buffer {
  const states = request.attributes
    .filter(({ vendor, type }) => vendor === 0 && type === PROXY_STATE)
    .flatMap(({ type, value }) => [Buffer.from([type, value.length + 2]), value]);
  const packet = Buffer.concat([Buffer.alloc(HEAD), ...states]);
  packet[0] = RESPONSE;
  packet[1] = request.identifier;
  packet.writeUInt16BE(packet.length, 2);
  request.authenticator.copy(packet, 4);
  createHash('md5').update(packet).update(secret).digest().copy(packet, 4);
  return packet;
}

/** Null when they do not fill the packet to its end, each with a length of its own. */
function readAttributes(packet: Buffer): Attribute[] | null {
  const attributes: Attribute[] = [];
  let at = HEAD;
  while (at < packet.length) {
    const size = packet[at + 1] ?? 0;
    if (size < 2 || size > packet.length - at) return null;
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

/**
 * Whether each Message-Authenticator is right (RFC 3579, 3.2): HMAC-MD5 over the packet with the attribute's value
 * zeroed.
 * @param authenticator  that was in its place when it was signed: in an Accounting-Request none, 16 zeros
 */
function areSigned(packet: Buffer, authenticator: Buffer, secret: Buffer): boolean {
  let at = HEAD;
  while (at < packet.length) {
    const size = packet[at + 1] ?? 0;
    if (packet[at] === MESSAGE_AUTHENTICATOR) {
      if (size !== 18) return false;
      const zeroed = Buffer.from(packet);
      authenticator.copy(zeroed, 4);
      zeroed.fill(0, at + 2, at + 18);
      const right = createHmac('md5', secret).update(zeroed).digest();
      if (!timingSafeEqual(right, packet.subarray(at + 2, at + 18))) return false;
    }
    at += size;
  }
  return true;
}
