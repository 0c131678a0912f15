import type { Branded } from './brand.ts';
import { ShudiError } from './errors.ts';

/** Milliseconds since the Unix epoch, UTC (R4). */
export type Millis = Branded<number, 'Millis'>;

/** The source of now; tests inject their own. */
export type Clock = () => Millis;

export const systemClock: Clock = () => Date.now() as Millis;

const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})?$/;

/**
 * Parses RFC 3339. A time without an offset is refused: a wrong zone has sent the police to the wrong door (R4).
 * @throws ShudiError time.no-offset | time.invalid
 */
export function parseTime(text: string, where: string): Millis {
  const match = RFC3339.exec(text);
  if (match === null) throw new ShudiError('time.invalid', 'This is not an RFC 3339 time.', where);
  if (match[8] === undefined) throw new ShudiError('time.no-offset', 'This time has no UTC offset.', where);
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const millis = Math.floor(Number(`0${match[7] ?? ''}`) * 1000);
  const utc = Date.UTC(year, month - 1, day, hour, minute, second, millis);
  const check = new Date(utc);
  const real =
    check.getUTCMonth() === month - 1 &&
    check.getUTCDate() === day &&
    hour < 24 &&
    minute < 60 &&
    second < 60;
  const offset = /^[zZ]$/.test(match[8]) ? 0 : offsetMinutes(match[8]);
  if (!real || offset === null) throw new ShudiError('time.invalid', 'No such time exists.', where);
  return (utc - offset * 60_000) as Millis;
}

function offsetMinutes(text: string): number | null {
  const hours = Number(text.slice(1, 3));
  const minutes = Number(text.slice(4, 6));
  if (hours > 23 || minutes > 59) return null;
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

/** RFC 3339 in UTC with milliseconds. */
export function formatTime(time: Millis): string {
  return new Date(time).toISOString();
}

/**
 * The largest error of a clock that is worked with, ms. A question looks this far around its time, so a larger error
 * would hide candidates: a configuration beyond it is refused, a measurement beyond it counts as none.
 */
export const MAX_CLOCK_ERROR_MS = 60_000;

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of `250ms`, `2s`, `5m`, `1h`, `7d`; null when it is none of these. */
export function durationMillis(text: string): number | null {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  if (match === null) return null;
  return Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
}

/** A UTC day as `2026-11-22`, the name of a partition. */
export type Day = Branded<string, 'Day'>;

export function dayOf(time: Millis): Day {
  return new Date(time).toISOString().slice(0, 10) as Day;
}

export function dayStart(day: Day): Millis {
  return Date.parse(`${day}T00:00:00.000Z`) as Millis;
}

export const DAY_MS = 86_400_000;

/** The calendar month of subjects, UTC, as year * 100 + month: 202611. */
export function monthOf(time: Millis): number {
  const date = new Date(time);
  return date.getUTCFullYear() * 100 + date.getUTCMonth() + 1;
}

/** The months (see monthOf) that a period touches, in order. */
export function monthsOf(from: Millis, to: Millis): number[] {
  const months: number[] = [];
  for (
    let at = monthStart(from);
    at <= to;
    at = Date.UTC(new Date(at).getUTCFullYear(), new Date(at).getUTCMonth() + 1, 1) as Millis
  )
    months.push(monthOf(at));
  return months;
}

/** The first moment of a time's calendar month, UTC. */
export function monthStart(time: Millis): Millis {
  const date = new Date(time);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) as Millis;
}

/** [from, to], both ends included; `to` null while it lasts. */
export interface Interval {
  readonly from: Millis;
  readonly to: Millis | null;
}

export function overlaps(interval: Interval, from: Millis, to: Millis): boolean {
  return interval.from <= to && (interval.to === null || interval.to >= from);
}
