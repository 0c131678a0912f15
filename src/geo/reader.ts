import type { IpAddress } from '../model/address.ts';
import type { RegionAnswer, RegionLookup } from '../model/region.ts';
import type { Millis } from '../model/time.ts';
import { type AddressWords, readAddress, v4Text } from './address-words.ts';
import { type AnswerSet, NO_DATA, SPECIAL } from './answers.ts';
import type { RegionData } from './load.ts';
import { makeOverrides, type RegionOverride } from './overrides.ts';
import { SPECIAL_ADDRESSES } from './special.ts';
import { type CandidateOptions, loadCandidate } from './update.ts';

export interface RegionStoreOptions extends CandidateOptions {
  readonly overrides?: readonly RegionOverride[];
}

/** Regions in memory. `lookup` answers from whatever file was swapped in last. */
export interface RegionStore extends RegionLookup {
  /** The file in use, with its sources, their versions and dates. */
  readonly data: RegionData;
  /** Lookups that failed inside and were answered `no-data`; anything but 0 is a defect. */
  readonly failures: number;
  /** Puts a checked file (see `loadCandidate`) in the place of the current one, at once. */
  swap(data: RegionData): void;
  /** @throws ShudiError region.override; the previous list then stays */
  setOverrides(list: readonly RegionOverride[]): void;
  /** Days, with fractions, since the oldest of the file's sources was compiled: what to show and to alarm on. */
  ageDays(now: Millis): number;
  /** The same for each source, by its name. */
  sourceAges(now: Millis): Readonly<Record<string, number>>;
}

const DAY_MS = 86_400_000;
/** 64:ff9b::/96, the well-known prefix of NAT64 (RFC 6052). */
const NAT64_WORD = 0x0064_ff9b;
/** 2002::/16, 6to4 (RFC 3056). */
const SIX_TO_FOUR = 0x2002;

/**
 * Opens a region file that `shudi geo build` made. It must pass the checks that an update must pass, but for
 * the comparison with a previous file.
 * @throws ShudiError region.missing | region.damaged | region.schema | region.sentinel | region.override
 */
export async function openRegions(path: string, options: RegionStoreOptions = {}): Promise<RegionStore> {
  return makeRegionStore(await loadCandidate(path, null, options), options.overrides ?? []);
}

/** @throws ShudiError region.override */
export function makeRegionStore(first: RegionData, list: readonly RegionOverride[] = []): RegionStore {
  const words: AddressWords = new Uint32Array(4);
  let data = first;
  let overrides = makeOverrides(list);
  let failures = 0;

  const v4Set = (text: string): AnswerSet =>
    overrides.find(4, words) ??
    (SPECIAL_ADDRESSES.find(4, words) === -1 ? (data.find(text) ?? data.nothing) : SPECIAL);

  const lookupV6 = (address: string): RegionAnswer => {
    const own = overrides.find(6, words);
    if (own !== null) return own.v6;
    const embedded = embeddedV4(words);
    if (embedded !== null) {
      words[3] = embedded;
      return v4Set(v4Text(embedded)).embedded;
    }
    if (SPECIAL_ADDRESSES.find(6, words) !== -1) return SPECIAL.v6;
    // An IPv4-only file answers an IPv6 address with some IPv4 address's record.
    if (data.ipVersion === 4) return data.nothing.v6;
    const zone = address.indexOf('%');
    return (data.find(zone === -1 ? address : address.slice(0, zone)) ?? data.nothing).v6;
  };

  const lookupAny = (address: string): RegionAnswer => {
    const family = readAddress(address, words);
    if (family === 0) return NO_DATA.v4;
    if (family === 6) return lookupV6(address);
    return v4Set(address.includes(':') ? v4Text(words[3] ?? 0) : address).v4;
  };

  const sourceAges = (now: Millis): Record<string, number> =>
    Object.fromEntries(data.sources.map((source) => [source.name, (now - source.date * 1000) / DAY_MS]));

  return {
    get data() {
      return data;
    },
    get failures() {
      return failures;
    },
    lookup(address: IpAddress) {
      try {
        return lookupAny(address);
      } catch {
        failures++;
        return NO_DATA.v4;
      }
    },
    swap(next) {
      data = next;
    },
    setOverrides(next) {
      overrides = makeOverrides(next);
    },
    ageDays: (now) => Math.max(...Object.values(sourceAges(now))),
    sourceAges,
  };
}

/** The IPv4 address inside a NAT64 or 6to4 address; null for any other. */
function embeddedV4(words: AddressWords): number | null {
  // By index: destructuring would run the array's iterator at every lookup.
  const first = words[0] ?? 0;
  if (first === NAT64_WORD && words[1] === 0 && words[2] === 0) return words[3] ?? 0;
  if (first >>> 16 === SIX_TO_FOUR) return (((first & 0xffff) << 16) | ((words[1] ?? 0) >>> 16)) >>> 0;
  return null;
}
