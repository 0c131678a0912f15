/** What the data section of an MMDB file may hold here. `U16`, `U32`, `U64` say how wide a number is stored. */
export type MmdbValue = string | MmdbNumber | readonly MmdbValue[] | { readonly [key: string]: MmdbValue };

export interface MmdbNumber {
  readonly type: 'u16' | 'u32' | 'u64';
  readonly value: number;
}

export const u16 = (value: number): MmdbNumber => ({ type: 'u16', value });
export const u32 = (value: number): MmdbNumber => ({ type: 'u32', value });
export const u64 = (value: number): MmdbNumber => ({ type: 'u64', value });

const TYPE_STRING = 2;
const TYPE_MAP = 7;
const TYPE_ARRAY = 11;
const NUMBER_TYPES = {
  u16: { type: 5, bytes: 2 },
  u32: { type: 6, bytes: 4 },
  u64: { type: 9, bytes: 8 },
} as const;
/** From 29 on the size follows the control byte in one, two or three bytes. */
const SIZE_ONE = 29;
const SIZE_TWO = SIZE_ONE + 256;
const SIZE_THREE = SIZE_TWO + 65_536;

/** Encodes a value for the data section or the metadata (MaxMind DB format 2.0), without pointers. */
export function encodeMmdb(value: MmdbValue): Buffer {
  if (typeof value === 'string') {
    const text = Buffer.from(value, 'utf8');
    return Buffer.concat([control(TYPE_STRING, text.length), text]);
  }
  if (isArray(value)) return Buffer.concat([control(TYPE_ARRAY, value.length), ...value.map(encodeMmdb)]);
  if (isNumber(value)) return encodeNumber(value);
  const entries = Object.entries(value);
  const parts = entries.flatMap(([key, item]) => [encodeMmdb(key), encodeMmdb(item)]);
  return Buffer.concat([control(TYPE_MAP, entries.length), ...parts]);
}

function isArray(value: MmdbValue): value is readonly MmdbValue[] {
  return Array.isArray(value);
}

function isNumber(value: MmdbValue): value is MmdbNumber {
  return typeof value === 'object' && 'value' in value && typeof value.value === 'number';
}

/** Numbers are stored without leading zero bytes; zero has none at all. */
function encodeNumber(number: MmdbNumber): Buffer {
  const { type, bytes } = NUMBER_TYPES[number.type];
  if (!Number.isSafeInteger(number.value) || number.value < 0 || number.value >= 2 ** (8 * bytes)) {
    throw new RangeError(`${number.value} is no ${number.type}`);
  }
  const hex = number.value === 0 ? '' : number.value.toString(16);
  const payload = Buffer.from(hex.length % 2 === 1 ? `0${hex}` : hex, 'hex');
  return Buffer.concat([control(type, payload.length), payload]);
}

function control(type: number, size: number): Buffer {
  const extended = type > 7;
  const short = size < SIZE_ONE ? size : size < SIZE_TWO ? 29 : size < SIZE_THREE ? 30 : 31;
  const bytes = [((extended ? 0 : type) << 5) | short];
  if (extended) bytes.push(type - 7);
  if (short === 29) bytes.push(size - SIZE_ONE);
  else if (short === 30) bytes.push(...bigEndian(size - SIZE_TWO, 2));
  else if (short === 31) bytes.push(...bigEndian(size - SIZE_THREE, 3));
  return Buffer.from(bytes);
}

function bigEndian(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, index) => (value >>> (8 * (bytes - 1 - index))) & 255);
}
