import { canonicalAddress, isV4, type IpAddress } from './address.ts';

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

/**
 * Whether a subscriber may hold the prefix, and a question finds it: it is not shorter than any may be, and the address
 * is its first.
 */
export function isHeldPrefix(address: IpAddress, bits: number): boolean {
  const { least, most } = boundsOf(address);
  if (bits < least || bits > most) return false;
  return bits === most || networkOf(bytesOf(address), bits) === address;
}

/** Every prefix that a subscriber may hold with the address in it, as `network/bits`, the address itself among them. */
export function prefixesOf(address: IpAddress): { readonly network: IpAddress; readonly bits: number }[] {
  const bytes = bytesOf(address);
  const { least, most } = boundsOf(address);
  const prefixes: { network: IpAddress; bits: number }[] = [];
  for (let bits = least; bits <= most; bits += 1) {
    const network = networkOf(bytes, bits);
    if (network !== null) prefixes.push({ network, bits });
  }
  return prefixes;
}

const boundsOf = (address: IpAddress): { readonly least: number; readonly most: number } =>
  isV4(address) ? { least: SHORTEST.v4, most: 32 } : { least: SHORTEST.v6, most: 128 };

const networkOf = (bytes: readonly number[], bits: number): IpAddress | null =>
  canonicalAddress(textOf(bytes.map((byte, index) => byte & maskOf(bits - index * 8))));

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
