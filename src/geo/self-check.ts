import { ShudiError } from '../model/errors.ts';
import type { RegionCode } from '../model/region.ts';
import { v4Text } from './address-words.ts';
import type { RegionData } from './load.ts';
import type { MergedRegions } from './merge.ts';

/** Addresses whose region is beyond doubt: data that get them wrong are wrong altogether. */
export const SENTINELS: readonly (readonly [address: string, region: RegionCode])[] = Object.freeze([
  ['113.66.1.1', 'CN-GD'],
  ['223.5.5.5', 'CN-ZJ'],
  ['203.80.96.10', 'CN-HK'],
  ['8.8.8.8', 'US'],
]);

/** About so many ranges of each family are read back after a build. */
const SAMPLES = 20_000;

/** @throws ShudiError region.sentinel */
export function checkSentinels(data: RegionData, sentinels: typeof SENTINELS = SENTINELS): void {
  for (const [address, region] of sentinels) {
    const found = data.find(address)?.v4.code ?? 'nothing';
    if (found !== region) {
      throw new ShudiError('region.sentinel', `A known address of ${region} answers ${found}.`, data.path);
    }
  }
}

/**
 * Compares a built file with what went in: the sentinels, and both ends of evenly spread ranges.
 * @throws ShudiError region.sentinel | region.damaged
 */
export function checkBuilt(data: RegionData, merged: MergedRegions): void {
  checkSentinels(data);
  const stepV4 = Math.max(1, Math.floor(merged.v4.length / SAMPLES));
  for (let index = 0; index < merged.v4.length; index += stepV4) {
    const range = merged.v4[index];
    if (range === undefined) break;
    for (const address of [range.first, range.last]) {
      if (data.find(v4Text(address))?.v4.code !== range.code) throw differs(data.path);
    }
  }
  const stepV6 = Math.max(1, Math.floor(merged.v6.length / SAMPLES));
  for (let index = 0; index < merged.v6.length; index += stepV6) {
    const entry = merged.v6[index];
    if (entry !== undefined && data.find(v6Text(entry.key))?.v6.code !== entry.code) throw differs(data.path);
  }
}

function differs(path: string): ShudiError {
  return new ShudiError('region.damaged', 'The built file does not answer as its sources do.', path);
}

function v6Text(key: Uint8Array): string {
  const hex = Buffer.from(key).toString('hex');
  return (hex.match(/.{4}/g) ?? []).join(':');
}
