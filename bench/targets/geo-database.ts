import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { open } from 'maxmind';

/** A database for nginx's geoip2 look-up, and the path of the code in its records. */
export interface GeoDatabase {
  readonly file: string;
  readonly field: string;
}

const FILES = [
  'geo-data/region.mmdb',
  'geo-data/node_modules/@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb',
].map((file) => fileURLToPath(new URL(`../../${file}`, import.meta.url)));

const FIELDS = ['region', 'code', 'country_code'];
const KNOWN_ADDRESS = '223.5.5.5';

/** Our own built regions, or else the country data that they are built from. */
export async function geoDatabase(): Promise<GeoDatabase> {
  const file = FILES.find((candidate) => existsSync(candidate));
  if (file === undefined) throw new Error(`none of ${FILES.join(', ')} is there`);
  const record: unknown = (await open(file)).get(KNOWN_ADDRESS);
  const fields = typeof record === 'object' && record !== null ? Object.entries(record) : [];
  const found = fields.find(([name, value]) => FIELDS.includes(name) && typeof value === 'string');
  if (found === undefined) throw new Error(`${file}: no code in the record ${JSON.stringify(record)}`);
  return { file, field: found[0] };
}
