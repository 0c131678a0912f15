import { join } from 'node:path';
import * as fc from 'fast-check';
import { Reader } from 'maxmind';
import { beforeAll, describe, expect, test } from 'vitest';
import { readAddress, v4Text } from '../../src/geo/address-words.ts';
import { parseRegionFile } from '../../src/geo/load.ts';
import { lookupLines } from '../../src/geo/lookup.ts';
import { makeRegionStore, openRegions, type RegionStore } from '../../src/geo/reader.ts';
import type { IpAddress } from '../../src/model/address.ts';
import { ShudiError } from '../../src/model/errors.ts';
import type { RegionAnswer } from '../../src/model/region.ts';
import type { Millis } from '../../src/model/time.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { addressText, buildFixture, fixtureBytes, FIXTURE_SOURCES } from './fixture.ts';

const directory = temporaryDirectory();
let store: RegionStore;
beforeAll(async () => {
  store = await openRegions(buildFixture(directory));
});

/** Whatever text comes: the gate must not rely on the caller's brand. */
const ask = (text: string, from: RegionStore = store): RegionAnswer => from.lookup(text as IpAddress);
const codes = (texts: readonly string[]): string[] => texts.map((text) => ask(text).code);

describe('answers', () => {
  test('province, country and the three regions, with source and data version', () => {
    expect(ask('113.66.1.1')).toEqual({
      code: 'CN-GD',
      source: 'ip2region',
      dataVersion: 'fixture (2024-02-28)',
      reason: null,
    });
    expect(ask('8.8.8.8')).toEqual({
      code: 'US',
      source: 'geo-whois-asn-country',
      dataVersion: 'fixture (2026-06-17)',
      reason: null,
    });
    expect(codes(['203.80.96.10', '60.246.1.1', '1.161.0.1'])).toEqual(['CN-HK', 'CN-MO', 'CN-TW']);
    expect(codes(['113.72.4.255', '113.72.5.0', '113.72.5.127', '113.72.5.128'])).toEqual([
      'CN-GD',
      'CN-HN',
      'CN-HN',
      'CN-GD',
    ]);
  });

  test('a mainland IPv4 address without a province says so', () => {
    expect(ask('223.4.0.1')).toMatchObject({ code: 'CN', reason: 'no-province-data' });
  });

  test('mainland IPv6 has no province, and says so, even if the file names one', () => {
    expect(ask('240e::1')).toMatchObject({ code: 'CN', reason: 'no-v6-province-data' });
    expect(ask('2405:9000::1')).toMatchObject({ code: 'CN', reason: 'no-v6-province-data' });
    expect(ask('2402:9e80::1')).toMatchObject({ code: 'CN-HK', reason: null });
  });

  test('an address that the data do not know is unknown', () => {
    expect(ask('9.9.9.9')).toMatchObject({ code: 'ZZ', reason: 'no-data' });
    expect(ask('2a00::1')).toEqual({
      code: 'ZZ',
      source: 'geo-whois-asn-country',
      dataVersion: 'fixture (2026-06-17)',
      reason: 'no-data',
    });
  });

  test('private, loopback, documentation and other special addresses are nowhere, whatever the data say', () => {
    const special = [
      '10.1.2.3',
      '100.64.0.1',
      '127.0.0.1',
      '169.254.1.1',
      '172.31.0.1',
      '192.168.1.1',
      '192.0.2.1',
      '198.51.100.7',
      '203.0.113.9',
      '198.19.0.1',
      '0.0.0.0',
      '224.0.0.1',
      '255.255.255.255',
      '::',
      '::1',
      '::8.8.8.8',
      'fe80::1',
      'fd00::1',
      'fec0::1',
      'ff02::1',
      '2001:db8::1',
      '3fff::1',
      '2001::1',
      '100::1',
      '64:ff9b:1::808:808',
      '::ffff:10.0.0.1',
      '64:ff9b::10.0.0.1',
      '2002:7f00:1::1',
    ];
    for (const address of special)
      expect(ask(address), address).toMatchObject({ code: 'ZZ', reason: 'special-address' });
    for (const address of ['11.0.0.1', '172.32.0.1', '100.128.0.1', '2001:4860::1', '113.66.1.1'])
      expect(ask(address).reason, address).not.toBe('special-address');
  });

  test('data age: of the oldest source, in days', () => {
    const now = (FIXTURE_SOURCES[1]?.date ?? 0) * 1000 + 2.5 * 86_400_000;
    expect(store.ageDays(now as Millis)).toBeCloseTo(2.5);
    expect(Object.keys(store.sourceAges(now as Millis))).toEqual(['geo-whois-asn-country', 'ip2region']);
  });
});

describe('traps', () => {
  test('an IPv6 address never reaches an IPv4-only file', async () => {
    const bytes = fixtureBytes({ ipVersion: 4 });
    const v4Only = makeRegionStore(await parseRegionFile(bytes, 'v4'));
    // What it guards against: the reader itself answers an IPv6 address with an IPv4 record.
    expect(new Reader<never>(bytes).get('7142:101::')).not.toBeNull();
    expect(ask('7142:101::', v4Only)).toMatchObject({ code: 'ZZ', reason: 'no-data' });
    expect(ask('113.66.1.1', v4Only).code).toBe('CN-GD');
    expect(ask('::ffff:113.66.1.1', v4Only).code).toBe('CN-GD');
    expect(ask('64:ff9b::113.66.1.1', v4Only)).toMatchObject({ code: 'CN-GD', reason: 'embedded-v4' });
  });

  test('an IPv4-mapped address is its IPv4 address', () => {
    for (const text of [
      '::ffff:113.66.1.1',
      '::FFFF:113.66.1.1',
      '::ffff:7142:101',
      '0:0:0:0:0:ffff:7142:0101',
    ]) {
      expect(ask(text), text).toBe(ask('113.66.1.1'));
    }
  });

  test('64:ff9b::/96 and 2002::/16 answer for the IPv4 address inside, and say so', () => {
    expect(ask('64:ff9b::113.66.1.1')).toMatchObject({ code: 'CN-GD', reason: 'embedded-v4' });
    expect(ask('64:ff9b::808:808')).toMatchObject({ code: 'US', reason: 'embedded-v4' });
    expect(ask('2002:7142:101::1')).toMatchObject({ code: 'CN-GD', reason: 'embedded-v4' });
    expect(ask('2002:0909:0909::1')).toMatchObject({ code: 'ZZ', reason: 'no-data' });
  });

  test('a zone is stripped', () => {
    expect(ask('240e::1%eth0')).toBe(ask('240e::1'));
    expect(ask('fe80::1%eth0')).toMatchObject({ reason: 'special-address' });
    expect(ask('::ffff:113.66.1.1%3')).toBe(ask('113.66.1.1'));
  });

  test('a port, a blank, a leading zero, brackets or a network is no address, though maxmind would answer', () => {
    const bare = new Reader<never>(fixtureBytes());
    for (const text of ['223.5.5.5 ', '0223.5.5.5', '223.5.5.5/24'])
      expect(bare.get(text), text).not.toBeNull();
    for (const text of [
      '223.5.5.5:443',
      '223.5.5.5 ',
      ' 223.5.5.5',
      '0223.5.5.5',
      '223.5.5.05',
      '223.5.5',
      '3741656325',
      '[240e::1]',
      '240e::1/64',
      '223.5.5.0/24',
      '',
      'localhost',
      '240e:::1',
    ]) {
      expect(ask(text), text).toMatchObject({ code: 'ZZ', source: 'none', reason: 'no-data' });
    }
  });

  test("answers are shared and frozen: nobody can change another's", () => {
    const first = ask('113.66.1.1');
    expect(ask('113.66.1.2')).toBe(first);
    expect(() => Object.assign(first, { code: 'US' })).toThrow(TypeError);
    for (const text of ['10.0.0.1', '9.9.9.9', 'x', '240e::1', '64:ff9b::808:808'])
      expect(Object.isFrozen(ask(text))).toBe(true);
  });

  test('no text makes a lookup throw or fail inside', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.ipV4Extended()), (text) => {
        expect(ask(text).code).toMatch(/^(?:[A-Z]{2}|CN-[A-Z]{2})$/);
      }),
      { numRuns: 2000 },
    );
    for (const value of [null, undefined, 7, {}] as unknown[])
      expect(store.lookup(value as IpAddress).code).toBe('ZZ');
    expect(store.failures).toBe(0);
  });

  test('a file that is not there is refused with its name', async () => {
    const path = join(directory, 'none.mmdb');
    await expect(openRegions(path)).rejects.toMatchObject({ code: 'region.missing', where: path });
  });
});

test('addresses are read into words as their text says', () => {
  const words = new Uint32Array(4);
  const asNumber = (): bigint => words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
  fc.assert(
    fc.property(fc.bigInt(0n, (1n << 128n) - 1n), fc.nat(127), (noise, zeros) => {
      const value = zeros % 2 === 0 ? noise : noise & ~(((1n << 48n) - 1n) << BigInt(zeros));
      const groups = addressText(6, value);
      for (const text of [
        groups,
        new URL(`http://[${groups}]`).hostname.slice(1, -1),
        groups.toUpperCase(),
      ]) {
        expect(readAddress(text, words)).toBe(value >> 32n === 0xffffn ? 4 : 6);
        expect(asNumber(), text).toBe(value);
      }
    }),
  );
  fc.assert(
    fc.property(fc.ipV4(), (text) => {
      expect(readAddress(text, words)).toBe(4);
      expect(v4Text(words[3] ?? 0)).toBe(text);
      expect(readAddress(`1:2::${text}`, words)).toBe(6);
      expect(v4Text(words[3] ?? 0)).toBe(text);
      expect(words[0]).toBe(0x0001_0002);
    }),
  );
});

test('geo lookup prints canonical address, code, both names, source, version and reason', () => {
  expect(lookupLines(store, ['::ffff:113.66.1.1', '240e::1'])).toEqual([
    {
      address: '113.66.1.1',
      code: 'CN-GD',
      zh: '广东',
      en: 'Guangdong',
      source: 'ip2region',
      dataVersion: 'fixture (2024-02-28)',
      reason: null,
    },
    {
      address: '240e::1',
      code: 'CN',
      zh: '中国',
      en: 'China',
      source: 'geo-whois-asn-country',
      dataVersion: 'fixture (2026-06-17)',
      reason: 'no-v6-province-data',
    },
  ]);
  expect(() => lookupLines(store, ['8.8.8.8', 'nonsense'])).toThrow(ShudiError);
  expect(() => lookupLines(store, ['8.8.8.8', 'nonsense'])).toThrow(
    expect.objectContaining({ where: 'argument 2' }),
  );
});
