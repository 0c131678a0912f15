// Writes geo-data/fixture.mmdb, the small made-up region file: `node test/geo/write-fixture.ts`.
// A test fails when the file is not the one that fixture.ts makes.
import { writeFileSync } from 'node:fs';
import { fixtureBytes } from './fixture.ts';

writeFileSync(new URL('../../geo-data/fixture.mmdb', import.meta.url), fixtureBytes());
