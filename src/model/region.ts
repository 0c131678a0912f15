import type { IpAddress } from './address.ts';
import { GREATER_CHINA, MAINLAND_PROVINCES, type Province } from './provinces.ts';

/**
 * What is displayed: `CN-GD` for a mainland province (ISO 3166-2), `CN-HK`, `CN-MO`, `CN-TW`, `CN` when the
 * province is not known, an ISO 3166-1 code elsewhere, `ZZ` for unknown.
 */
export type RegionCode = string;

export type RegionReason =
  | 'special-address'
  | 'no-data'
  | 'no-province-data'
  | 'no-v6-province-data'
  | 'embedded-v4';

export interface RegionAnswer {
  readonly code: RegionCode;
  /** The data source that answered, such as `ip2region` or `override`. */
  readonly source: string;
  readonly dataVersion: string;
  readonly reason: RegionReason | null;
}

export interface RegionLookup {
  /** Never throws, does no I/O; about a microsecond. */
  lookup(address: IpAddress): RegionAnswer;
}

/** Nothing is known. */
export const UNKNOWN_REGION: RegionCode = 'ZZ';

export type RegionLanguage = 'zh' | 'en';

interface RegionLabel {
  readonly zh: string;
  readonly en: string;
}

const UNKNOWN_LABEL: RegionLabel = Object.freeze({ zh: '未知', en: 'Unknown' });
const byCode = (list: readonly Province[]): ReadonlyMap<RegionCode, Province> =>
  new Map(list.map((unit) => [`CN-${unit.iso}`, unit]));
const MAINLAND = byCode(MAINLAND_PROVINCES);
const GREATER = byCode(GREATER_CHINA);

/** ISO 3166-1 gives these three codes of their own; here they are always written as parts of China. */
const ALIASES: ReadonlyMap<string, RegionCode> = new Map(
  GREATER_CHINA.map((unit) => [unit.iso, `CN-${unit.iso}`]),
);

/** Codes that CLDR names although no one is there: test locales, currency areas, withdrawn and grouped codes. */
const NO_PLACE = new Set(
  'AN BU CP CQ CS DD DG EA EU EZ FX IC NT QO RH SU TP UK UN VD XA XB YD YU ZR ZZ'.split(' '),
);
const NAMES = {
  zh: new Intl.DisplayNames('zh-Hans', { type: 'region', fallback: 'none' }),
  en: new Intl.DisplayNames('en', { type: 'region', fallback: 'none' }),
};

/** Labels by code, filled as they are asked for; only codes that have a name enter, so it is bounded (about 300). */
const labels = new Map<RegionCode, RegionLabel>();

/** `HK` -> `CN-HK`, and so for Macao and Taiwan; any other code is returned as it is. */
export function normalRegion(code: string): RegionCode {
  return ALIASES.get(code) ?? code;
}

export function isMainlandProvince(code: RegionCode): boolean {
  return MAINLAND.has(code);
}

/** Whether the code is one that this program writes: see `RegionCode`. */
export function isRegionCode(code: string): boolean {
  return code === UNKNOWN_REGION || (!ALIASES.has(code) && labelOf(code) !== UNKNOWN_LABEL);
}

/**
 * The name to show: 广东 / Guangdong, 中国香港 / Hong Kong, China, 中国 / China, elsewhere the name that CLDR
 * has for the country or region. A code that is unknown, or none, is 未知 / Unknown; it never throws.
 */
export function regionLabel(code: RegionCode, language: RegionLanguage): string {
  return labelOf(normalRegion(code))[language];
}

function labelOf(code: RegionCode): RegionLabel {
  const known = labels.get(code);
  if (known !== undefined) return known;
  const label = makeLabel(code);
  if (label !== UNKNOWN_LABEL) labels.set(code, label);
  return label;
}

function makeLabel(code: RegionCode): RegionLabel {
  const mainland = MAINLAND.get(code);
  if (mainland !== undefined) return { zh: mainland.zh, en: mainland.en };
  const greater = GREATER.get(code);
  if (greater !== undefined) return { zh: `中国${greater.zh}`, en: `${greater.en}, China` };
  if (!/^[A-Z]{2}$/.test(code) || NO_PLACE.has(code)) return UNKNOWN_LABEL;
  const zh = NAMES.zh.of(code);
  const en = NAMES.en.of(code);
  return zh === undefined || en === undefined ? UNKNOWN_LABEL : { zh, en };
}

/** What an operator shows for a mainland IPv6 address, for which no province data is to be had. */
export type V6ProvincePolicy = 'country' | 'unknown' | 'last-province';

/** The last province that was known of the same account from an IPv4 address, and how old that is. */
export interface LastProvince {
  readonly code: RegionCode;
  /** Days, with fractions. */
  readonly ageDays: number;
}

/**
 * What is shown of an answer. A province is never guessed: an answer that lacks one because the address is a
 * mainland IPv6 address becomes `CN`, `ZZ`, or the account's last known province while that is not too old
 * (and `CN` after that), as the operator chose. Every other answer is shown as it is.
 *
 * @param last  null when no province of the account is known
 * @param maxAgeDays  the oldest province that may still be shown, in days
 */
export function displayRegion(
  answer: RegionAnswer,
  policy: V6ProvincePolicy,
  last: LastProvince | null,
  maxAgeDays: number,
): RegionCode {
  if (answer.reason !== 'no-v6-province-data') return answer.code;
  if (policy === 'unknown') return UNKNOWN_REGION;
  const fresh = last !== null && last.ageDays >= 0 && last.ageDays <= maxAgeDays;
  return policy === 'last-province' && fresh && isMainlandProvince(last.code) ? last.code : 'CN';
}
