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
