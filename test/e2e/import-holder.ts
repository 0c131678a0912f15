/** An import that has opened the data directory named, and goes no further. */
import { openWriter } from '../../src/app/import/open-writer.ts';
import type { Site } from '../../src/model/accounts.ts';

await openWriter(process.argv[2] ?? '', 'other' as Site);
process.stdout.write('opened');
setInterval(() => undefined, 1000);
