import { canonicalAddress, isV4, type IpAddress } from '../model/address.ts';

/** A network as its first and last address, each 32 hex digits. */
interface Range<Value> {
  readonly first: string;
  readonly last: string;
  readonly value: Value;
}

/** Whether an address is in a list of addresses and CIDRs. @throws RangeError when one of them is none */
export function addressList(texts: readonly string[]): (address: IpAddress) => boolean {
  const find = addressLookup([{ texts, value: true }]);
  return (address) => find(address) !== null;
}

/**
 * Finds the value of whose addresses and CIDRs an address is one; null when it is of none. It takes little time however
 * many there are: strangers may ask as often as they can send.
 * @param lists  no two have an address in common
 * @throws RangeError when a text is no address or CIDR
 */
export function addressLookup<Value>(
  lists: readonly { readonly texts: readonly string[]; readonly value: Value }[],
): (address: IpAddress) => Value | null {
  const ranges: Range<Value>[] = [];
  const all = lists
    .flatMap(({ texts, value }) => texts.map((text) => ({ ...rangeOf(text), value })))
    .sort((a, b) => order(a.first, b.first) || order(b.last, a.last));
  // Of two networks one holds the other, or they have nothing in common: what is held by one before adds nothing.
  for (const range of all) if (range.last > (ranges.at(-1)?.last ?? '')) ranges.push(range);
  return (address) => {
    const key = keyOf(address);
    let low = 0;
    let high = ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ranges[middle]?.first ?? '') <= key) low = middle + 1;
      else high = middle;
    }
    const range = ranges[low - 1];
    return range !== undefined && key <= range.last ? range.value : null;
  };
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function rangeOf(text: string): { readonly first: string; readonly last: string } {
  const [host = '', tail] = text.split('/');
  const address = canonicalAddress(host);
  const longest = host.includes(':') ? 128 : 32;
  const bits = tail === undefined ? longest : /^\d{1,3}$/.test(tail) ? Number(tail) : Infinity;
  if (address === null || bits > longest) throw new RangeError('not an address or CIDR');
  const free = BigInt(longest - bits);
  const first = (BigInt(`0x${keyOf(address)}`) >> free) << free;
  return { first: hex(first), last: hex(first + (1n << free) - 1n) };
}

const hex = (value: bigint): string => value.toString(16).padStart(32, '0');

/** Where IPv4 lies within IPv6: `::ffff:0:0/96`. */
const MAPPED = `${'0'.repeat(20)}ffff`;

function keyOf(address: IpAddress): string {
  if (isV4(address)) return MAPPED + quadOf(address);
  const [head = '', tail] = address.split('::');
  const [before, after] = [groupsOf(head), groupsOf(tail ?? '')];
  return before + '0'.repeat(32 - before.length - after.length) + after;
}

/** A dotted quad at the end fills two groups. */
function groupsOf(text: string): string {
  let digits = '';
  for (const group of text.split(':')) {
    if (group === '') continue;
    digits += group.includes('.') ? quadOf(group) : group.padStart(4, '0');
  }
  return digits;
}

const quadOf = (quad: string): string =>
  quad
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('');
