/** A decoded value; numbers wider than 53 bits, floats and byte strings do not occur in files that we read. */
export type DecodedValue =
  | string
  | number
  | boolean
  | readonly DecodedValue[]
  | ReadonlyMap<string, DecodedValue>;

/** The file breaks the MaxMind DB format, or uses more of it than this reader allows. */
export class MmdbFault extends Error {
  override readonly name = 'MmdbFault';
}

/** No record or metadata of ours nests deeper or has more parts; a hostile file is stopped here. */
const MAX_DEPTH = 8;
const MAX_PARTS = 4096;

const SIZE_BYTES = [0, 1, 2, 3] as const;
const SIZE_BASE = [0, 29, 285, 65_821] as const;
const POINTER_BASE = [0, 2048, 526_336, 0] as const;

/**
 * Decodes one value strictly: every read is inside `section`, pointers lead to non-pointers, depth and the
 * number of parts are bounded. So it ends, and allocates little, on any input.
 *
 * @param section  the data section (pointers count from its start)
 * @throws MmdbFault
 */
export function decodeMmdb(section: Buffer, offset: number): DecodedValue {
  return new Decoder(section).decode(offset);
}

class Decoder {
  readonly #section: Buffer;
  #at = 0;
  #parts = 0;

  constructor(section: Buffer) {
    this.#section = section;
  }

  decode(offset: number): DecodedValue {
    this.#at = offset;
    return this.#value(0, true);
  }

  #value(depth: number, pointerAllowed: boolean): DecodedValue {
    if (depth > MAX_DEPTH || ++this.#parts > MAX_PARTS) throw new MmdbFault('a value is too large');
    const head = this.#uint(1);
    const type = head >> 5;
    if (type === 1) return this.#pointer(head, depth, pointerAllowed);
    const real = type === 0 ? this.#uint(1) + 7 : type;
    return this.#payload(real, this.#size(head), depth);
  }

  #payload(type: number, size: number, depth: number): DecodedValue {
    switch (type) {
      case 2:
        return this.#take(size).toString('utf8');
      case 5:
      case 6:
      case 9:
        return this.#number(type, size);
      case 7:
        return this.#map(size, depth);
      case 11:
        return Array.from({ length: this.#bounded(size) }, () => this.#value(depth + 1, true));
      case 14:
        return size !== 0;
      default:
        throw new MmdbFault(`data type ${type} is not known`);
    }
  }

  #number(type: number, size: number): number {
    if (size > (type === 5 ? 2 : type === 6 ? 4 : 8)) throw new MmdbFault('a number is too long');
    const value = size > 6 ? Number(BigInt(`0x${this.#take(size).toString('hex')}`)) : this.#uint(size);
    if (!Number.isSafeInteger(value)) throw new MmdbFault('a number is too large');
    return value;
  }

  #map(size: number, depth: number): ReadonlyMap<string, DecodedValue> {
    const map = new Map<string, DecodedValue>();
    for (let left = this.#bounded(size); left > 0; left--) {
      const key = this.#value(depth + 1, true);
      if (typeof key !== 'string' || map.has(key)) throw new MmdbFault('a map key is wrong');
      map.set(key, this.#value(depth + 1, true));
    }
    return map;
  }

  #pointer(head: number, depth: number, allowed: boolean): DecodedValue {
    if (!allowed) throw new MmdbFault('a pointer leads to a pointer');
    const width = (head >> 3) & 3;
    const high = width === 3 ? 0 : (head & 7) * 2 ** (8 * (width + 1));
    const target = high + this.#uint(width + 1) + (POINTER_BASE[width] ?? 0);
    const back = this.#at;
    this.#at = target;
    const value = this.#value(depth + 1, false);
    this.#at = back;
    return value;
  }

  #size(head: number): number {
    const short = head & 31;
    if (short < 29) return short;
    const kind = short - 28;
    return (SIZE_BASE[kind] ?? 0) + this.#uint(SIZE_BYTES[kind] ?? 0);
  }

  /** Every part takes a byte at least, so a count beyond the rest of the section is a lie. */
  #bounded(count: number): number {
    if (count > MAX_PARTS || count > this.#section.length - this.#at)
      throw new MmdbFault('a value is too large');
    return count;
  }

  #uint(bytes: number): number {
    return bytes === 0 ? 0 : this.#take(bytes).readUIntBE(0, bytes);
  }

  #take(bytes: number): Buffer {
    const end = this.#at + bytes;
    if (end > this.#section.length) throw new MmdbFault('a value reaches beyond the data section');
    const part = this.#section.subarray(this.#at, end);
    this.#at = end;
    return part;
  }
}
