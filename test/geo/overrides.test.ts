import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAddress } from '../../src/geo/address-words.ts';
import { parseRegionFile } from '../../src/geo/load.ts';
import { MAX_OVERRIDES, makeOverrides } from '../../src/geo/overrides.ts';
import { bitsOf, lastOf, parseCidr, type Prefix } from '../../src/geo/prefix.ts';
import { makePrefixTable } from '../../src/geo/prefix-table.ts';
import { makeRegionStore } from '../../src/geo/reader.ts';
import { parseAddress } from '../../src/model/address.ts';
import { addressText, fixtureBytes } from './fixture.ts';

const data = await parseRegionFile(fixtureBytes(), 'fixture');

describe('overrides', () => {
  const store = makeRegionStore(data, [
    { cidr: '113.66.0.0/16', region: 'CN-HN' },
    { cidr: '113.66.1.0/24', region: 'US' },
    { cidr: '10.0.0.0/8', region: 'CN-BJ' },
    { cidr: '240e:1::/32', region: 'CN-SH' },
    { cidr: '2001:4860::8888', region: 'HK' },
    { cidr: '8.8.8.8', region: 'ZZ' },
  ]);
  const ask = (text: string): object => store.lookup(parseAddress(text, 'test'));

  test('win over the data, the longest network first', () => {
    expect(ask('113.66.2.1')).toMatchObject({ code: 'CN-HN', source: 'override', reason: null });
    expect(ask('113.66.1.255')).toMatchObject({ code: 'US', source: 'override' });
    expect(ask('113.67.0.0')).toMatchObject({ code: 'CN-GD', source: 'ip2region' });
    expect(ask('8.8.8.8')).toMatchObject({ code: 'ZZ', source: 'override' });
    expect(ask('8.8.8.9')).toMatchObject({ code: 'US', source: 'geo-whois-asn-country' });
  });

  test('win over special addresses, give IPv6 a province, and hold for embedded and mapped addresses', () => {
    expect(ask('10.9.8.7')).toMatchObject({ code: 'CN-BJ', reason: null });
    expect(ask('240e:1::5')).toMatchObject({ code: 'CN-SH', reason: null });
    expect(ask('2001:4860::8888')).toMatchObject({ code: 'CN-HK' });
    expect(ask('64:ff9b::113.66.1.1')).toMatchObject({
      code: 'US',
      source: 'override',
      reason: 'embedded-v4',
    });
    expect(ask('::ffff:113.66.1.1')).toMatchObject({ code: 'US', source: 'override', reason: null });
  });

  test('can be replaced; a wrong list leaves the old one; the version tells lists apart', () => {
    const own = makeRegionStore(data, [{ cidr: '8.8.8.0/24', region: 'JP' }]);
    const address = parseAddress('8.8.8.8', 'test');
    const before = own.lookup(address);
    expect(() => own.setOverrides([{ cidr: 'x', region: 'JP' }])).toThrow();
    expect(own.lookup(address)).toBe(before);
    own.setOverrides([{ cidr: '8.8.8.0/24', region: 'DE' }]);
    expect(own.lookup(address).code).toBe('DE');
    expect(own.lookup(address).dataVersion).not.toBe(before.dataVersion);
  });

  test('a wrong entry is refused, and named', () => {
    const bad = [
      '1.2.3.4/24',
      '1.2.3.0/33',
      '1.2.3.0/',
      '1.2.3.0/024',
      '01.2.3.0/24',
      '1.2.3.0/24 ',
      '1.2.3/24',
      '::1%eth0/128',
      '240e::1/64',
      '240e::/129',
      '',
      '*',
    ];
    for (const cidr of bad) {
      expect(
        () =>
          makeOverrides(
            [
              { cidr: '9.0.0.0/8', region: 'US' },
              { cidr, region: 'US' },
            ],
            'regions.overrides',
          ),
        cidr,
      ).toThrow(expect.objectContaining({ code: 'region.override', where: 'regions.overrides[1]' }));
    }
    for (const region of ['', 'XX', '广东', 'CN-XX', 'cn-gd']) {
      expect(() => makeOverrides([{ cidr: '9.0.0.0/8', region }]), region).toThrow(
        expect.objectContaining({ code: 'region.override' }),
      );
    }
    const twice = ['1.2.3.0/24', '::ffff:1.2.3.0/120'].map((cidr) => ({ cidr, region: 'US' }));
    expect(() => makeOverrides(twice)).toThrow(/twice/);
  });

  test('are bounded', () => {
    const list = Array.from({ length: MAX_OVERRIDES + 1 }, (_, index) => ({
      cidr: addressText(4, BigInt(index)),
      region: 'US',
    }));
    expect(() => makeOverrides(list)).toThrow(expect.objectContaining({ code: 'region.override' }));
    expect(makeOverrides(list.slice(1)).count).toBe(MAX_OVERRIDES);
  });
});

test('the prefix table finds what looking at every prefix finds', () => {
  const words = new Uint32Array(4);
  const prefix = (family: 4 | 6): fc.Arbitrary<Prefix> => {
    const bits = bitsOf(family);
    return fc.record({ noise: fc.bigInt(0n, 255n), length: fc.nat(bits) }).map(({ noise, length }) => {
      const spread = (noise << BigInt(bits - 8)) | (noise & 15n);
      return { family, first: (spread >> BigInt(bits - length)) << BigInt(bits - length), length };
    });
  };
  fc.assert(
    fc.property(fc.array(fc.oneof(prefix(4), prefix(6)), { maxLength: 30 }), (all) => {
      const list = [
        ...new Map(all.map((item) => [`${item.family} ${item.first} ${item.length}`, item])).values(),
      ];
      const table = makePrefixTable(list.map((item, value) => ({ prefix: item, value })));
      for (const { family, first, length } of list) {
        const last = lastOf({ family, first, length });
        for (const address of [first, last, first - 1n, last + 1n]) {
          if (address < 0n || address >> BigInt(bitsOf(family)) !== 0n || address >> 32n === 0xffffn)
            continue;
          const best = list
            .map((item, value) => ({ item, value }))
            .filter(({ item }) => item.family === family && item.first <= address && lastOf(item) >= address)
            .sort((a, b) => b.item.length - a.item.length)[0];
          expect(readAddress(addressText(family, address), words)).toBe(family);
          expect(table.find(family, words)).toBe(best?.value ?? -1);
        }
      }
    }),
  );
});

test('networks are parsed as they are written', () => {
  expect(parseCidr('0.0.0.0/0')).toEqual({ family: 4, first: 0n, length: 0 });
  expect(parseCidr('::/0')).toEqual({ family: 6, first: 0n, length: 0 });
  expect(parseCidr('255.255.255.255')).toEqual({ family: 4, first: 0xffff_ffffn, length: 32 });
  expect(parseCidr('240e::/20')).toEqual({ family: 6, first: 0x240en << 112n, length: 20 });
  expect(parseCidr('::ffff:1.2.3.0/120')).toEqual({ family: 4, first: 0x0102_0300n, length: 24 });
});
