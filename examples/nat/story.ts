import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ADDRESSES, buildNetwork, type Host, type Network } from './network.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const PORTS = {
  gateway: 8080,
  forum: 3000,
  mirror: 3001,
  radius: 1813,
  control: 9080,
  visitor: 40_000,
} as const;
const START_MS = 20_000;

/** What a visitor did, as the web service saw it. */
export interface Visit {
  readonly account: string;
  readonly subscriber: string;
  readonly inside: string;
  readonly at: string;
  /** The gateway-side endpoint. */
  readonly egress: { readonly address: string; readonly port: number };
  readonly requestId: string;
}

export interface NatStory {
  readonly visits: readonly Visit[];
  /** Runs `shudi` with `--json` over the story's data. */
  readonly shudi: (...command: readonly string[]) => Promise<unknown>;
  readonly gatewayUrl: string;
  /** Ends every process that was started, and removes the network. */
  close(): Promise<void>;
}

/**
 * Two subscribers behind a Linux NAT log in at a forum. The gateway sees one public address; `conntrack -E` tells of the
 * translations, RADIUS accounting of who has which inside address.
 * @param directory  an empty one
 */
export async function runNatStory(directory: string, say: (line: string) => void): Promise<NatStory> {
  const network = await buildNetwork();
  const children: ChildProcess[] = [];
  const close = async (): Promise<void> => {
    for (const child of children.toReversed()) await end(child);
    await network.remove();
  };
  const start = async (host: Host, ready: RegExp, ...words: readonly string[]): Promise<void> => {
    const child = spawn('ip', ['netns', 'exec', network.nameOf(host), process.execPath, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    await readiness(child, ready);
  };
  try {
    say('a network of four namespaces: two clients, a NAT with masquerade, the site');
    const password = randomBytes(9).toString('base64url');
    const secret = randomBytes(12).toString('hex');
    writeFileSync(join(directory, 'radius-secret'), secret, { mode: 0o600 });
    writeFileSync(join(directory, 'shudi.yaml'), JSON.stringify(configOf(network)));
    await start('site', /ready/, here('./site.ts'), `${PORTS.forum}`, `${PORTS.mirror}`, password);
    await start(
      'site',
      /"started"|listening|serve\.started|gateway\.listening/,
      MAIN,
      'serve',
      '--config',
      join(directory, 'shudi.yaml'),
    );
    say('RADIUS: the access server reports both subscribers');
    for (const [index, client] of (['a', 'b'] as const).entries())
      await accountingStart(network, secret, {
        'Acct-Session-Id': `session-${client}`,
        'User-Name': subscriberOf(client),
        'Calling-Station-Id': `02-00-00-00-00-0${index + 1}`,
        'Framed-IP-Address': ADDRESSES.clients[client],
      });
    const visits: Visit[] = [];
    for (const [client, account] of [
      ['a', 'anna'],
      ['b', 'bert'],
    ] as const) {
      say(`${account} logs in from ${ADDRESSES.clients[client]}, port ${PORTS.visitor}`);
      visits.push(await visit(network, client, account, password));
    }
    const data = join(directory, 'data');
    return {
      visits,
      gatewayUrl: `http://${ADDRESSES.site}:${PORTS.gateway}`,
      shudi: async (...command) => {
        const { stdout } = await promisify(execFile)(process.execPath, [
          MAIN,
          ...command,
          '--data',
          data,
          '--json',
        ]).catch(
          // Status 1: the answer is no, and it is printed all the same.
          (error: Error & { code?: number; stdout?: string }) => {
            if (error.code === 1 && error.stdout !== undefined) return { stdout: error.stdout };
            throw error;
          },
        );
        return JSON.parse(stdout) as unknown;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const subscriberOf = (client: 'a' | 'b'): string => `line-${client}@isp.example`;

function configOf(network: Network): object {
  return {
    data: 'data',
    sites: [{ name: 'forum' }],
    gateway: {
      listeners: [{ name: 'public', host: ADDRESSES.site, port: PORTS.gateway }],
      routes: [
        {
          site: 'forum',
          path: '/mirror',
          upstream: `http://127.0.0.1:${PORTS.mirror}`,
          identity: { mode: 'header', cookie: 'sid' },
        },
        {
          site: 'forum',
          path: '/',
          upstream: `http://127.0.0.1:${PORTS.forum}`,
          identity: { mode: 'header', cookie: 'sid' },
        },
      ],
    },
    collectors: {
      own: [`${ADDRESSES.site}/32`],
      sources: [
        { name: 'home-nat', protocol: 'conntrack', namespace: network.nameOf('nat') },
        { name: 'isp', protocol: 'radius', from: [`${ADDRESSES.nat}/32`], secretFile: 'radius-secret' },
      ],
      listeners: [{ protocol: 'radius', host: ADDRESSES.site, port: PORTS.radius }],
    },
    control: { host: '127.0.0.1', port: PORTS.control },
  };
}

/** Sends an Accounting-Request from the NAT's host and waits for its answer. */
async function accountingStart(
  network: Network,
  secret: string,
  attributes: Readonly<Record<string, string>>,
): Promise<void> {
  const text = Object.entries({ 'Acct-Status-Type': 'Start', 'NAS-Identifier': 'bras-1', ...attributes })
    .map(([name, value]) => `${name} = "${value}"`)
    .join('\n');
  const child = spawn(
    'ip',
    [
      'netns',
      'exec',
      network.nameOf('nat'),
      'radclient',
      '-t',
      '2',
      '-r',
      '5',
      `${ADDRESSES.site}:${PORTS.radius}`,
      'acct',
      secret,
    ],
    { stdio: ['pipe', 'ignore', 'ignore'] },
  );
  child.stdin.end(`${text}\n`);
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error('radclient got no Accounting-Response');
}

async function visit(network: Network, client: 'a' | 'b', account: string, password: string): Promise<Visit> {
  const text = await network.run(
    client,
    process.execPath,
    here('./visitor.ts'),
    `http://${ADDRESSES.site}:${PORTS.gateway}`,
    account,
    password,
    `${PORTS.visitor}`,
  );
  const told = JSON.parse(text) as {
    status: number;
    at: string;
    mirror: { address: string; port: number; requestId: string };
  };
  if (told.status >= 400) throw new Error(`${account} could not log in: ${told.status}`);
  return {
    account,
    subscriber: subscriberOf(client),
    inside: ADDRESSES.clients[client],
    at: told.at,
    egress: { address: told.mirror.address, port: told.mirror.port },
    requestId: told.mirror.requestId,
  };
}

async function readiness(child: ChildProcess, ready: RegExp): Promise<void> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`it did not start: ${said}`)), START_MS);
    const hear = (part: Buffer): void => {
      said = (said + part.toString()).slice(-10_000);
      if (!ready.test(said)) return;
      clearTimeout(timer);
      resolve();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', () => reject(new Error(`it ended: ${said}`)));
  });
}

/** Only what was started here: asked first, then killed. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(timer);
}
