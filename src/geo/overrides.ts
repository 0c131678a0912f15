import { createHash } from 'node:crypto';
import { ShudiError } from '../model/errors.ts';
import { isRegionCode, normalRegion, type RegionCode } from '../model/region.ts';
import type { AddressWords } from './address-words.ts';
import { answer, AnswerSet } from './answers.ts';
import { parseCidr } from './prefix.ts';
import { makePrefixTable, type PrefixValue } from './prefix-table.ts';

/** An operator's correction. It always wins over the data, for special addresses too. */
export interface RegionOverride {
  /** A network (`203.0.113.0/24`, `2001:db8::/32`) or one address. */
  readonly cidr: string;
  readonly region: RegionCode;
}

export interface OverrideTable {
  readonly count: number;
  /** The answers of the longest network that holds the address; null when none does. */
  find(family: 4 | 6, address: AddressWords): AnswerSet | null;
}

export const OVERRIDE_SOURCE = 'override';
export const MAX_OVERRIDES = 10_000;

/**
 * Checks a list of corrections and makes it fast. Their data version is a digest of the list, so that a stored
 * badge tells which list it was made with.
 * @param where  the list's place for error messages, such as `regions.overrides`
 * @throws ShudiError region.override, naming the entry
 */
export function makeOverrides(list: readonly RegionOverride[], where = 'overrides'): OverrideTable {
  if (list.length > MAX_OVERRIDES) {
    throw new ShudiError('region.override', `There are more than ${MAX_OVERRIDES} overrides.`, where);
  }
  const version = createHash('sha256')
    .update(JSON.stringify(list.map(({ cidr, region }) => [cidr, region])))
    .digest('hex')
    .slice(0, 12);
  const sets = new Map<RegionCode, number>();
  const answers: AnswerSet[] = [];
  const seen = new Set<string>();
  const entries = list.map((override, index): PrefixValue => {
    const place = `${where}[${index}]`;
    const prefix = parseCidr(override.cidr);
    if (prefix === null) throw new ShudiError('region.override', 'The cidr is not a network address.', place);
    const name = `${prefix.family} ${prefix.first} ${prefix.length}`;
    if (seen.has(name)) throw new ShudiError('region.override', 'The same network is named twice.', place);
    seen.add(name);
    const code = normalRegion(override.region);
    if (!isRegionCode(code))
      throw new ShudiError('region.override', 'The region is not a known code.', place);
    let value = sets.get(code);
    if (value === undefined) {
      const own = answer(code, OVERRIDE_SOURCE, version, null);
      value = answers.push(new AnswerSet(own, own)) - 1;
      sets.set(code, value);
    }
    return { prefix, value };
  });
  const table = makePrefixTable(entries);
  return {
    count: list.length,
    find: (family, address) => answers[table.find(family, address)] ?? null,
  };
}
