import { canonicalAddress, isV4, type IpAddress } from '../model/address.ts';

/** A network as its first and last address; no two of a list have one in common, and they are in order. */
interface Range<Key, Value> {
  readonly first: Key;
  readonly last: Key;
  readonly value: Value;
}

/** Whether an address is in a list of addresses and CIDRs. @throws RangeError when one of them is none */
export function addressList(texts: readonly string[]): (address: IpAddress) => boolean {
  const find = addressLookup([{ texts, value: true }]);
  return (address) => find(address) !== null;
}

/**
 * Finds the value of whose addresses and CIDRs an address is one; null when it is of none. It takes little time however
 * many there are: strangers may ask as often as they can send, and it is asked of the destination of each event.
 * @param lists  no two have an address in common
 * @throws RangeError when a text is no address or CIDR
 */
export function addressLookup<Value>(
  lists: readonly { readonly texts: readonly string[]; readonly value: Value }[],
): (address: IpAddress) => Value | null {
  const all = lists
    .flatMap(({ texts, value }) => texts.map((text) => ({ ...rangeOf(text), value })))
    .sort((a, b) => order(a.first, b.first) || order(b.last, a.last));
  const ranges: Range<bigint, Value>[] = [];
  // Of two networks one holds the other, or they have nothing in common: what is held by one before adds nothing.
  for (const range of all) if (range.last > (ranges.at(-1)?.last ?? -1n)) ranges.push(range);
  const six = ranges.map(({ first, last, value }) => ({ first: hex(first), last: hex(last), value }));
  const four = ranges
    .filter(({ first, last }) => first <= MAPPED_LAST && last >= MAPPED_FIRST)
    .map(({ first, last, value }) => ({
      first: first < MAPPED_FIRST ? 0 : Number(first - MAPPED_FIRST),
      last: last > MAPPED_LAST ? 0xffff_ffff : Number(last - MAPPED_FIRST),
      value,
    }));
  return (address) => (isV4(address) ? found(four, quadOf(address)) : found(six, keyOf(address)));
}

const order = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

function found<Key extends number | string, Value>(
  ranges: readonly Range<Key, Value>[],
  key: Key,
): Value | null {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const range = ranges[middle];
    if (range !== undefined && range.first <= key) low = middle + 1;
    else high = middle;
  }
  const range = ranges[low - 1];
  return range !== undefined && key <= range.last ? range.value : null;
}

/** Where IPv4 lies within IPv6: `::ffff:0:0/96`. */
const MAPPED_FIRST = 0xffff_0000_0000n;
const MAPPED_LAST = 0xffff_ffff_ffffn;

function rangeOf(text: string): { readonly first: bigint; readonly last: bigint } {
  const [host = '', tail] = text.split('/');
  const address = canonicalAddress(host);
  const longest = host.includes(':') ? 128 : 32;
  const bits = tail === undefined ? longest : /^\d{1,3}$/.test(tail) ? Number(tail) : Infinity;
  if (address === null || bits > longest) throw new RangeError('not an address or CIDR');
  const free = BigInt(longest - bits);
  const number = isV4(address) ? MAPPED_FIRST + BigInt(quadOf(address)) : BigInt(`0x${keyOf(address)}`);
  const first = (number >> free) << free;
  return { first, last: first + (1n << free) - 1n };
}

const hex = (value: bigint): string => value.toString(16).padStart(32, '0');

/** An IPv6 address as 32 hex digits. */
function keyOf(address: string): string {
  const [head = '', tail] = address.split('::');
  const [before, after] = [groupsOf(head), groupsOf(tail ?? '')];
  return before + '0'.repeat(32 - before.length - after.length) + after;
}

/** A dotted quad at the end fills two groups. */
function groupsOf(text: string): string {
  let digits = '';
  for (const group of text.split(':')) {
    if (group === '') continue;
    digits += group.includes('.') ? quadOf(group).toString(16).padStart(8, '0') : group.padStart(4, '0');
  }
  return digits;
}

const DOT = 46;
const ZERO = 48;

/** An IPv4 address as a number; no text is made on the way. */
function quadOf(quad: string): number {
  let number = 0;
  let part = 0;
  for (let index = 0; index < quad.length; index += 1) {
    const code = quad.charCodeAt(index);
    if (code === DOT) {
      number = number * 256 + part;
      part = 0;
    } else part = part * 10 + code - ZERO;
  }
  return number * 256 + part;
}
