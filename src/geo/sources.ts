import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ShudiError } from '../model/errors.ts';
import { MmdbFault } from './mmdb-decode.ts';
import { type MmdbFile, openMmdb } from './mmdb-read.ts';
import { openXdb, XdbFault, type XdbFile } from './xdb.ts';

/** A data set that regions come from; the name is what `RegionAnswer.source` says. */
export interface SourceInfo {
  readonly name: string;
  /** The npm package's version. */
  readonly version: string;
  /** When the data itself was compiled, Unix seconds (not when it was packed). */
  readonly date: number;
  readonly licence: string;
  readonly credit: string;
}

export interface RegionSources {
  readonly country: MmdbFile;
  readonly countryInfo: SourceInfo;
  readonly province: XdbFile;
  readonly provinceInfo: SourceInfo;
}

export const COUNTRY_SOURCE = 'geo-whois-asn-country';
export const PROVINCE_SOURCE = 'ip2region';
const COUNTRY_PACKAGE = '@ip-location-db/geo-whois-asn-country-mmdb';
const PROVINCE_PACKAGE = 'ip2region-ts';

/**
 * Opens the two pinned data packages.
 * @param dataDirectory  the directory whose node_modules holds them (geo-data)
 * @throws ShudiError region.source
 */
export function openSources(dataDirectory: string): RegionSources {
  const packages = join(dataDirectory, 'node_modules');
  const country = opened(join(packages, COUNTRY_PACKAGE, 'geo-whois-asn-country.mmdb'), openMmdb);
  const province = opened(join(packages, PROVINCE_PACKAGE, 'data/ip2region.xdb'), openXdb);
  return {
    country,
    province,
    countryInfo: {
      name: COUNTRY_SOURCE,
      version: packageVersion(join(packages, COUNTRY_PACKAGE)),
      date: country.buildEpoch,
      licence: 'CC0-1.0; NRO statistics CC BY 4.0',
      credit: 'ip-location-db; statistics by the Number Resource Organization, nro.net',
    },
    provinceInfo: {
      name: PROVINCE_SOURCE,
      version: packageVersion(join(packages, PROVINCE_PACKAGE)),
      date: province.created,
      licence: 'Apache-2.0 or MIT (ip2region); MIT (ip2region-ts)',
      credit: 'ip2region, lionsoul2014 and contributors',
    },
  };
}

/** Turns what goes wrong while source data are read into an error that names the file. */
export function sourceError(error: unknown, where: string): ShudiError {
  const known = error instanceof MmdbFault || error instanceof XdbFault;
  return new ShudiError(
    'region.source',
    known ? sentence(error.message) : 'The file cannot be read.',
    where,
    error,
  );
}

function opened<T>(path: string, open: (file: Buffer) => T): T {
  try {
    return open(readFileSync(path));
  } catch (error) {
    throw sourceError(error, path);
  }
}

function packageVersion(directory: string): string {
  const path = join(directory, 'package.json');
  try {
    const manifest: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (
      typeof manifest === 'object' &&
      manifest !== null &&
      'version' in manifest &&
      typeof manifest.version === 'string'
    ) {
      return manifest.version;
    }
  } catch (error) {
    throw sourceError(error, path);
  }
  throw new ShudiError('region.source', 'The package does not tell its version.', path);
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
