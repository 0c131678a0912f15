import { SocketAddress } from 'node:net';
import type { IpAddress } from '../model/address.ts';

/** The canonical text (RFC 5952) of an address of 4 or 16 bytes; an IPv4-mapped one is its IPv4 address. */
export function addressText(bytes: Buffer, at: number, size: 4 | 16): IpAddress {
  if (size === 4 || isMapped(bytes, at)) {
    const first = size === 4 ? at : at + 12;
    return `${bytes[first]}.${bytes[first + 1]}.${bytes[first + 2]}.${bytes[first + 3]}` as IpAddress;
  }
  const groups: string[] = [];
  for (let index = 0; index < 16; index += 2) groups.push(bytes.readUInt16BE(at + index).toString(16));
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address as IpAddress;
}

function isMapped(bytes: Buffer, at: number): boolean {
  for (let index = 0; index < 10; index += 1) if (bytes[at + index] !== 0) return false;
  return bytes[at + 10] === 0xff && bytes[at + 11] === 0xff;
}
