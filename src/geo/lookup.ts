import { canonicalAddress } from '../model/address.ts';
import { ShudiError } from '../model/errors.ts';
import { regionLabel, type RegionLookup, type RegionReason } from '../model/region.ts';

/** One line of `shudi geo lookup`. */
export interface RegionLine {
  readonly address: string;
  readonly code: string;
  readonly zh: string;
  readonly en: string;
  readonly source: string;
  readonly dataVersion: string;
  readonly reason: RegionReason | null;
}

/**
 * Looks up what a person typed.
 * @throws ShudiError address.invalid, naming the argument by its number (from 1)
 */
export function lookupLines(regions: RegionLookup, addresses: readonly string[]): RegionLine[] {
  return addresses.map((text, index) => {
    const address = canonicalAddress(text);
    if (address === null)
      throw new ShudiError('address.invalid', 'This is not an IP address.', `argument ${index + 1}`);
    const { code, source, dataVersion, reason } = regions.lookup(address);
    return {
      address,
      code,
      zh: regionLabel(code, 'zh'),
      en: regionLabel(code, 'en'),
      source,
      dataVersion,
      reason,
    };
  });
}
