import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ConfigFile } from '../config-file.ts';
import type { Config } from '../config.ts';
import { findingAt, type Finding } from './findings.ts';

/** What the machine grants this process; null where it cannot be read (no Linux). */
export interface MachineFacts {
  /** Bytes that this user may still write to the data disk. */
  readonly diskFree: number | null;
  readonly openFiles: number | null;
  /** The first port that needs no right. */
  readonly firstFreePort: number | null;
  /** CAP_NET_BIND_SERVICE. */
  readonly mayBindAnyPort: boolean;
}

export function machineFacts(dataDirectory: string): MachineFacts {
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  };
  const firstFreePort = read('/proc/sys/net/ipv4/ip_unprivileged_port_start').trim();
  return {
    diskFree: diskFree(dataDirectory),
    openFiles: openFilesIn(read('/proc/self/limits')),
    firstFreePort: /^\d+$/.test(firstFreePort) ? Number(firstFreePort) : null,
    mayBindAnyPort: mayBindIn(read('/proc/self/status')),
  };
}

/** Of the disk that holds the directory, or that will once it is made. */
function diskFree(directory: string): number | null {
  let at = directory;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  try {
    const { bavail, bsize } = statfsSync(at);
    return bavail * bsize;
  } catch {
    return null;
  }
}

/** The soft limit in /proc/self/limits; Node has raised it to the hard one. */
export function openFilesIn(limits: string): number | null {
  const value = /^Max open files +(\d+|unlimited) /m.exec(limits)?.[1];
  if (value === undefined) return null;
  return value === 'unlimited' ? Number.POSITIVE_INFINITY : Number(value);
}

const CAP_NET_BIND_SERVICE = 10n;

/** Whether the effective capabilities in /proc/self/status hold CAP_NET_BIND_SERVICE. */
export function mayBindIn(status: string): boolean {
  const mask = /^CapEff:\s+([0-9a-f]{1,16})$/m.exec(status)?.[1];
  return mask !== undefined && ((BigInt(`0x${mask}`) >> CAP_NET_BIND_SERVICE) & 1n) === 1n;
}

/** One socket to the client and one to the web service. */
const SOCKETS_PER_CONNECTION = 2;

/** What the configuration asks of the machine and does not get. */
export function machineFindings(config: Config, file: ConfigFile, facts: MachineFacts): Finding[] {
  return [
    ...portFindings(config, file, facts),
    ...diskFindings(config, file, facts),
    ...openFileFindings(config, file, facts),
  ];
}

function portFindings({ gateway }: Config, file: ConfigFile, facts: MachineFacts): Finding[] {
  const { firstFreePort, mayBindAnyPort } = facts;
  if (firstFreePort === null || mayBindAnyPort) return [];
  return gateway.listeners.flatMap(({ port }, index) =>
    port === 0 || port >= firstFreePort
      ? []
      : [
          findingAt(
            file,
            ['gateway', 'listeners', index, 'port'],
            'warn',
            `this user may not listen below ${firstFreePort}; give the service CAP_NET_BIND_SERVICE`,
          ),
        ],
  );
}

function diskFindings(config: Config, file: ConfigFile, { diskFree }: MachineFacts): Finding[] {
  const path = ['records', 'diskReserve'];
  const { diskReserveBytes } = config;
  if (diskReserveBytes === 0)
    return [findingAt(file, path, 'warn', 'is switched off: a full disk stops more than the recording')];
  if (diskFree === null) return [];
  const text = `${mebibytes(diskFree)} free, ${mebibytes(diskReserveBytes)} stay reserved`;
  if (diskFree <= diskReserveBytes)
    return [findingAt(file, path, 'fault', `${text}: nothing would be recorded, so nothing forwarded`)];
  if (diskFree <= 2 * diskReserveBytes) return [findingAt(file, path, 'warn', `${text}: that is not much`)];
  return [findingAt(file, path, 'ok', text)];
}

const mebibytes = (bytes: number): string => `${Math.floor(bytes / 1_048_576)} MiB`;

function openFileFindings(config: Config, file: ConfigFile, { openFiles }: MachineFacts): Finding[] {
  if (openFiles === null) return [];
  const { gateway, workers } = config;
  const wanted = gateway.limits.connections * SOCKETS_PER_CONNECTION * workers;
  if (openFiles >= wanted) return [];
  return [
    findingAt(
      file,
      ['gateway', 'limits', 'connections'],
      'warn',
      `would need ${wanted} open files (two a connection, in ${workers} workers), ${openFiles} are allowed; raise the limit (ulimit -n, LimitNOFILE) or lower this`,
    ),
  ];
}
