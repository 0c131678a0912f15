import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { Reader } from 'maxmind';
import { describe, expect, test } from 'vitest';
import { splitRange } from '../../src/geo/address-prefixes.ts';
import { decodeMmdb, MmdbFault } from '../../src/geo/mmdb-decode.ts';
import { encodeMmdb, u16, u32, u64 } from '../../src/geo/mmdb-encode.ts';
import { openMmdb, walkMmdb } from '../../src/geo/mmdb-read.ts';
import { makeMmdbWriter } from '../../src/geo/mmdb-write.ts';
import { bitsOf, lastOf, type Prefix } from '../../src/geo/prefix.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { hasTool } from '../support/tools.ts';
import { addressText, trieKey } from './fixture.ts';

interface Entry {
  readonly prefix: Prefix;
  readonly value: number;
}

const ABOUT = { databaseType: 'Test', description: 'test', buildEpoch: 1 };
const MAPPED = 0xffffn << 32n;

const directory = temporaryDirectory();

/** Addresses near a few bases, so that random prefixes nest and touch; lengths of every kind. */
const prefixes = (family: 4 | 6): fc.Arbitrary<Prefix> => {
  const bits = bitsOf(family);
  const bases =
    family === 4 ? [0n, 0x0a0b_0c00n, 0xffff_ff00n] : [0n, 0x240en << 112n, MAPPED, (1n << 128n) - 1n];
  return fc
    .record({
      base: fc.constantFrom(...bases),
      noise: fc.bigInt(0n, (1n << BigInt(bits)) - 1n),
      keep: fc.nat(bits),
      length: fc.nat(bits),
    })
    .map(({ base, noise, keep, length }) => {
      const mixed = base ^ (keep === bits ? 0n : noise >> BigInt(keep));
      return { family, first: (mixed >> BigInt(bits - length)) << BigInt(bits - length), length };
    });
};
const entries = fc.array(
  fc.record({ prefix: fc.oneof(prefixes(4), prefixes(6)), value: fc.integer({ min: 1, max: 4 }) }),
  { maxLength: 24 },
);

/** All addresses as 128 bits: IPv4 lies at ::/96, and so does ::ffff:0:0/96. */
const flat = (value: bigint): bigint => (value >> 32n === 0xffffn ? value & 0xffff_ffffn : value);
const isMapped = ({ prefix }: Entry): boolean =>
  prefix.family === 6 && prefix.length >= 96 && prefix.first >> 32n === 0xffffn;

/** The naive model: look at every prefix, take the longest, the later one among equals. */
function longestMatch(list: readonly Entry[], address: bigint): number | null {
  let best: Entry | null = null;
  let bestLength = -1;
  for (const entry of list) {
    if (isMapped(entry)) continue;
    const length = entry.prefix.family === 4 ? entry.prefix.length + 96 : entry.prefix.length;
    const held = address >= entry.prefix.first && address <= lastOf(entry.prefix);
    if (held && length >= bestLength) [best, bestLength] = [entry, length];
  }
  return best?.value ?? null;
}

function build(list: readonly Entry[]): Buffer {
  const writer = makeMmdbWriter();
  for (const { prefix, value } of list) writer.insert(...trieKey(prefix), { value: `v${value}` });
  return writer.finish(ABOUT);
}

/** The edges of every prefix and their neighbours: where a wrong trie shows. */
function probes(list: readonly Entry[]): { family: 4 | 6; address: bigint }[] {
  return list.flatMap(({ prefix }) => {
    const { family, first } = prefix;
    const top = (1n << BigInt(bitsOf(family))) - 1n;
    return [first, lastOf(prefix), first - 1n, lastOf(prefix) + 1n]
      .filter((address) => address >= 0n && address <= top)
      .map((address) => ({ family, address }));
  });
}

const expected = (list: readonly Entry[], address: bigint): string | null => {
  const value = longestMatch(list, flat(address));
  return value === null ? null : `v${value}`;
};

const record = (value: string | null): object | null => (value === null ? null : { value });

describe('the MMDB writer against a naive longest-prefix match', () => {
  test('maxmind reads back what the model says, in both families', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const reader = new Reader<never>(build(list));
        for (const { family, address } of probes(list)) {
          expect(reader.get(addressText(family, address)), addressText(family, address)).toEqual(
            record(expected(list, address)),
          );
          if (family !== 4) continue;
          expect(reader.get(`::ffff:${addressText(4, address)}`)).toEqual(record(expected(list, address)));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('our own walker gives back disjoint prefixes that say the same', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const file = openMmdb(build(list));
        let end = 0n;
        walkMmdb(file, (words, length, offset) => {
          const first = words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
          expect(first >= end).toBe(true);
          end = first + (1n << BigInt(128 - length));
          const record = decodeMmdb(file.data, offset) as ReadonlyMap<string, string>;
          if (first >> 32n !== 0xffffn) expect(record.get('value')).toBe(expected(list, first));
        });
      }),
      { numRuns: 200 },
    );
  });

  // Without the tool a run in CI fails before any test: test/support/global-setup.ts.
  test.skipIf(!hasTool('mmdblookup'))('libmaxminddb (mmdblookup) reads the same', () => {
    const path = join(directory, 'random.mmdb');
    for (const list of fc.sample(entries, { numRuns: 12, seed: 20_261_122 })) {
      writeFileSync(path, build(list));
      for (const { family, address } of probes(list).slice(0, 8)) {
        expect(mmdblookup(path, addressText(family, address))).toBe(expected(list, address));
      }
    }
  });

  test('the order of inserts changes no byte', () => {
    fc.assert(
      fc.property(entries, fc.infiniteStream(fc.nat()), (list, order) => {
        const once = [
          ...new Map(
            list.map((entry) => [
              `${entry.prefix.family} ${entry.prefix.first} ${entry.prefix.length}`,
              entry,
            ]),
          ).values(),
        ]
          // 0.0.0.0/n and ::/96+n are the same prefix under two names.
          .filter(({ prefix }) => prefix.family === 6 || prefix.first !== 0n);
        const unique = once.filter(
          ({ prefix }) => prefix.family === 4 || prefix.first >> 32n !== 0n || prefix.length < 96,
        );
        const shuffled = unique
          .map((entry) => ({ entry, key: order.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ entry }) => entry);
        expect(build(shuffled).equals(build(unique))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});

describe('the MMDB writer', () => {
  const one = (text: string, value: string, length: number): [Uint8Array, number, string] => [
    Buffer.from(text, 'hex'),
    length,
    value,
  ];

  test("a longer prefix keeps its parent's value around it, whichever comes first", () => {
    const file = build([
      { prefix: { family: 4, first: 0x0a01_0000n, length: 16 }, value: 2 },
      { prefix: { family: 4, first: 0x0a00_0000n, length: 8 }, value: 1 },
    ]);
    const reader = new Reader<never>(file);
    expect([reader.get('10.0.255.255'), reader.get('10.1.0.0'), reader.get('10.2.0.0')]).toEqual([
      { value: 'v1' },
      { value: 'v2' },
      { value: 'v1' },
    ]);
  });

  test('equal siblings collapse and equal data are stored once', () => {
    const halves = build([
      { prefix: { family: 4, first: 0x0a00_0000n, length: 9 }, value: 1 },
      { prefix: { family: 4, first: 0x0a80_0000n, length: 9 }, value: 1 },
    ]);
    expect(halves.equals(build([{ prefix: { family: 4, first: 0x0a00_0000n, length: 8 }, value: 1 }]))).toBe(
      true,
    );
    expect(openMmdb(halves).data.length).toBe(encodeMmdb({ value: 'v1' }).length);
  });

  test('records are 24 bits wide when they fit, else 32', () => {
    expect(openMmdb(build([])).recordBits).toBe(24);
    const writer = makeMmdbWriter();
    const [left, right] = ['a', 'b'].map((char) => char.repeat(9_000_000));
    writer.insert(...one('00'.repeat(16), left ?? '', 1));
    writer.insert(...one(`80${'00'.repeat(15)}`, right ?? '', 1));
    const wide = writer.finish(ABOUT);
    expect(openMmdb(wide).recordBits).toBe(32);
    expect(String(new Reader<never>(wide).get('8000::'))).toBe(right);
  });

  test('a prefix that does not fit the file is refused', () => {
    const v4Only = makeMmdbWriter({ ipVersion: 4 });
    expect(() => v4Only.insert(new Uint8Array(16), 64, 'x')).toThrow(RangeError);
    expect(() => makeMmdbWriter().insert(new Uint8Array(16), 129, 'x')).toThrow(RangeError);
    expect(() => makeMmdbWriter().insert(new Uint8Array(4), 8, 'x')).toThrow(RangeError);
  });
});

describe('the data section', () => {
  test('what is encoded is decoded, at every length that changes the encoding', () => {
    for (const length of [0, 1, 28, 29, 284, 285, 65_820, 65_821, 100_000]) {
      expect(decodeMmdb(encodeMmdb('x'.repeat(length)), 0)).toHaveLength(length);
    }
    for (const value of [0, 1, 255, 256, 65_535]) expect(decodeMmdb(encodeMmdb(u16(value)), 0)).toBe(value);
    for (const value of [2 ** 32 - 1, 65_536]) expect(decodeMmdb(encodeMmdb(u32(value)), 0)).toBe(value);
    expect(decodeMmdb(encodeMmdb(u64(Number.MAX_SAFE_INTEGER)), 0)).toBe(Number.MAX_SAFE_INTEGER);
    expect(decodeMmdb(encodeMmdb([{ a: 'b' }, ['c']]), 0)).toEqual([new Map([['a', 'b']]), ['c']]);
    expect(() => encodeMmdb(u16(65_536))).toThrow(RangeError);
  });

  test('any bytes decode to a value or an MmdbFault, and soon', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(10), (bytes, offset) => {
        try {
          decodeMmdb(Buffer.from(bytes), offset);
        } catch (error) {
          expect(error).toBeInstanceOf(MmdbFault);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('pointers to pointers, to themselves and endless nesting are refused', () => {
    expect(() => decodeMmdb(Buffer.from([0x20, 0x00]), 0)).toThrow(MmdbFault);
    const nested = Buffer.from([...Array.from({ length: 30 }, () => [0x01, 0x04]).flat(), 0x40]);
    expect(() => decodeMmdb(nested, 0)).toThrow(MmdbFault);
  });
});

test('a stretch of addresses is split into the fewest prefixes that cover it', () => {
  const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      let next = Math.min(a, b);
      splitRange(next, Math.max(a, b), (first, length) => {
        expect(first).toBe(next);
        expect(first % 2 ** (32 - length)).toBe(0);
        next = first + 2 ** (32 - length);
      });
      expect(next).toBe(Math.max(a, b) + 1);
    }),
  );
  const whole: number[][] = [];
  splitRange(0, 2 ** 32 - 1, (first, length) => whole.push([first, length]));
  expect(whole).toEqual([[0, 0]]);
});

function mmdblookup(path: string, address: string): string | null {
  try {
    const text = execFileSync('mmdblookup', ['-f', path, '-i', address, 'value'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return /"(v\d)"/.exec(text)?.[1] ?? null;
  } catch {
    return null;
  }
}
