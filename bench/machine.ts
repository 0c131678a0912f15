import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, tmpdir, totalmem, type as systemType } from 'node:os';

/** What the figures were taken on. */
export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  readonly scratch: string;
  readonly loadBefore: number;
  readonly commit: string;
}

function output(program: string, args: readonly string[]): string | null {
  try {
    return execFileSync(program, [...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 5000,
    });
  } catch {
    return null;
  }
}

/** Records and logs are written below this directory; on a tmpfs a sync would cost nothing, so the report names it. */
function scratchFileSystem(): string {
  const kind = output('stat', ['-f', '-c', '%T', tmpdir()])?.trim() ?? 'unknown';
  return `${tmpdir()} on ${kind}`;
}

function commit(): string {
  const id = output('git', ['rev-parse', '--short', 'HEAD'])?.trim();
  if (id === undefined) return 'not committed';
  return output('git', ['status', '--porcelain', '--', 'src']) === '' ? id : `${id} with changes in src`;
}

/** Describes this machine, before anything is started on it. */
export function describeMachine(): Machine {
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${systemType()} ${release()}`,
    node: process.versions.node,
    scratch: scratchFileSystem(),
    loadBefore: loadavg()[0] ?? Number.NaN,
    commit: commit(),
  };
}
