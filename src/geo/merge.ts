import { GREATER_CHINA, MAINLAND_PROVINCES } from '../model/provinces.ts';
import { isRegionCode, normalRegion, type RegionCode } from '../model/region.ts';
import { decodeMmdb, MmdbFault } from './mmdb-decode.ts';
import { type MmdbFile, walkMmdb } from './mmdb-read.ts';
import type { XdbFile } from './xdb.ts';

/** A stretch of IPv4 addresses, both ends included. */
export interface RegionRange {
  readonly first: number;
  last: number;
  readonly code: RegionCode;
  /** Whether the province data named the region. */
  readonly byProvince: boolean;
}

export interface V6Region {
  readonly key: Uint8Array;
  readonly length: number;
  readonly code: RegionCode;
}

/** IPv4 addresses by how the two sources go together. */
export interface MergeTally {
  /** Mainland by both, with a province: shown as the province. */
  provinceKnown: number;
  /** Mainland by both, but no province is named: shown as 中国. */
  provinceBlank: number;
  /** Mainland by the country source; Hong Kong, Macao or Taiwan by ip2region: shown as 中国. */
  mainlandButGreater: number;
  /** Mainland by the country source, another country by ip2region: shown as 中国. */
  mainlandButForeign: number;
  /** Mainland by ip2region, another country or region by the country source: shown as the latter says. */
  elsewhereButMainland: number;
  /** Mainland by ip2region, blank in the country source: stays unknown. */
  unknownButMainland: number;
  /** Country codes that are none, by record: left out. */
  invalidCodes: number;
}

export interface MergedRegions {
  readonly v4: readonly RegionRange[];
  readonly v6: readonly V6Region[];
  readonly tally: MergeTally;
}

type ProvinceVerdict =
  | { readonly kind: 'mainland'; readonly code: RegionCode | null }
  | { readonly kind: 'greater' | 'foreign' | 'blank' };

const CHINA = '中国';
const UNITS = new Map([...MAINLAND_PROVINCES, ...GREATER_CHINA].map((unit) => [unit.zh, `CN-${unit.iso}`]));
const GREATER = new Set(GREATER_CHINA.map((unit) => unit.zh));

/**
 * What ip2region's `国家|区域|省|市|ISP` says of the mainland. It files Hong Kong, Macao and Taiwan under
 * 中国: they are told apart first. `广东省` and `广东` are the same; so are 内蒙古自治区 and 内蒙古.
 */
export function provinceVerdict(text: string): ProvinceVerdict {
  const [country = '', , unit = ''] = text.split('|');
  if (country === '0' || country === '') return { kind: 'blank' };
  const short = unit.replace(/(?:特别行政区|(?:壮族|回族|维吾尔)?自治区|省|市)$/, '');
  if (GREATER.has(country) || (country === CHINA && GREATER.has(short))) return { kind: 'greater' };
  return country === CHINA ? { kind: 'mainland', code: UNITS.get(short) ?? null } : { kind: 'foreign' };
}

/**
 * Merges the country and the province data. The country source is the authority: only where it says
 * mainland does ip2region add the province, and only a province of the mainland. Where the two disagree
 * the country source's word is shown, without a province (docs/regions.md says how many addresses that is).
 * Mainland IPv6 never gets a province.
 *
 * @throws MmdbFault | XdbFault when a source turns out to be damaged
 */
export function mergeRegions(country: MmdbFile, province: XdbFile): MergedRegions {
  const tally: MergeTally = {
    provinceKnown: 0,
    provinceBlank: 0,
    mainlandButGreater: 0,
    mainlandButForeign: 0,
    elsewhereButMainland: 0,
    unknownButMainland: 0,
    invalidCodes: 0,
  };
  const { v4: countries, v6 } = readCountries(country, tally);
  const v4: RegionRange[] = [];
  const verdicts = new Map<string, ProvinceVerdict>();
  let next = 0;
  province.walk((first, last, text) => {
    let verdict = verdicts.get(text);
    if (verdict === undefined) verdicts.set(text, (verdict = provinceVerdict(text)));
    for (let at = first; at <= last;) {
      while ((countries[next]?.last ?? Infinity) < at) next++;
      const range = countries[next];
      const inside = range !== undefined && range.first <= at;
      const to = Math.min(last, inside ? range.last : (range?.first ?? Infinity) - 1);
      count(tally, inside ? range.code : null, verdict, to - at + 1);
      if (inside) addRange(v4, at, to, range.code, verdict);
      at = to + 1;
    }
  });
  return { v4, v6, tally };
}

function addRange(
  ranges: RegionRange[],
  first: number,
  last: number,
  country: RegionCode,
  verdict: ProvinceVerdict,
): void {
  const province = country === 'CN' && verdict.kind === 'mainland' ? verdict.code : null;
  const code = province ?? country;
  const before = ranges.at(-1);
  if (before !== undefined && before.last + 1 === first && before.code === code) before.last = last;
  else ranges.push({ first, last, code, byProvince: province !== null });
}

function count(
  tally: MergeTally,
  country: RegionCode | null,
  verdict: ProvinceVerdict,
  addresses: number,
): void {
  if (country === 'CN') {
    if (verdict.kind === 'mainland')
      tally[verdict.code === null ? 'provinceBlank' : 'provinceKnown'] += addresses;
    else if (verdict.kind === 'blank') tally.provinceBlank += addresses;
    else tally[verdict.kind === 'greater' ? 'mainlandButGreater' : 'mainlandButForeign'] += addresses;
  } else if (verdict.kind === 'mainland') {
    tally[country === null ? 'unknownButMainland' : 'elsewhereButMainland'] += addresses;
  }
}

function readCountries(file: MmdbFile, tally: MergeTally): { v4: RegionRange[]; v6: V6Region[] } {
  const codes = new Map<number, RegionCode>();
  const v4: RegionRange[] = [];
  const v6: V6Region[] = [];
  walkMmdb(file, (words, length, offset) => {
    const code = codes.get(offset) ?? countryCode(file, offset);
    codes.set(offset, code);
    if (!isRegionCode(code)) {
      tally.invalidCodes++;
    } else if (length >= 96 && words[0] === 0 && words[1] === 0 && words[2] === 0) {
      const first = words[3] ?? 0;
      v4.push({ first, last: first + 2 ** (128 - length) - 1, code, byProvince: false });
    } else {
      v6.push({ key: keyOf(words), length, code });
    }
  });
  return { v4, v6 };
}

/** The flat shape of geo-whois-asn-country: `{country_code}`. */
function countryCode(file: MmdbFile, offset: number): RegionCode {
  const record = decodeMmdb(file.data, offset);
  const code: unknown = record instanceof Map ? record.get('country_code') : undefined;
  if (typeof code !== 'string') throw new MmdbFault('a record has no country_code');
  return normalRegion(code);
}

/** The 16 bytes of an address given in words. */
export function keyOf(words: ArrayLike<number>): Uint8Array {
  return Uint8Array.from(
    { length: 16 },
    (_, index) => ((words[index >> 2] ?? 0) >>> (24 - 8 * (index & 3))) & 255,
  );
}
