import path from 'node:path';
import type { LoadResult } from '../measure.ts';
import { programVersion } from '../probes.ts';
import { runGenerator } from './run-generator.ts';

/** A closed loop of GETs: each of `connections` sends the next request when the last one is answered. */
export interface HttpLoad {
  readonly url: string;
  readonly seconds: number;
  readonly connections: number;
  /** `close`: a new connection for every request. */
  readonly connection: 'keep-alive' | 'close';
  /**
   * `same`: one after another. `claimed`: each claims one of 100,000 clients in `X-Forwarded-For`. `accounts`: the path
   * is followed by `u` and a number below `KNOWN_ACCOUNTS`.
   */
  readonly requests: 'same' | 'claimed' | 'accounts';
}

/** The accounts that the load on badges asks for; `accounts.lua` has the same number. */
export const KNOWN_ACCOUNTS = 1_000_000;

const SCRIPTS = { same: 'report.lua', claimed: 'claimed-clients.lua', accounts: 'accounts.lua' } as const;

const file = (name: string): string => path.join(import.meta.dirname, name);

function withWrk({ url, seconds, connections, connection, requests }: HttpLoad): Promise<LoadResult> {
  const close = connection === 'close' ? ['-H', 'Connection: close'] : [];
  const script = file(SCRIPTS[requests]);
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
