import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface Tool {
  readonly command: string;
  readonly debianPackage: string;
  readonly suites: string;
}

/** What tests need beyond npm's packages. `.ci/run` installs each. */
export const TOOLS = [
  { command: 'mmdblookup', debianPackage: 'mmdb-bin', suites: 'region files read by libmaxminddb' },
  { command: 'strace', debianPackage: 'strace', suites: 'the gateway never opens the disclosure key' },
  { command: 'pkill', debianPackage: 'procps', suites: 'the gateway never opens the disclosure key' },
  { command: 'openssl', debianPackage: 'openssl', suites: 'keys that openssl reads' },
  { command: 'nginx', debianPackage: 'nginx', suites: 'requests that nginx accepts or refuses' },
  { command: 'slowhttptest', debianPackage: 'slowhttptest', suites: 'clients that are slow on purpose' },
  { command: 'ip', debianPackage: 'iproute2', suites: 'the whole chain behind a Linux NAT' },
  { command: 'iptables', debianPackage: 'iptables', suites: 'the whole chain behind a Linux NAT' },
  { command: 'conntrack', debianPackage: 'conntrack', suites: 'the whole chain behind a Linux NAT' },
  { command: 'radclient', debianPackage: 'freeradius-utils', suites: 'accounting that radclient sends' },
  { command: 'chromium', debianPackage: 'chromium', suites: 'the forum in a browser' },
] as const satisfies readonly Tool[];

/** A suite may depend on no other command: it would be left out in CI without a word. */
export type ToolName = (typeof TOOLS)[number]['command'];

/** The path of a command: from PATH, or of a place where Debian puts services; null when it is not installed. */
export function findTool(command: ToolName): string | null {
  const places = `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`.split(delimiter);
  const place = places.find((each) => each !== '' && existsSync(join(each, command)));
  return place === undefined ? null : join(place, command);
}

export function hasTool(command: ToolName): boolean {
  return findTool(command) !== null;
}

export function missingTools(): readonly Tool[] {
  return TOOLS.filter((tool) => !hasTool(tool.command));
}
