import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Length of a clock tick of /proc/PID/stat. */
const TICK_MICROS = 1_000_000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const PAGE_BYTES = Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' }));
/** Looking again when a process ended meanwhile; on a machine where some always do, the last look has to do. */
const LOOKS = 5;

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly cpuTicks: number;
  readonly residentPages: number;
}

export interface TreeUsage {
  readonly cpuMicros: number;
  /** Resident pages, those that processes share counted for each. */
  readonly residentBytes: number;
  readonly processes: number;
}

function statOf(pid: number): ProcessStat | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null; // It ended between the listing and now.
  }
  // The name stands in parentheses and may hold anything, so fields are counted from the last one: state is 0 here.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (index: number): number => Number(fields[index]);
  // utime, stime, and cutime, cstime: the reaped children's, and what those had reaped. A zombie still has its own.
  const cpuTicks = field(11) + field(12) + field(13) + field(14);
  return { pid, parent: field(1), cpuTicks, residentPages: field(21) };
}

/**
 * All processes at about one moment. A child that ends while they are read may be missed twice: gone itself, and not
 * yet in the reaped time of its parent, which was read before. So this looks until none vanishes.
 */
function allProcesses(): ProcessStat[] {
  let found: ProcessStat[] = [];
  for (let look = 0; look < LOOKS; look += 1) {
    const names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    found = names.map((name) => statOf(Number(name))).filter((stat) => stat !== null);
    if (found.length === names.length) break;
  }
  return found;
}

/**
 * A process and everything that descends from it. What daemonised itself, or whose parent ended before it, belongs to
 * init and is missed; no target does that while it is measured.
 */
function tree(root: number): ProcessStat[] {
  const all = allProcesses();
  const found = all.filter(({ pid }) => pid === root);
  for (let index = 0; index < found.length; index += 1) {
    found.push(...all.filter(({ parent }) => parent === found[index]?.pid));
  }
  return found;
}

/** The ids of a process tree, the root first; empty when it is gone. */
export function treeProcesses(root: number): readonly number[] {
  return tree(root).map(({ pid }) => pid);
}

/** CPU time so far, and memory now, of a whole process tree; threads and reaped children included. */
export function treeUsage(root: number): TreeUsage {
  const processes = tree(root);
  if (processes.length === 0) throw new Error(`process ${root} is gone`);
  return {
    cpuMicros: processes.reduce((sum, { cpuTicks }) => sum + cpuTicks, 0) * TICK_MICROS,
    residentBytes: processes.reduce((sum, { residentPages }) => sum + residentPages, 0) * PAGE_BYTES,
    processes: processes.length,
  };
}

/** The highest resident set that the root process itself ever had; the sampled sum can miss a short peak. */
export function highWaterBytes(pid: number): number {
  try {
    const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return Number(line?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Connections accepted by anything on this machine since it started. */
export function acceptedConnections(): number {
  const rows = readFileSync('/proc/net/snmp', 'latin1')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '));
  const column = rows[0]?.indexOf('PassiveOpens') ?? -1;
  return Number(rows[1]?.[column] ?? Number.NaN);
}
