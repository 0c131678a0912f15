/** Receives the smallest set of prefixes that covers a stretch, in ascending order. */
export type V4PrefixVisitor = (first: number, length: number) => void;

/** Splits a stretch of IPv4 addresses, both ends included, into prefixes. */
export function splitRange(first: number, last: number, visit: V4PrefixVisitor): void {
  for (let at = first; at <= last;) {
    const aligned = at === 0 ? 2 ** 32 : 2 ** trailingZeros(at);
    let size = aligned;
    while (at + size - 1 > last) size /= 2;
    visit(at, 32 - Math.log2(size));
    at += size;
  }
}

function trailingZeros(value: number): number {
  return 31 - Math.clz32(value & -value);
}
