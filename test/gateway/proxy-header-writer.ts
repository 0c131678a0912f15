import { crc32c } from './crc32c.ts';

export interface Tlv {
  readonly type: number;
  readonly value: Buffer;
}

export function tlv({ type, value }: Tlv): Buffer {
  const head = Buffer.alloc(3);
  head.writeUInt8(type, 0);
  head.writeUInt16BE(value.length, 1);
  return Buffer.concat([head, value]);
}

/** A version 2 header of any content, right or wrong. */
export function block(command: number, family: number, content: Buffer): Buffer {
  const head = Buffer.from('0d0a0d0a000d0a515549540a00000000', 'hex');
  head.writeUInt8(command, 12);
  head.writeUInt8(family, 13);
  head.writeUInt16BE(content.length, 14);
  return Buffer.concat([head, content]);
}

/** The addresses of a TCP block; IPv4 as 4 bytes, IPv6 as 16. */
export function addresses(from: Buffer, to: Buffer, fromPort: number, toPort: number): Buffer {
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(fromPort, 0);
  ports.writeUInt16BE(toPort, 2);
  return Buffer.concat([from, to, ports]);
}

/** The same header with a right checksum at its end. */
export function withChecksum(command: number, family: number, content: Buffer): Buffer {
  const whole = block(command, family, Buffer.concat([content, tlv({ type: 3, value: Buffer.alloc(4) })]));
  whole.writeUInt32BE(crc32c(whole), whole.length - 4);
  return whole;
}
