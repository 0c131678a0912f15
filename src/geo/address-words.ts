import { isIP } from 'node:net';

/** An address as four 32-bit words, highest first; IPv4 is in the last one. Reused: a lookup allocates none. */
export type AddressWords = Uint32Array;

const DOT = 46;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const LETTER_A = 97;
/** Set in a lower-case letter, not in its upper case. */
const LOWER_CASE = 32;

/**
 * Reads an address into `out`. `net.isIP` is the gate (a port, blank or leading zero is no address); an IPv6
 * zone is ignored, and an IPv4-mapped IPv6 address is IPv4.
 *
 * @returns the family, or 0 when the text is no address
 */
export function readAddress(text: string, out: AddressWords): 0 | 4 | 6 {
  const family = isIP(text);
  if (family === 4) {
    out[0] = out[1] = out[2] = 0;
    out[3] = readV4(text, 0, text.length);
    return 4;
  }
  if (family !== 6) return 0;
  const zone = text.indexOf('%');
  readV6(text, zone === -1 ? text.length : zone, out);
  return out[0] === 0 && out[1] === 0 && out[2] === 0xffff ? 4 : 6;
}

/** `a.b.c.d` of an IPv4 word. */
export function v4Text(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

function readV4(text: string, from: number, to: number): number {
  let word = 0;
  let octet = 0;
  for (let index = from; index < to; index++) {
    const char = text.charCodeAt(index);
    if (char === DOT) {
      word = (word << 8) | octet;
      octet = 0;
    } else {
      octet = octet * 10 + char - ZERO;
    }
  }
  return ((word << 8) | octet) >>> 0;
}

/** The text has passed `isIP`, so only its structure is followed here, nothing is checked. */
function readV6(text: string, end: number, out: AddressWords): void {
  out[0] = out[1] = out[2] = out[3] = 0;
  let group = 0;
  let start = 0;
  let value = 0;
  let gap = -1;
  for (let index = 0; index <= end; index++) {
    const char = index === end ? COLON : text.charCodeAt(index);
    if (char === DOT) {
      const word = readV4(text, start, end);
      setGroup(out, group++, word >>> 16);
      setGroup(out, group++, word & 0xffff);
      break;
    }
    if (char !== COLON) {
      value = (value << 4) | (char <= NINE ? char - ZERO : (char | LOWER_CASE) - LETTER_A + 10);
      continue;
    }
    if (index > start) setGroup(out, group++, value);
    else if (index < end) gap = group;
    start = index + 1;
    value = 0;
  }
  if (gap !== -1) spread(out, gap, group);
}

/** Moves the groups behind `::` to the end. */
function spread(out: AddressWords, gap: number, count: number): void {
  for (let from = count - 1, to = 7; from >= gap; from--, to--) {
    const value = groupOf(out, from);
    setGroup(out, from, 0);
    setGroup(out, to, value);
  }
}

function groupOf(words: AddressWords, group: number): number {
  const word = words[group >> 1] ?? 0;
  return group & 1 ? word & 0xffff : word >>> 16;
}

function setGroup(words: AddressWords, group: number, value: number): void {
  const index = group >> 1;
  const word = words[index] ?? 0;
  words[index] = group & 1 ? ((word & 0xffff_0000) | value) >>> 0 : ((value << 16) | (word & 0xffff)) >>> 0;
}
