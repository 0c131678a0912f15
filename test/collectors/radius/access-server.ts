import { createHash, createHmac } from 'node:crypto';

/** Writes Accounting-Requests, as an access server would. */

export const SECRET = Buffer.from('testing123');

export const attribute = (type: number, value: Buffer): Buffer =>
  Buffer.concat([Buffer.from([type, value.length + 2]), value]);

export const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

export const vendor = (enterprise: number, type: number, value: Buffer): Buffer =>
  attribute(26, Buffer.concat([number(enterprise), attribute(type, value)]));

export interface RequestOptions {
  readonly identifier?: number;
  readonly secret?: Buffer;
  /** Adds a Message-Authenticator (RFC 3579, 3.2). */
  readonly signed?: boolean;
}

export function accountingRequest(
  attributes: readonly Buffer[],
  { identifier = 7, secret = SECRET, signed = false }: RequestOptions = {},
): Buffer {
  const all = signed ? [...attributes, attribute(80, Buffer.alloc(16))] : attributes;
  const body = Buffer.concat(all);
  const packet = Buffer.concat([Buffer.from([4, identifier, 0, 0]), Buffer.alloc(16), body]);
  packet.writeUInt16BE(packet.length, 2);
  if (signed)
    createHmac('md5', secret)
      .update(packet)
      .digest()
      .copy(packet, packet.length - 16);
  createHash('md5').update(packet).update(secret).digest().copy(packet, 4);
  return packet;
}
