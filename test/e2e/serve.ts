import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const MAIN = join(ROOT, 'src/main.ts');
export const REGION_FILE = join(ROOT, 'geo-data/region.mmdb');

export interface Served {
  readonly gatewayPort: number;
  readonly controlPort: number;
  readonly child: ChildProcess;
  /** SIGKILL to the whole process tree. */
  kill(): Promise<void>;
  /** SIGTERM, and wait; the exit status. */
  stop(): Promise<number | null>;
  /** What it logged so far. */
  log(): string;
}

/** The process ids of a running shudi's workers, or of its recorder. */
export function processesOf({ child }: Served, module: 'worker' | 'recorder'): number[] {
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim();
  return children
    .split(' ')
    .map(Number)
    .filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${module}-process.ts`));
}

/** Waits for a line of the log. */
export async function untilLogged(served: Served, text: string, times = 1): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if (served.log().split(text).length > times) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`waited in vain for ${text}; the log:\n${served.log()}`);
}

/**
 * Runs `shudi serve` as a process group of its own and waits until it listens.
 * @param meanwhile  what happens to it while it starts
 */
export async function serve(
  directory: string,
  config: object,
  meanwhile: (child: ChildProcess) => void = () => undefined,
): Promise<Served> {
  const file = join(directory, 'shudi.yaml');
  writeFileSync(file, JSON.stringify(config));
  const child = spawn(process.execPath, [MAIN, 'serve', '--config', file], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  // Whatever becomes of the test: nothing keeps running.
  const sweep = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended, as it should.
    }
  };
  process.once('exit', sweep);
  meanwhile(child);
  child.once('exit', () => process.off('exit', sweep));
  let text = '';
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const ports = await new Promise<Map<string, number>>((resolve, reject) => {
    const found = new Map<string, number>();
    child.stderr?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      for (const line of text.split('\n')) {
        const match = /"event":"listening","listener":"([^"]+)","port":(\d+)/.exec(line);
        if (match?.[1] !== undefined) found.set(match[1], Number(match[2]));
      }
      if (found.has('control')) resolve(found);
    });
    void exited.then((code) => reject(new Error(`shudi ended with ${code}: ${text}`)));
  });
  return {
    gatewayPort: ports.get('public') ?? 0,
    controlPort: ports.get('control') ?? 0,
    child,
    log: () => text,
    kill: async () => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      await exited;
    },
    stop: async () => {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

/** A configuration with one listener and one site; ports are free ones. */
export function plainConfig(
  directory: string,
  upstreamPort: number,
  changes: { listener?: object; identity?: object; site?: object; route?: object; gateway?: object } = {},
): object {
  return {
    data: join(directory, 'data'),
    sites: [{ name: 'forum', ...changes.site }],
    gateway: {
      listeners: [{ name: 'public', host: '127.0.0.1', port: 0, ...changes.listener }],
      routes: [
        {
          site: 'forum',
          upstream: `http://127.0.0.1:${upstreamPort}`,
          identity: changes.identity ?? { mode: 'header', cookie: 'sid' },
          ...changes.route,
        },
      ],
      ...changes.gateway,
    },
    control: { port: 0 },
    regions: { file: REGION_FILE },
  };
}
