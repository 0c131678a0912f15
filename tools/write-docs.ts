import { writeFileSync } from 'node:fs';
import { configurationPage } from './configuration-page.ts';
import { errorsPage } from './errors-page.ts';

const docs = new URL('../docs/', import.meta.url);
writeFileSync(new URL('configuration.md', docs), configurationPage());
writeFileSync(new URL('errors.md', docs), errorsPage());
