import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRegionFile } from '../../src/geo/load.ts';
import { openMmdb, walkMmdb } from '../../src/geo/mmdb-read.ts';
import { MmdbFault } from '../../src/geo/mmdb-decode.ts';
import { makeRegionStore } from '../../src/geo/reader.ts';
import { sealRegionFile } from '../../src/geo/region-file.ts';
import { openXdb, XdbFault } from '../../src/geo/xdb.ts';
import type { IpAddress } from '../../src/model/address.ts';
import { ShudiError } from '../../src/model/errors.ts';
import { isRegionCode } from '../../src/model/region.ts';
import { FIXTURE_ENTRIES, fixtureBytes } from './fixture.ts';

const good = fixtureBytes();
const PROBES = [
  ...FIXTURE_ENTRIES.map((entry) => entry.network.split('/')[0] ?? ''),
  '113.66.1.1',
  '255.255.255.254',
  '0.0.0.1',
  '::ffff:8.8.8.8',
  '240e::1',
  'ffff::',
  '2a00::1',
  '64:ff9b::808:808',
];

/** Refused with an error for users, or opened and then every answer has the right shape. */
async function refusedOrSound(bytes: Buffer): Promise<'refused' | 'sound'> {
  let store;
  try {
    store = makeRegionStore(await parseRegionFile(bytes, 'file'));
  } catch (error) {
    expect(error).toBeInstanceOf(ShudiError);
    expect((error as ShudiError).code).toMatch(/^region\.(?:damaged|schema)$/);
    expect((error as ShudiError).where).toBe('file');
    return 'refused';
  }
  for (const probe of PROBES) {
    const answer = store.lookup(probe as IpAddress);
    expect(isRegionCode(answer.code)).toBe(true);
    expect(Object.keys(answer)).toEqual(['code', 'source', 'dataVersion', 'reason']);
  }
  expect(store.failures).toBe(0);
  return 'sound';
}

describe('a damaged region file', () => {
  test('cut off anywhere is refused', async () => {
    for (let length = 0; length < good.length; length++) {
      expect(await refusedOrSound(good.subarray(0, length)), `${length} bytes`).toBe('refused');
    }
  });

  test('with any byte changed is refused, by its checksum if by nothing else', async () => {
    for (let at = 0; at < good.length; at++) {
      const bytes = Buffer.from(good);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      expect(await refusedOrSound(bytes), `byte ${at}`).toBe('refused');
    }
  });

  test('with bytes changed and the checksum made to fit is refused or gives sound answers', async () => {
    let sound = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ at: fc.nat(good.length - 65), byte: fc.nat(255) }), {
          minLength: 1,
          maxLength: 4,
        }),
        async (changes) => {
          const bytes = Buffer.from(good);
          for (const { at, byte } of changes) bytes[at] = byte;
          if ((await refusedOrSound(sealRegionFile(bytes))) === 'sound') sound++;
        },
      ),
      { numRuns: 4000 },
    );
    expect(sound).toBeGreaterThan(0);
  });

  test('that is half of one file and half of another is refused', async () => {
    const other = fixtureBytes({ entries: FIXTURE_ENTRIES.map((entry) => ({ ...entry, region: 'US' })) });
    const half = Buffer.concat([other.subarray(0, good.length / 2), good.subarray(good.length / 2)]);
    expect(await refusedOrSound(half)).toBe('refused');
  });

  test('of no such kind is refused: noise, zeros, gzip, nothing', async () => {
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.alloc(100_000),
      Buffer.from([0x1f, 0x8b, 8, 0]),
      Buffer.from('ABC'),
    ]) {
      expect(await refusedOrSound(bytes)).toBe('refused');
    }
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        const framed = Buffer.concat([
          Buffer.from(bytes),
          Buffer.from('\u{ab}\u{cd}\u{ef}MaxMind.com', 'latin1'),
          Buffer.from(bytes),
        ]);
        expect(await refusedOrSound(framed)).toBe('refused');
      }),
    );
  });

  test('of another type is told apart from a damaged one', async () => {
    await expect(parseRegionFile(fixtureBytes({ databaseType: 'GeoLite2-City' }), 'f')).rejects.toMatchObject(
      { code: 'region.schema' },
    );
  });
});

test('the walker of source data ends on any tree', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ at: fc.nat(good.length - 1), byte: fc.nat(255) }), { minLength: 1, maxLength: 6 }),
      (changes) => {
        const bytes = Buffer.from(good);
        for (const { at, byte } of changes) bytes[at] = byte;
        let visits = 0;
        try {
          walkMmdb(openMmdb(bytes), () => {
            if (++visits > 100_000) throw new MmdbFault('enough');
          });
        } catch (error) {
          expect(error).toBeInstanceOf(MmdbFault);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test('an xdb file that is cut off or changed is refused', () => {
  const text = Buffer.from('中国|0|广东省|广州市|电信');
  const xdb = Buffer.alloc(256 + text.length + 28);
  xdb.writeUInt16LE(2, 0);
  xdb.writeUInt32LE(1_700_000_000, 4);
  const first = 256 + text.length;
  xdb.writeUInt32LE(first, 8);
  xdb.writeUInt32LE(first + 14, 12);
  text.copy(xdb, 256);
  for (const [index, [from, to]] of [
    [0, 99],
    [100, 2 ** 32 - 1],
  ].entries()) {
    xdb.writeUInt32LE(from ?? 0, first + 14 * index);
    xdb.writeUInt32LE(to ?? 0, first + 14 * index + 4);
    xdb.writeUInt16LE(text.length, first + 14 * index + 8);
    xdb.writeUInt32LE(256, first + 14 * index + 10);
  }
  const read = (bytes: Buffer): [number, number, string][] => {
    const out: [number, number, string][] = [];
    openXdb(bytes).walk((from, to, region) => out.push([from, to, region]));
    return out;
  };
  expect(read(xdb)).toEqual([
    [0, 99, text.toString()],
    [100, 2 ** 32 - 1, text.toString()],
  ]);
  for (let length = 0; length < xdb.length; length++)
    expect(() => read(xdb.subarray(0, length))).toThrow(XdbFault);
  fc.assert(
    fc.property(fc.nat(xdb.length - 1), fc.nat(255), (at, byte) => {
      const bytes = Buffer.from(xdb);
      bytes[at] = byte;
      try {
        read(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(XdbFault);
      }
    }),
    { numRuns: 1000 },
  );
});
