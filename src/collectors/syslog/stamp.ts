import { DAY_MS } from '../../model/time.ts';

/** A time as it stands at the beginning of a text. */
export interface Stamp {
  /** Ms since the epoch; null for a time that does not exist. */
  readonly timeMs: number | null;
  /** Characters that it takes. */
  readonly length: number;
}

interface Fields {
  /** Null when the stamp has none. */
  readonly year: number | null;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly ms: number;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const CLOCK = '(\\d{2}):(\\d{2}):(\\d{2})(?:[.,](\\d{1,9}))?';
const ZONE = '(Z|[+-]\\d{2}:?\\d{2}| UTC| GMT)?(?=[\\s:]|$)';
/** RFC 3339, 5.6: `2026-11-26T09:30:00.5+08:00`. */
const ISO = new RegExp(`^(\\d{4})-(\\d{2})-(\\d{2})[Tt ]${CLOCK}${ZONE}`);
/** Huawei and IOS XR: `2026 Nov 26 09:30:00`. */
const YEAR_FIRST = new RegExp(`^(\\d{4}) ([A-Za-z]{3}) {1,2}(\\d{1,2}) ${CLOCK}${ZONE}`);
/** RFC 3164, 4.1.2: `Nov 26 09:30:00`, with a year as Cisco writes it, and with its `*`, `.` or `:` before it. */
const MONTH_FIRST = new RegExp(`^[*.:]{0,2}([A-Za-z]{3}) {1,2}(\\d{1,2})(?: (\\d{4}))? ${CLOCK}${ZONE}`);

/**
 * Which year a stamp without one is of: the one `nearest` to the receipt, or, of a line in a file that was last written
 * at the receipt, the last that lies `before`.
 */
export type YearRule = 'nearest' | 'before';

/** What a stamp leaves open. */
export interface StampContext {
  readonly receivedMs: number;
  /** Minutes east of UTC, for a stamp that names no zone. */
  readonly zoneMinutes: number;
  readonly years: YearRule;
}

/** Reads a stamp at the beginning of the text; null when there is none. */
export function readStamp(text: string, context: StampContext): Stamp | null {
  const iso = ISO.exec(text);
  if (iso !== null) return stampOf(iso, [iso[1], iso[2], iso[3]], context);
  const yearFirst = YEAR_FIRST.exec(text);
  if (yearFirst !== null)
    return stampOf(yearFirst, [yearFirst[1], monthOf(yearFirst[2]), yearFirst[3]], context);
  const monthFirst = MONTH_FIRST.exec(text);
  if (monthFirst === null) return null;
  return stampOf(monthFirst, [monthFirst[3], monthOf(monthFirst[1]), monthFirst[2]], context);
}

/** '' when it is no month: then the text is no stamp. */
function monthOf(name = ''): string {
  const index = MONTHS.indexOf(name.toLowerCase());
  return index === -1 ? '' : String(index + 1);
}

function stampOf(
  match: RegExpExecArray,
  [year, month = '', day = '']: readonly (string | undefined)[],
  context: StampContext,
): Stamp | null {
  if (month === '') return null;
  const [hour, minute, second, fraction = '', zone] = match.slice(4);
  const offset = zone === undefined ? context.zoneMinutes : offsetOf(zone);
  const fields: Fields = {
    year: year === undefined ? null : Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    ms: Number(fraction.slice(0, 3).padEnd(3, '0')),
  };
  return {
    timeMs: offset === null ? null : timeOf(fields, context, offset),
    length: match[0].length,
  };
}

/** Minutes east of UTC; null when there is no such offset. */
function offsetOf(zone: string): number | null {
  if (!/^[+-]/.test(zone)) return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(-2))];
  if (hours > 23 || minutes > 59) return null;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

function timeOf(fields: Fields, { receivedMs, years }: StampContext, offset: number): number | null {
  if (fields.year !== null) return civilTime({ ...fields, year: fields.year }, offset);
  if (years === 'before') return lastTimeBefore(fields, receivedMs + DAY_MS, offset);
  const year = nearestYear(fields, receivedMs, offset);
  return civilTime({ ...fields, year }, offset);
}

/** Leap years are at most so many years apart. */
const LEAP_GAP = 8;

/** The last time before `latestMs` that the stamp may stand for: a 29 February is one of a leap year. */
function lastTimeBefore(fields: Fields, latestMs: number, offset: number): number | null {
  const here = new Date(latestMs + offset * 60_000).getUTCFullYear();
  for (let year = here; year >= here - LEAP_GAP; year -= 1) {
    const time = civilTime({ ...fields, year }, offset);
    if (time !== null && time <= latestMs) return time;
  }
  return null;
}

/**
 * The year that brings the stamp nearest to the receipt. The day need not exist in it: a 29 February that comes in
 * March 2027 is a wrong clock, and not one of 2028.
 */
function nearestYear(fields: Fields, receivedMs: number, offset: number): number {
  const here = new Date(receivedMs + offset * 60_000).getUTCFullYear();
  const far = (year: number): number => Math.abs(utcOf({ ...fields, year }) - offset * 60_000 - receivedMs);
  return [here - 1, here + 1].reduce((best, year) => (far(year) < far(best) ? year : best), here);
}

const utcOf = (at: Fields & { readonly year: number }): number =>
  Date.UTC(at.year, at.month - 1, at.day, at.hour, at.minute, at.second, at.ms);

/** Ms since the epoch of a local time so many minutes east of UTC; null when there is no such time, or before 1970. */
export function civilTime(at: Fields & { readonly year: number }, offset: number): number | null {
  const utc = utcOf(at);
  const check = new Date(utc);
  const real =
    at.year >= 1970 &&
    check.getUTCMonth() === at.month - 1 &&
    check.getUTCDate() === at.day &&
    at.hour < 24 &&
    at.minute < 60 &&
    at.second < 60;
  return real ? utc - offset * 60_000 : null;
}
