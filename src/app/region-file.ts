import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the data packages are installed and the region file is put: beside the program, wherever that is. */
export const GEO_DATA = fileURLToPath(new URL('../../geo-data', import.meta.url));
export const REGION_FILE = join(GEO_DATA, 'region.mmdb');
