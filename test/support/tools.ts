import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface Tool {
  readonly command: string;
  readonly debianPackage: string;
  readonly suites: string;
}

/** What tests need beyond npm's packages. `.ci/run` installs each. */
export const TOOLS: readonly Tool[] = [
  { command: 'mmdblookup', debianPackage: 'mmdb-bin', suites: 'region files read by libmaxminddb' },
  { command: 'strace', debianPackage: 'strace', suites: 'the gateway never opens the disclosure key' },
  { command: 'pkill', debianPackage: 'procps', suites: 'the gateway never opens the disclosure key' },
  { command: 'openssl', debianPackage: 'openssl', suites: 'keys that openssl reads' },
  { command: 'chromium', debianPackage: 'chromium', suites: 'the forum in a browser' },
];

export function hasTool(command: string): boolean {
  const places = `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`.split(delimiter);
  return places.some((place) => place !== '' && existsSync(join(place, command)));
}

export function missingTools(): readonly Tool[] {
  return TOOLS.filter((tool) => !hasTool(tool.command));
}
