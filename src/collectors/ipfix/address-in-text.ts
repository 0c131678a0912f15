const COLON = 0x3a;
const DOT = 0x2e;
const ZERO = 0x30;

/**
 * Reads a dotted IPv4 address that takes the whole of these bytes; strict, as `net.isIPv4` is.
 * @param into  where its four bytes are written; they mean nothing when there is none
 */
export function readIPv4(bytes: Buffer, start: number, end: number, into: Buffer): boolean {
  let at = start;
  for (let part = 0; part < 4; part += 1) {
    if (part > 0) {
      if (at >= end || bytes[at] !== DOT) return false;
      at += 1;
    }
    const first = at;
    let value = 0;
    while (at < end && at - first < 3) {
      const digit = (bytes[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      at += 1;
    }
    if (at === first || value > 255 || (bytes[first] === ZERO && at - first > 1)) return false;
    into[part] = value;
  }
  return at === end;
}

/**
 * Reads an IPv6 address in groups (RFC 4291, 2.2, forms 1 and 2) that takes the whole of these bytes: no dotted end, no
 * zone, no prefix length.
 * @param into  where its 16 bytes are written; they mean nothing when there is none
 */
export function readIPv6(bytes: Buffer, start: number, end: number, into: Buffer): boolean {
  into.fill(0, 0, 16);
  let at = start;
  let groups = 0;
  /** How many groups stand before `::`. */
  let gap = -1;
  if (end - at >= 2 && bytes[at] === COLON && bytes[at + 1] === COLON) {
    gap = 0;
    at += 2;
    if (at === end) return true;
  }
  for (;;) {
    const first = at;
    let value = 0;
    while (at < end && at - first < 4) {
      const digit = hexDigit(bytes[at] ?? 0);
      if (digit === -1) break;
      value = value * 16 + digit;
      at += 1;
    }
    if (at === first || groups === 8) return false;
    into[groups * 2] = value >> 8;
    into[groups * 2 + 1] = value & 0xff;
    groups += 1;
    if (at === end) break;
    if (bytes[at] !== COLON) return false;
    at += 1;
    if (at < end && bytes[at] === COLON) {
      if (gap !== -1) return false;
      gap = groups;
      at += 1;
      if (at === end) break;
    }
  }
  if (gap === -1) return groups === 8;
  if (groups === 8) return false;
  const tail = 16 - (groups - gap) * 2;
  into.copyWithin(tail, gap * 2, groups * 2);
  into.fill(0, gap * 2, tail);
  return true;
}

function hexDigit(byte: number): number {
  if (byte >= ZERO && byte <= ZERO + 9) return byte - ZERO;
  // `a` to `f`; with this bit set, capitals too.
  const letter = (byte | 0x20) - 0x61;
  return letter >= 0 && letter <= 5 ? letter + 10 : -1;
}
