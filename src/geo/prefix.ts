import { isIP, isIPv4 } from 'node:net';
import { Address4, Address6 } from 'ip-address';

/** A network: the first `length` of its address bits are fixed. IPv4 has 32 bits, IPv6 128. */
export interface Prefix {
  readonly family: 4 | 6;
  /** The first address, as a number. */
  readonly first: bigint;
  readonly length: number;
}

const MAPPED_FIRST = 0xffff_0000_0000n;
export const V4_BITS = 32;
export const V6_BITS = 128;

export function bitsOf(family: 4 | 6): number {
  return family === 4 ? V4_BITS : V6_BITS;
}

/** The last address of a network, as a number. */
export function lastOf(prefix: Prefix): bigint {
  return prefix.first + (1n << BigInt(bitsOf(prefix.family) - prefix.length)) - 1n;
}

/**
 * A network in CIDR notation, or an address alone, which is a network of one. Strict, because `ip-address`
 * by itself is not: no leading zeros, blanks or zones, and no bits set behind the prefix (a slip that would
 * otherwise silently widen a rule). A network inside `::ffff:0:0/96` is its IPv4 network.
 *
 * @returns null when the text is none of that. Costs microseconds: not for the hot path.
 */
export function parseCidr(text: string): Prefix | null {
  const slash = text.indexOf('/');
  const host = slash === -1 ? text : text.slice(0, slash);
  const family = isIP(host);
  if (family === 0 || host.includes('%')) return null;
  const bits = family === 4 ? V4_BITS : V6_BITS;
  const tail = slash === -1 ? String(bits) : text.slice(slash + 1);
  if (!/^(?:0|[1-9]\d{0,2})$/.test(tail)) return null;
  const length = Number(tail);
  if (length > bits) return null;
  const first = isIPv4(host) ? new Address4(host).bigInt() : new Address6(host).bigInt();
  if ((first & ((1n << BigInt(bits - length)) - 1n)) !== 0n) return null;
  if (family === 6 && length >= 96 && first >> 32n === MAPPED_FIRST >> 32n) {
    return { family: 4, first: first & 0xffff_ffffn, length: length - 96 };
  }
  return { family: family === 4 ? 4 : 6, first, length };
}

/** For networks written in the program itself, where a wrong one is a programming error. */
export function cidr(text: string): Prefix {
  const prefix = parseCidr(text);
  if (prefix === null) throw new TypeError(`not a network: ${text}`);
  return prefix;
}
