import path from 'node:path';
import { programVersion } from '../probes.ts';
import type { LoadResult } from '../types.ts';
import { runGenerator } from './run-generator.ts';

/** A closed loop of GETs: each of `connections` sends the next request when the last one is answered. */
export interface HttpLoad {
  readonly url: string;
  readonly seconds: number;
  readonly connections: number;
  /** `close`: a new connection for every request. */
  readonly connection: 'keep-alive' | 'close';
  /** Claims one of 100,000 clients in `X-Forwarded-For`. */
  readonly claimed: boolean;
}

const file = (name: string): string => path.join(import.meta.dirname, name);

function withWrk({ url, seconds, connections, connection, claimed }: HttpLoad): Promise<LoadResult> {
  const script = file(claimed ? 'claimed-clients.lua' : 'report.lua');
  const close = connection === 'close' ? ['-H', 'Connection: close'] : [];
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '5s', ...close, '-s', script, url];
  return runGenerator('wrk', 'wrk', args, seconds);
}

function withNode(load: HttpLoad): Promise<LoadResult> {
  const { url, seconds, connections, connection } = load;
  if (connection === 'close') {
    const args = [file('new-connections.ts'), url, String(seconds), String(connections)];
    return runGenerator('own', process.execPath, args, seconds);
  }
  const args = [file('autocannon.ts'), JSON.stringify(load)];
  return runGenerator('autocannon', process.execPath, args, seconds);
}

async function askForWrk(): Promise<boolean> {
  try {
    return (await programVersion('wrk', ['-v'])).installed;
  } catch {
    return true; // It prints its version and ends with 1.
  }
}

let wrk: Promise<boolean> | undefined;

/** wrk where it is installed, as it costs the machine least; autocannon or a script of ours otherwise. */
export async function httpLoad(load: HttpLoad): Promise<LoadResult> {
  wrk ??= askForWrk();
  return (await wrk) ? withWrk(load) : withNode(load);
}
