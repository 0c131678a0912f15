import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Reader } from 'maxmind';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildRegionFile, type BuildSummary } from '../../src/geo/build.ts';
import { provinceVerdict } from '../../src/geo/merge.ts';
import { openMmdb, walkMmdb } from '../../src/geo/mmdb-read.ts';
import { openRegions, type RegionStore } from '../../src/geo/reader.ts';
import { openSources } from '../../src/geo/sources.ts';
import { SPECIAL_ADDRESSES } from '../../src/geo/special.ts';
import { readAddress } from '../../src/geo/address-words.ts';
import type { IpAddress } from '../../src/model/address.ts';
import { MAINLAND_PROVINCES } from '../../src/model/provinces.ts';
import { isRegionCode, normalRegion } from '../../src/model/region.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { hasTool } from '../support/tools.ts';
import { addressText, buildFixture, fixtureBytes } from './fixture.ts';

interface Ip2Region {
  newWithBuffer(buffer: Buffer): { search(address: string): Promise<{ region: string | null }> };
}

const dataDirectory = new URL('../../geo-data', import.meta.url).pathname;
const packages = join(dataDirectory, 'node_modules');
const countryPath = join(packages, '@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb');
const xdbPath = join(packages, 'ip2region-ts/data/ip2region.xdb');

const directory = temporaryDirectory();
const output = join(directory, 'region.mmdb');
let summary: BuildSummary;
let store: RegionStore;

beforeAll(async () => {
  summary = await buildRegionFile({ output, dataDirectory });
  store = await openRegions(output);
});

/** Evenly mixed, the same every time. */
function* numbers(count: number): Generator<bigint> {
  for (let index = 0; index < count; index++) {
    yield BigInt(`0x${createHash('sha256').update(`region ${index}`).digest('hex').slice(0, 32)}`);
  }
}

const ask = (address: string): { code: string } => store.lookup(address as IpAddress);
const isSpecial = (address: string): boolean => {
  const words = new Uint32Array(4);
  const family = readAddress(address, words);
  return family !== 0 && SPECIAL_ADDRESSES.find(family, words) !== -1;
};

describe('the built file', () => {
  test('answers the sentinels, in every way of writing', () => {
    for (const [address, code] of [
      ['113.66.1.1', 'CN-GD'],
      ['223.5.5.5', 'CN-ZJ'],
      ['203.80.96.10', 'CN-HK'],
      ['8.8.8.8', 'US'],
    ]) {
      for (const text of [address, `::ffff:${address}`, `64:ff9b::${address}`])
        expect(ask(text ?? '').code, text).toBe(code);
    }
    expect(ask('240e::1')).toMatchObject({ code: 'CN', reason: 'no-v6-province-data' });
  });

  test('agrees with both sources, read by their own readers, on random IPv4 addresses', async () => {
    const country = new Reader<never>(readFileSync(countryPath));
    const require = createRequire(join(dataDirectory, 'package.json'));
    const ip2region = (require('ip2region-ts') as Ip2Region).newWithBuffer(readFileSync(xdbPath));
    let provinces = 0;
    for (const number of numbers(20_000)) {
      const address = addressText(4, number & 0xffff_ffffn);
      if (isSpecial(address)) continue;
      const found = country.get(address) as { country_code: string } | null;
      let code =
        found === null || !isRegionCode(normalRegion(found.country_code))
          ? 'ZZ'
          : normalRegion(found.country_code);
      if (code === 'CN') {
        const unit = (await ip2region.search(address)).region?.split('|') ?? [];
        const province =
          unit[0] === '中国'
            ? MAINLAND_PROVINCES.find(({ zh }) => (unit[2] ?? '').startsWith(zh))
            : undefined;
        if (province !== undefined) code = `CN-${province.iso}`;
        provinces++;
      }
      expect(ask(address).code, address).toBe(code);
    }
    expect(provinces).toBeGreaterThan(1000);
  });

  test('agrees with the country source on both ends of one IPv6 prefix in fifty', () => {
    const file = openMmdb(readFileSync(countryPath));
    const country = new Reader<never>(readFileSync(countryPath));
    let seen = 0;
    let known = 0;
    walkMmdb(file, (words, length) => {
      if (seen++ % 50 !== 0 || (words[0] === 0 && words[1] === 0)) return;
      const first = words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
      for (const number of [first, first + (1n << BigInt(128 - length)) - 1n]) {
        const address = addressText(6, number);
        if (isSpecial(address) || address.startsWith('2002:')) continue;
        const found = country.get(address) as { country_code: string } | null;
        expect(ask(address).code, address).toBe(normalRegion(found?.country_code ?? 'ZZ'));
        known++;
      }
    });
    expect(known).toBeGreaterThan(10_000);
  });

  test.skipIf(!hasTool('mmdblookup'))('is read by libmaxminddb (mmdblookup) as by us', () => {
    for (const address of [
      '113.66.1.1',
      '223.5.5.5',
      '203.80.96.10',
      '8.8.8.8',
      '::ffff:113.66.1.1',
      '240e::1',
      '2001:4860:4860::8888',
    ]) {
      const text = execFileSync('mmdblookup', ['-f', output, '-i', address, 'region'], { encoding: 'utf8' });
      expect(text, address).toContain(`"${ask(address).code}"`);
    }
  });

  test('tells its sources, their versions, dates, licences, and the credit', () => {
    const { metadata } = openMmdb(readFileSync(output));
    expect(
      JSON.stringify(
        metadata.get('description') instanceof Map
          ? [...(metadata.get('description') as ReadonlyMap<string, string>)]
          : '',
      ),
    ).toContain('nro.net');
    expect(store.data.sources.map(({ name, version }) => [name, version])).toEqual([
      ['geo-whois-asn-country', '2.3.2026061719'],
      ['ip2region', '2.0.1'],
    ]);
    expect(store.data.sources.every(({ licence, credit }) => licence !== '' && credit !== '')).toBe(true);
    expect(summary.buildEpoch).toBe(store.data.sources[0]?.date);
  });

  test('is of full precision and small enough to hold in memory', () => {
    expect(summary.bytes).toBeLessThan(12_000_000);
    expect(summary.records).toBeGreaterThan(900_000);
    expect(summary.addresses.provinceKnown).toBeGreaterThan(300_000_000);
  });

  test('is the same when built again but for build_epoch, which follows SOURCE_DATE_EPOCH and never the clock', async () => {
    const again = join(directory, 'again.mmdb');
    await buildRegionFile({ output: again, dataDirectory, buildEpoch: 1_700_000_000 });
    const [one, two] = [output, again].map((path) => openMmdb(readFileSync(path)));
    expect(two?.tree.equals(one?.tree ?? Buffer.alloc(0))).toBe(true);
    expect(two?.data.equals(one?.data ?? Buffer.alloc(0))).toBe(true);
    const same = (file: typeof one): unknown =>
      new Map([...(file?.metadata ?? [])].filter(([key]) => key !== 'build_epoch' && key !== 'sha256'));
    expect(same(two)).toEqual(same(one));
    expect([one?.buildEpoch, two?.buildEpoch]).toEqual([summary.sources[0]?.date, 1_700_000_000]);
  });
});

describe('a build that cannot be trusted', () => {
  test('leaves the old file and no temporary one', async () => {
    const place = join(directory, 'broken');
    const target = buildFixture((mkdirSync(place), place));
    cpSync(packages, join(place, 'node_modules'), { recursive: true });
    truncateSync(join(place, 'node_modules/ip2region-ts/data/ip2region.xdb'), 5_000_000);
    await expect(buildRegionFile({ output: target, dataDirectory: place })).rejects.toMatchObject({
      code: 'region.source',
    });
    expect(readFileSync(target).equals(fixtureBytes())).toBe(true);
    expect(readdirSync(place).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('names the package that is missing, and the directory that cannot be written', async () => {
    expect(() => openSources(directory)).toThrow(expect.objectContaining({ code: 'region.source' }));
    writeFileSync(join(directory, 'file'), '');
    await expect(
      buildRegionFile({ output: join(directory, 'file/region.mmdb'), dataDirectory }),
    ).rejects.toMatchObject({
      code: 'region.output',
      where: join(directory, 'file/region.mmdb'),
    });
  });
});

test("ip2region's Hong Kong, Macao and Taiwan are told apart before the mainland is", () => {
  for (const unit of ['香港', '澳门', '台湾省', '台湾', '香港特别行政区']) {
    expect(provinceVerdict(`中国|0|${unit}|0|0`)).toEqual({ kind: 'greater' });
  }
  expect(provinceVerdict('中国|0|广东省|广州市|电信')).toEqual({ kind: 'mainland', code: 'CN-GD' });
  expect(provinceVerdict('中国|0|广东|0|0')).toEqual({ kind: 'mainland', code: 'CN-GD' });
  expect(provinceVerdict('中国|0|广西壮族自治区|0|0')).toEqual({ kind: 'mainland', code: 'CN-GX' });
  expect(provinceVerdict('中国|0|内蒙古|0|0')).toEqual({ kind: 'mainland', code: 'CN-NM' });
  expect(provinceVerdict('中国|0|北京|北京市|0')).toEqual({ kind: 'mainland', code: 'CN-BJ' });
  expect(provinceVerdict('中国|0|0|0|0')).toEqual({ kind: 'mainland', code: null });
  expect(provinceVerdict('美国|0|加利福尼亚|0|0')).toEqual({ kind: 'foreign' });
  expect(provinceVerdict('0|0|0|内网IP|内网IP')).toEqual({ kind: 'blank' });
  expect(provinceVerdict('')).toEqual({ kind: 'blank' });
});

test('the fixture that is committed is the one that the tests make', () => {
  expect(readFileSync(join(dataDirectory, 'fixture.mmdb')).equals(fixtureBytes())).toBe(true);
});
