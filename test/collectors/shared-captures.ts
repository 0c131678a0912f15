import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

/**
 * Third-party captures of real exporters lie beside the project, not in it. A test that lacks them fails.
 * @throws Error naming where they were looked for
 */
export function sharedCapture(name: string): string {
  const beside = fileURLToPath(new URL('../../../shared/fixtures/nat/', import.meta.url));
  const directory = process.env['SHUDI_SHARED_FIXTURES'] ?? beside;
  const path = join(directory, name);
  if (!existsSync(path))
    throw new Error(`${path} is missing: SHUDI_SHARED_FIXTURES names the directory of the captures.`);
  return path;
}
