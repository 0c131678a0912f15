import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { SourceSettings } from '../../collectors/settings.ts';
import type { ConfigFile, Path } from '../config-file.ts';
import type { Config } from '../config.ts';
import { findingAt, type Finding } from './findings.ts';

/** What of the collectors can be seen before they run. */
export interface CollectorFacts {
  /** The largest socket buffer that the system gives, bytes; null where it cannot be read. */
  readonly largestBuffer: number | null;
  readonly hasCommand: (path: string) => boolean;
  readonly isRoot: boolean;
  /** Whether others than its owner may read a file; paths are those of the configuration. */
  readonly isOpenToOthers: (path: string) => boolean;
}

/** @param base  the directory that relative paths start from */
export function collectorFacts(base: string): CollectorFacts {
  let largest = Number.NaN;
  try {
    largest = Number(readFileSync('/proc/sys/net/core/rmem_max', 'utf8'));
  } catch {
    // No Linux.
  }
  return {
    largestBuffer: Number.isInteger(largest) ? largest : null,
    hasCommand: existsSync,
    isRoot: process.getuid?.() === 0,
    isOpenToOthers: (path) => (statSync(resolve(base, path)).mode & OTHERS) !== 0,
  };
}

const CONNTRACK = '/usr/sbin/conntrack';
const OTHERS = 0o077;

/** Buffers that the system will not give, commands and files that are not there, secrets that others can read. */
export function collectorFindings(config: Config, file: ConfigFile, facts: CollectorFacts): Finding[] {
  const { collectors } = config;
  if (collectors === null) return [];
  const root: Path = ['collectors'];
  const findings = [findingAt(file, root, 'ok', `${collectors.sources.length} sources`)];
  collectors.listeners.forEach(({ transport, receiveBufferBytes }, index) => {
    const path = [...root, 'listeners', index, 'receiveBuffer'];
    const { largestBuffer } = facts;
    if (transport !== 'udp' || largestBuffer === null || receiveBufferBytes <= largestBuffer) return;
    findings.push(
      findingAt(
        file,
        path,
        'warn',
        `the system gives ${largestBuffer} bytes at most; raise it with sysctl net.core.rmem_max=${receiveBufferBytes}`,
      ),
    );
  });
  collectors.sources.forEach((source, index) => {
    const path = [...root, 'sources', index];
    const wrong = source.protocol === 'conntrack' ? conntrackFault(source, facts) : null;
    if (wrong !== null) findings.push(findingAt(file, path, 'warn', wrong));
    const secret = file.raw.collectors.sources[index]?.secretFile;
    if (secret !== undefined && facts.isOpenToOthers(secret))
      findings.push(
        findingAt(file, [...path, 'secretFile'], 'warn', 'others can read it; set its mode to 0600'),
      );
  });
  return findings;
}

function conntrackFault(
  source: Extract<SourceSettings, { protocol: 'conntrack' }>,
  { hasCommand, isRoot }: CollectorFacts,
): string | null {
  if (source.input !== 'run') return hasCommand(source.path) ? null : `${source.path} is not there yet`;
  if (!hasCommand(CONNTRACK)) return `${CONNTRACK} is not there; install the package conntrack`;
  return isRoot ? null : 'conntrack needs root, or CAP_NET_ADMIN';
}
