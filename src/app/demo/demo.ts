import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startForum } from '../../../examples/forum/server.ts';
import { startTestProxy } from '../../../examples/test-proxy.ts';
import { buildRegionFile } from '../../geo/build.ts';
import { ShudiError } from '../../model/errors.ts';
import { makePrivateDirectory } from '../../platform/files.ts';
import { lockDirectory, type DirectoryLock } from '../../platform/lock.ts';
import type { Log } from '../../platform/log.ts';
import { GEO_DATA, REGION_FILE } from '../region-file.ts';
import { loadConfig, type Config } from '../config.ts';
import { prepareDataDirectory } from '../data-directory.ts';
import { issueSiteToken, bootstrapPeople } from '../people.ts';
import { startRuntime } from '../runtime.ts';
import { openingVisit } from './opening-visit.ts';
import { demoText } from './text.ts';

const CONFIG_FILE = fileURLToPath(new URL('../../../examples/demo.yaml', import.meta.url));
/** Marks a directory as one that a demo made and may remove. */
const MARKER = '.shudi-demo';
/** In Guangdong, by both data sources. */
const CLAIMED_ADDRESS = '113.66.1.1';
const PROXY_PORT = 8081;

export interface Demo {
  stop(): Promise<void>;
}

export interface DemoOptions {
  readonly directory: string;
  readonly write: (text: string) => void;
  readonly log: Log;
  /** Ports 0 take free ones; tests use that. */
  readonly ports?: { readonly gateway: number; readonly control: number; readonly proxy: number };
}

/** Starts the whole demo; nothing of it is left after `stop`, whatever fails. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const { directory, write, log } = options;
  const config = loadConfig(CONFIG_FILE);
  const giveBack = claimDirectory(directory);
  const closers: (() => Promise<void> | void)[] = [giveBack];
  const stop = async (): Promise<void> => {
    for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close();
  };
  try {
    if (!existsSync(REGION_FILE)) {
      write('Compiling region data (once) ...\n');
      await buildRegionFile({ output: REGION_FILE, dataDirectory: GEO_DATA });
    }
    await prepareDataDirectory(directory);
    const people = await bootstrapPeople(directory, {
      requester: 'Ruth (requester)',
      approver: 'Alan (approver)',
    });
    const siteToken = await issueSiteToken(directory, 'forum');
    const users = [
      { name: 'anna', password: randomBytes(9).toString('base64url') },
      { name: 'bert', password: randomBytes(9).toString('base64url') },
    ] as const;
    const controlPort = options.ports?.control ?? config.control.port;
    const forum = await startForum({
      host: '127.0.0.1',
      port: 0,
      users,
      control: { url: `http://127.0.0.1:${controlPort}`, token: siteToken },
    });
    closers.push(() => forum.close());
    const runtime = await startRuntime(demoConfig(config, options, forum.port), log);
    closers.push(() => runtime.stop());
    const behindProxy = runtime.gateway.find(({ name }) => name === 'behind-proxy')?.address.port ?? 0;
    const proxy = await startTestProxy({
      port: options.ports?.proxy ?? PROXY_PORT,
      gateway: { host: '127.0.0.1', port: behindProxy },
      claimedAddress: CLAIMED_ADDRESS,
    }).catch(portInUse);
    closers.push(() => proxy.close());
    const visit = await openingVisit(`http://127.0.0.1:${proxy.port}`, users[0], '大家好，我在广东。');
    write(
      demoText({
        directory,
        gatewayPort: runtime.gateway.find(({ name }) => name === 'public')?.address.port ?? 0,
        controlPort: runtime.control.port,
        proxyPort: proxy.port,
        users,
        people,
        claimedAddress: CLAIMED_ADDRESS,
        visit,
      }),
    );
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Takes the directory for this demo, and returns what gives it back: removed. One that a demo left behind when it was
 * killed is emptied; any other is not touched.
 */
function claimDirectory(directory: string): () => void {
  const left = existsSync(directory) ? readdirSync(directory) : [];
  if (left.length > 0 && !left.includes(MARKER))
    throw new ShudiError(
      'data.locked',
      "This directory is not a demo's; it is left alone. Name another with --data.",
      directory,
    );
  makePrivateDirectory(directory);
  writeFileSync(join(directory, MARKER), 'Made by `shudi demo`, removed when it stops.\n');
  const lock = takeLock(directory);
  for (const name of left)
    if (name !== MARKER && !name.startsWith(LOCK)) rmSync(join(directory, name), { recursive: true });
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  // However this process ends, short of SIGKILL.
  process.once('exit', remove);
  return () => {
    remove();
    lock.release();
    process.off('exit', remove);
  };
}

/** The demo's own lock: held from its first step on, long before the recorder takes its own. */
const LOCK = 'demo-lock';

function takeLock(directory: string): DirectoryLock {
  try {
    return lockDirectory(directory, LOCK);
  } catch (error) {
    if (error instanceof ShudiError && error.code === 'data.locked')
      throw new ShudiError('data.locked', 'Another demo is running with this directory.', directory);
    throw error;
  }
}

function demoConfig(config: Config, { directory, ports }: DemoOptions, forumPort: number): Config {
  const { gateway, control } = config;
  return {
    ...config,
    dataDirectory: directory,
    regions: { ...config.regions, file: REGION_FILE },
    control: { ...control, port: ports?.control ?? control.port },
    gateway: {
      ...gateway,
      listeners: gateway.listeners.map((item) =>
        item.name === 'public' && ports !== undefined ? { ...item, port: ports.gateway } : item,
      ),
      routes: gateway.routes.map((route) => ({ ...route, upstream: { host: '127.0.0.1', port: forumPort } })),
    },
  };
}

function portInUse(error: unknown): never {
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
    throw new ShudiError(
      'gateway.port-in-use',
      `Port ${PROXY_PORT} is in use.`,
      "the demo's test proxy",
      error,
    );
  throw error;
}
