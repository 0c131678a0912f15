import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GREATER_CHINA, MAINLAND_PROVINCES } from '../../src/model/provinces.ts';
import {
  displayRegion,
  isMainlandProvince,
  isRegionCode,
  normalRegion,
  type RegionAnswer,
  regionLabel,
} from '../../src/model/region.ts';

const both = (code: string): string[] => [regionLabel(code, 'zh'), regionLabel(code, 'en')];

describe('names of regions', () => {
  test('the mainland shows the short name', () => {
    expect(both('CN-GD')).toEqual(['广东', 'Guangdong']);
    expect(both('CN-NM')).toEqual(['内蒙古', 'Inner Mongolia']);
    expect(both('CN-XZ')).toEqual(['西藏', 'Xizang']);
    expect(both('CN-SN')).toEqual(['陕西', 'Shaanxi']);
    expect(both('CN-SX')).toEqual(['山西', 'Shanxi']);
  });

  test('Hong Kong, Macao and Taiwan show 中国 before the name, under either code', () => {
    expect(both('CN-HK')).toEqual(['中国香港', 'Hong Kong, China']);
    expect(both('CN-MO')).toEqual(['中国澳门', 'Macao, China']);
    expect(both('CN-TW')).toEqual(['中国台湾', 'Taiwan, China']);
    for (const code of ['HK', 'MO', 'TW']) {
      expect(both(code)).toEqual(both(`CN-${code}`));
      expect(normalRegion(code)).toBe(`CN-${code}`);
    }
  });

  test('CN is 中国, other countries have the name of CLDR', () => {
    expect(both('CN')).toEqual(['中国', 'China']);
    expect(both('US')).toEqual(['美国', 'United States']);
    expect(both('JP')).toEqual(['日本', 'Japan']);
    expect(both('GB')).toEqual(['英国', 'United Kingdom']);
  });

  test('ZZ and whatever is no place is 未知', () => {
    for (const code of [
      'ZZ',
      '',
      'XA',
      'EU',
      'AN',
      'AP',
      'us',
      'USA',
      'CN-ZZ',
      '中国',
      '__proto__',
      '1',
      '419',
      'U\u0000',
    ]) {
      expect(both(code), code).toEqual(['未知', 'Unknown']);
    }
  });

  test('no text makes it throw', () => {
    fc.assert(fc.property(fc.string(), (text) => both(text).every((label) => label.length > 0)));
  });

  test('the table is that of GB/T 2260: 31 provinces and three more, no name or code twice', () => {
    const all = [...MAINLAND_PROVINCES, ...GREATER_CHINA];
    expect(MAINLAND_PROVINCES).toHaveLength(31);
    for (const key of ['gb', 'iso', 'zh', 'en'] as const)
      expect(new Set(all.map((unit) => unit[key])).size).toBe(34);
    expect(MAINLAND_PROVINCES.every((unit) => isMainlandProvince(`CN-${unit.iso}`))).toBe(true);
    expect(['CN', 'CN-HK', 'CN-MO', 'CN-TW', 'US', 'ZZ'].some(isMainlandProvince)).toBe(false);
  });

  test('codes that this program writes are told from others', () => {
    expect(['ZZ', 'CN', 'CN-GD', 'CN-HK', 'US', 'XK'].every(isRegionCode)).toBe(true);
    expect(['HK', 'CN-XX', 'XA', '', 'cn', 'BD-1'].some(isRegionCode)).toBe(false);
  });
});

describe('what is displayed of a mainland IPv6 address', () => {
  const v6: RegionAnswer = { code: 'CN', source: 's', dataVersion: '1', reason: 'no-v6-province-data' };
  const last = (ageDays: number, code = 'CN-GD'): { code: string; ageDays: number } => ({ code, ageDays });

  test('the operator chooses 中国, 未知 or the last known province', () => {
    expect(displayRegion(v6, 'country', last(1), 30)).toBe('CN');
    expect(displayRegion(v6, 'unknown', last(1), 30)).toBe('ZZ');
    expect(displayRegion(v6, 'last-province', last(1), 30)).toBe('CN-GD');
  });

  test('a last province that is too old, from the future, or none is not shown', () => {
    expect(displayRegion(v6, 'last-province', last(30), 30)).toBe('CN-GD');
    expect(displayRegion(v6, 'last-province', last(30.1), 30)).toBe('CN');
    expect(displayRegion(v6, 'last-province', last(-1), 30)).toBe('CN');
    expect(displayRegion(v6, 'last-province', last(Number.NaN), 30)).toBe('CN');
    expect(displayRegion(v6, 'last-province', null, 30)).toBe('CN');
    for (const code of ['US', 'CN-HK', 'CN', 'ZZ'])
      expect(displayRegion(v6, 'last-province', last(1, code), 30)).toBe('CN');
  });

  test('every other answer is shown as it is', () => {
    for (const answer of [
      { ...v6, reason: 'no-province-data' } as const,
      { ...v6, code: 'US', reason: null },
      { ...v6, code: 'CN-GD', reason: 'embedded-v4' } as const,
    ]) {
      expect(displayRegion(answer, 'unknown', last(1, 'CN-BJ'), 30)).toBe(answer.code);
      expect(displayRegion(answer, 'last-province', last(1, 'CN-BJ'), 30)).toBe(answer.code);
    }
  });
});
