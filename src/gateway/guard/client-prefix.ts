import type { IpAddress } from '../../model/address.ts';

const KEPT_GROUPS = 4;
const ALL_GROUPS = 8;

/**
 * What counts as one client: an IPv4 address itself, for IPv6 the first address of its /64 (a household or a host has
 * at least that much, so its addresses cost it nothing).
 * @param address  in canonical text (RFC 5952): the groups are taken as they stand
 */
export function clientPrefix(address: IpAddress): string {
  if (!address.includes(':')) return address;
  const gap = address.indexOf('::');
  const groups = gap === -1 ? address.split(':') : expanded(address, gap);
  let kept = KEPT_GROUPS;
  while (kept > 0 && groups[kept - 1] === '0') kept -= 1;
  return `${groups.slice(0, kept).join(':')}::`;
}

/** The groups in front of `::`, then its zeros; what stands behind it only when it reaches into the first half. */
function expanded(address: string, gap: number): string[] {
  const head = gap === 0 ? [] : address.slice(0, gap).split(':');
  if (head.length >= KEPT_GROUPS) return head;
  const rest = address.slice(gap + 2);
  const tail = rest === '' ? [] : rest.split(':');
  // An IPv4 ending (`::192.0.2.1`) takes two groups.
  const width = tail.length + (rest.includes('.') ? 1 : 0);
  for (let zeros = ALL_GROUPS - head.length - width; zeros > 0; zeros -= 1) head.push('0');
  return head.concat(tail);
}
