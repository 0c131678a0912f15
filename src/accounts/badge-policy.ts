import type { BadgePolicy } from '../model/accounts.ts';
import { MAINLAND_PROVINCES } from '../model/provinces.ts';
import type { RegionAnswer, RegionCode } from '../model/region.ts';
import type { BadgeRow } from './badge-rows.ts';

/**
 * How much later the day of the last province must be before it is written again. Kept coarse: not every act of an
 * account should cost a write, and the vault should not be a diary.
 */
export const DAY_STEP = 7;

/** The source of a badge that shows an account's last province instead of the answer. */
export const LAST_PROVINCE_SOURCE = 'last-province';

const PROVINCE_CODES: ReadonlySet<RegionCode> = new Set(MAINLAND_PROVINCES.map(({ iso }) => `CN-${iso}`));

/**
 * The badge after an act.
 * @param policy  null shows every answer as it is, and remembers nothing beside it
 * @param day  of the act, days since the Unix epoch
 */
export function badgeAfter(
  previous: BadgeRow | null,
  answer: RegionAnswer,
  isV4: boolean,
  day: number,
  policy: BadgePolicy | null,
): BadgeRow {
  const { source, dataVersion } = answer;
  if (policy === null) return { code: answer.code, source, dataVersion, lastProvince: null, lastDay: null };
  const code = policy(previous, answer, isV4, day);
  const shown = { code, source: code === answer.code ? source : LAST_PROVINCE_SOURCE, dataVersion };
  return { ...shown, ...memoryAfter(previous, answer.code, isV4, day) };
}

function memoryAfter(
  previous: BadgeRow | null,
  code: RegionCode,
  isV4: boolean,
  day: number,
): Pick<BadgeRow, 'lastProvince' | 'lastDay'> {
  const kept = { lastProvince: previous?.lastProvince ?? null, lastDay: previous?.lastDay ?? null };
  if (!isV4 || !PROVINCE_CODES.has(code)) return kept;
  const fresh = kept.lastProvince === code && kept.lastDay !== null && day - kept.lastDay < DAY_STEP;
  return fresh ? kept : { lastProvince: code, lastDay: day };
}
