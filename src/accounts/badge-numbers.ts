import type { Badge } from '../model/accounts.ts';
import { ShudiError } from '../model/errors.ts';
import { badgeKey, type BadgeRow } from './badge-rows.ts';

/** There are far fewer different badges than accounts: equal ones have one number. */
export interface BadgeNumbers {
  /** @throws ShudiError vault.unavailable when a new one is too many */
  of(row: BadgeRow): number;
  /** The same for what is stored already, without a bound. */
  ofStored(row: BadgeRow): number;
  row(number: number): BadgeRow;
  /** The place in `shown` of what a row shows. */
  placeOf(number: number): number;
  /** What is shown, without what a policy remembers beside it; only ever longer. */
  readonly shown: readonly Badge[];
}

/**
 * Some hundred regions by some versions of the data, and with a policy by the days of some years. More can only be a
 * gateway worker in wrong hands.
 */
const MOST_ROWS = 1 << 20;

export function createBadgeNumbers(mostRows = MOST_ROWS): BadgeNumbers {
  const rows: BadgeRow[] = [];
  const places: number[] = [];
  const shown: Badge[] = [];
  const numberByKey = new Map<string, number>();
  const placeByKey = new Map<string, number>();

  const placeFor = ({ code, source, dataVersion }: BadgeRow): number => {
    const key = JSON.stringify([code, source, dataVersion]);
    const known = placeByKey.get(key);
    if (known !== undefined) return known;
    const place = shown.push(Object.freeze({ code, source, dataVersion })) - 1;
    placeByKey.set(key, place);
    return place;
  };
  const numberOf = (row: BadgeRow, most: number): number => {
    const key = badgeKey(row);
    const known = numberByKey.get(key);
    if (known !== undefined) return known;
    if (rows.length >= most)
      throw new ShudiError('vault.unavailable', 'There are too many different badges.');
    const number = rows.push(row) - 1;
    places.push(placeFor(row));
    numberByKey.set(key, number);
    return number;
  };
  const at = <T>(list: readonly T[], number: number): T => {
    const found = list[number];
    if (found === undefined) throw new RangeError('no such badge');
    return found;
  };

  return {
    of: (row) => numberOf(row, mostRows),
    ofStored: (row) => numberOf(row, Infinity),
    row: (number) => at(rows, number),
    placeOf: (number) => at(places, number),
    shown,
  };
}
