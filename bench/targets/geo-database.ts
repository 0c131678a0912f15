import { fileURLToPath } from 'node:url';
import { open } from 'maxmind';

/** A database for nginx's geoip2 look-up, and the path of the code in its records. */
export interface GeoDatabase {
  readonly file: string;
  readonly field: string;
}

const FILE = fileURLToPath(new URL('../../geo-data/region.mmdb', import.meta.url));

const FIELDS = ['region', 'code', 'country_code'];
const KNOWN_ADDRESS = '223.5.5.5';

/** Our own regions, which the bench builds when they are not there. */
export async function geoDatabase(): Promise<GeoDatabase> {
  const record: unknown = (await open(FILE)).get(KNOWN_ADDRESS);
  const fields = typeof record === 'object' && record !== null ? Object.entries(record) : [];
  const found = fields.find(([name, value]) => FIELDS.includes(name) && typeof value === 'string');
  if (found === undefined) throw new Error(`${FILE}: no code in the record ${JSON.stringify(record)}`);
  return { file: FILE, field: found[0] };
}
