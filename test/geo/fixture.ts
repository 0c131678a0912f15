import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cidr, type Prefix } from '../../src/geo/prefix.ts';
import { makeMmdbWriter } from '../../src/geo/mmdb-write.ts';
import { aboutValue, DATABASE_TYPE, recordValue, sealRegionFile } from '../../src/geo/region-file.ts';
import type { SourceInfo } from '../../src/geo/sources.ts';

export interface FixtureEntry {
  readonly network: string;
  readonly region: string;
  /** Index into FIXTURE_SOURCES. */
  readonly source: number;
}

export const FIXTURE_SOURCES: readonly SourceInfo[] = [
  {
    name: 'geo-whois-asn-country',
    version: 'fixture',
    date: 1_781_725_900,
    licence: 'none',
    credit: 'made up',
  },
  { name: 'ip2region', version: 'fixture', date: 1_709_087_558, licence: 'none', credit: 'made up' },
];

/** A handful of real-looking networks, the sentinels among them; Guangdong holds a longer prefix of Hunan. */
export const FIXTURE_ENTRIES: readonly FixtureEntry[] = [
  { network: '113.64.0.0/11', region: 'CN-GD', source: 1 },
  { network: '113.72.5.0/25', region: 'CN-HN', source: 1 },
  { network: '223.4.0.0/14', region: 'CN', source: 0 },
  { network: '223.5.5.0/24', region: 'CN-ZJ', source: 1 },
  { network: '36.112.0.0/16', region: 'CN-BJ', source: 1 },
  { network: '203.80.96.0/24', region: 'CN-HK', source: 0 },
  { network: '60.246.0.0/16', region: 'CN-MO', source: 0 },
  { network: '1.160.0.0/12', region: 'CN-TW', source: 0 },
  { network: '8.8.8.0/24', region: 'US', source: 0 },
  { network: '133.0.0.0/8', region: 'JP', source: 0 },
  { network: '10.0.0.0/8', region: 'DE', source: 0 },
  { network: '240e::/20', region: 'CN', source: 0 },
  { network: '2001:da8::/32', region: 'CN', source: 0 },
  { network: '2405:9000::/32', region: 'CN-GD', source: 1 },
  { network: '2001:4860::/32', region: 'US', source: 0 },
  { network: '2402:9e80::/32', region: 'CN-HK', source: 0 },
  { network: 'fd00::/8', region: 'DE', source: 0 },
];

export interface FixtureOptions {
  readonly entries?: readonly FixtureEntry[];
  readonly ipVersion?: 4 | 6;
  readonly databaseType?: string;
  /** Unix seconds. */
  readonly buildEpoch?: number;
}

/** A small region file, made by the same writer as the real one. */
export function fixtureBytes(options: FixtureOptions = {}): Buffer {
  const writer = makeMmdbWriter({ ipVersion: options.ipVersion ?? 6 });
  for (const { network, region, source } of options.entries ?? FIXTURE_ENTRIES) {
    const prefix = cidr(network);
    if (prefix.family === 6 && options.ipVersion === 4) continue;
    writer.insert(...trieKey(prefix), recordValue(region, source));
  }
  const file = writer.finish({
    databaseType: options.databaseType ?? DATABASE_TYPE,
    description: 'Made-up regions for tests.',
    buildEpoch: options.buildEpoch ?? 1_781_725_900,
    extra: aboutValue(FIXTURE_SOURCES, { entries: FIXTURE_ENTRIES.length }),
  });
  return sealRegionFile(file);
}

/** Writes the small region file into a directory. @returns its path, for `openRegions` or a configuration */
export function buildFixture(directory: string, options: FixtureOptions = {}): string {
  const path = join(directory, 'region.mmdb');
  writeFileSync(path, fixtureBytes(options));
  return path;
}

/** A network as the writer wants it: 16 bytes, and IPv4 counted from 96. */
export function trieKey(prefix: Prefix): [key: Uint8Array, length: number] {
  const hex = prefix.first.toString(16).padStart(32, '0');
  return [Buffer.from(hex, 'hex'), prefix.family === 4 ? prefix.length + 96 : prefix.length];
}

/** An address number in text: dotted for IPv4, eight groups for IPv6. */
export function addressText(family: 4 | 6, value: bigint): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  return [7n, 6n, 5n, 4n, 3n, 2n, 1n, 0n]
    .map((group) => ((value >> (group * 16n)) & 0xffffn).toString(16))
    .join(':');
}
