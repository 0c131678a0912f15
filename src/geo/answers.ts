import {
  isMainlandProvince,
  type RegionAnswer,
  type RegionCode,
  type RegionReason,
  UNKNOWN_REGION,
} from '../model/region.ts';
import type { RegionRecord } from './region-file.ts';
import type { SourceInfo } from './sources.ts';

/** All answers that one record can give, made once: a lookup hands them out and allocates nothing. */
export class AnswerSet {
  /** For an IPv4 address. */
  readonly v4: RegionAnswer;
  /** For an IPv6 address. */
  readonly v6: RegionAnswer;
  /** For an IPv6 address that embeds an IPv4 address of this region. */
  readonly embedded: RegionAnswer;

  constructor(v4: RegionAnswer, v6: RegionAnswer) {
    this.v4 = v4;
    this.v6 = v6;
    this.embedded =
      v4.code === UNKNOWN_REGION ? v4 : answer(v4.code, v4.source, v4.dataVersion, 'embedded-v4');
    Object.freeze(this);
  }
}

export function answer(
  code: RegionCode,
  source: string,
  dataVersion: string,
  reason: RegionReason | null,
): RegionAnswer {
  return Object.freeze({ code, source, dataVersion, reason });
}

function nowhere(source: string, reason: RegionReason): AnswerSet {
  const same = answer(UNKNOWN_REGION, source, '', reason);
  return new AnswerSet(same, same);
}

/** The text is no address. */
export const NO_DATA = nowhere('none', 'no-data');
/** Private, loopback, documentation and such: nowhere. */
export const SPECIAL = nowhere('iana-special-purpose', 'special-address');

/** The answers for an address that the data, led by this source, do not know. */
export function unknownTo(source: SourceInfo | undefined): AnswerSet {
  return source === undefined ? NO_DATA : makeAnswers({ region: UNKNOWN_REGION, source });
}

/** Turns a record of the region file into answers. IPv6 gets no mainland province, even from a file that has one. */
export function makeAnswers(record: RegionRecord): AnswerSet {
  const { region, source } = record;
  const version = `${source.version} (${new Date(source.date * 1000).toISOString().slice(0, 10)})`;
  const make = (code: RegionCode, reason: RegionReason | null): RegionAnswer =>
    answer(code, source.name, version, reason);
  if (region === 'CN')
    return new AnswerSet(make('CN', 'no-province-data'), make('CN', 'no-v6-province-data'));
  const plain = make(region, region === UNKNOWN_REGION ? 'no-data' : null);
  return new AnswerSet(plain, isMainlandProvince(region) ? make('CN', 'no-v6-province-data') : plain);
}
