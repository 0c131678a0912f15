import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { missingTools } from './tools.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const REGION_FILE = fileURLToPath(new URL('../../geo-data/region.mmdb', import.meta.url));

/**
 * Compiles the region file when it is not there, and says which suites are left out on this machine and how to get
 * them; in CI a missing tool is a failure.
 */
export default function setup(): void {
  if (!existsSync(REGION_FILE)) execFileSync(process.execPath, [MAIN, 'geo', 'build'], { stdio: 'inherit' });
  if (process.getuid?.() !== 0)
    process.stderr.write(
      'Not root: the whole chain behind a Linux NAT is left out (npm test as root runs it).\n',
    );
  const missing = missingTools();
  if (missing.length === 0) return;
  const lines = missing.map(
    (tool) => `  ${tool.command}: ${tool.suites} (apt-get install ${tool.debianPackage})`,
  );
  const text = `These tools are not installed; their suites are left out:\n${lines.join('\n')}\n`;
  if (process.env['CI'] === 'true') throw new Error(`${text}In CI that is a failure: .ci/run installs them.`);
  process.stderr.write(text);
}
