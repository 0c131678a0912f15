import { canonicalAddress, isV4, type IpAddress } from '../model/address.ts';

/** The first address of an IPv6 address's /64, in canonical text; null for IPv4. */
export function prefix64(address: IpAddress): IpAddress | null {
  if (isV4(address)) return null;
  const gap = address.indexOf('::');
  const head = groupsOf(gap === -1 ? address : address.slice(0, gap));
  const tail = gap === -1 ? [] : groupsOf(address.slice(gap + 2));
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0');
  return canonicalAddress(`${[...head, ...zeros, ...tail].slice(0, 4).join(':')}::`);
}

/** A dotted quad at the end fills two groups. */
function groupsOf(text: string): string[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]));
}

/** The shortest prefixes that a subscriber may hold, bits. */
const SHORTEST = { v4: 8, v6: 16 } as const;

/** Every prefix that holds the address, as `network/bits`, the address itself among them. */
export function prefixesOf(address: IpAddress): { readonly network: IpAddress; readonly bits: number }[] {
  const bytes = bytesOf(address);
  const longest = bytes.length * 8;
  const prefixes: { network: IpAddress; bits: number }[] = [];
  for (let bits = isV4(address) ? SHORTEST.v4 : SHORTEST.v6; bits <= longest; bits += 1) {
    const masked = bytes.map((byte, index) => byte & maskOf(bits - index * 8));
    const network = canonicalAddress(textOf(masked));
    if (network !== null) prefixes.push({ network, bits });
  }
  return prefixes;
}

/** Of a byte of which the first `bits` belong to the prefix. */
const maskOf = (bits: number): number => (bits >= 8 ? 0xff : bits <= 0 ? 0 : (0xff << (8 - bits)) & 0xff);

function bytesOf(address: IpAddress): number[] {
  if (isV4(address)) return address.split('.').map(Number);
  const gap = address.indexOf('::');
  const head = groupsOf(gap === -1 ? address : address.slice(0, gap));
  const tail = gap === -1 ? [] : groupsOf(address.slice(gap + 2));
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0');
  return [...head, ...zeros, ...tail].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

function textOf(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups: string[] = [];
  for (let index = 0; index < 16; index += 2)
    groups.push((((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0)).toString(16));
  return groups.join(':');
}
