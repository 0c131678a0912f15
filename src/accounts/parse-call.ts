import { canonicalAccount, type AccountId, type Site } from '../model/accounts.ts';
import { canonicalAddress, type IpAddress } from '../model/address.ts';
import { ShudiError } from '../model/errors.ts';
import type { RegionAnswer, RegionReason } from '../model/region.ts';
import type { Millis } from '../model/time.ts';

/** The parts of a worker's calls. A worker reads what strangers send, so the main process believes nothing that it says. */

const SITE = /^[a-z0-9-]{1,100}$/;

/** Longer than any request head that a gateway takes, characters. */
const LONGEST_COOKIE = 65_536;

/** Of a region's code, source or version of data, characters. */
const LONGEST_WORD = 64;

/** The last moment that a Date can hold (ECMA-262, 21.4.1.1). */
const LAST_TIME = 8.64e15;

/** A hundred years: a longer period would be months without end. */
const LONGEST_PERIOD = 100 * 366 * 86_400_000;

const REASONS: ReadonlySet<unknown> = new Set<RegionReason>([
  'special-address',
  'no-data',
  'no-province-data',
  'no-v6-province-data',
  'embedded-v4',
]);

/** @throws ShudiError internal.fault, as all here do */
export function partsOf(argument: unknown, count: number): readonly unknown[] {
  if (!Array.isArray(argument) || argument.length !== count) throw malformed();
  return argument;
}

export function siteOf(value: unknown): Site {
  if (typeof value !== 'string' || !SITE.test(value)) throw malformed();
  return value as Site;
}

export function accountOf(value: unknown): AccountId {
  const account = typeof value === 'string' ? canonicalAccount(value) : null;
  if (account === null) throw malformed();
  return account;
}

export function cookieOf(value: unknown): string {
  if (typeof value !== 'string' || value.length > LONGEST_COOKIE) throw malformed();
  return value;
}

export function timeOf(value: unknown): Millis {
  if (!Number.isInteger(value) || Math.abs(Number(value)) > LAST_TIME) throw malformed();
  return value as Millis;
}

export function periodOf(from: unknown, to: unknown): readonly [from: Millis, to: Millis] {
  const period = [timeOf(from), timeOf(to)] as const;
  if (period[1] - period[0] > LONGEST_PERIOD) throw malformed();
  return period;
}

export function addressOf(value: unknown): IpAddress {
  const address = typeof value === 'string' ? canonicalAddress(value) : null;
  if (address === null) throw malformed();
  return address;
}

export function regionOf(value: unknown): RegionAnswer {
  if (typeof value !== 'object' || value === null) throw malformed();
  const { code, source, dataVersion, reason }: { [name: string]: unknown } = { ...value };
  if (reason !== null && !isReason(reason)) throw malformed();
  return { code: wordOf(code), source: wordOf(source), dataVersion: wordOf(dataVersion), reason };
}

function isReason(value: unknown): value is RegionReason {
  return REASONS.has(value);
}

function wordOf(value: unknown): string {
  if (typeof value !== 'string' || value.length > LONGEST_WORD || !value.isWellFormed()) throw malformed();
  return value;
}

function malformed(): ShudiError {
  return new ShudiError('internal.fault', 'A call of a worker is malformed.');
}
