import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../support/directory.ts';
import { findTool, hasTool } from '../support/tools.ts';
import { plainConfig, serve, type Served } from './serve.ts';

const CONNECTIONS = 300;
const PER_CLIENT = 60;
/** The attacker's; the honest client uses another one. */
const ATTACKER = '127.0.0.1';
const HONEST = '127.0.0.2';
/** How long the tool goes on when nobody hangs up on it, seconds. */
const TOOL_SECONDS = 30;
/** The gateway must have got rid of every connection by then: the longest of its limits and some more. */
const GONE_MS = 20_000;
/** All but one in twenty of the others' answers come within this, on a machine that has nothing else to do. */
const P95_MS = 250;
/** A machine that is busy with something else slows a gateway that nobody attacks too. */
const BUSY_FACTOR = 3;

const LIMITS = { connectionsPerClient: PER_CLIENT };
const TIMEOUTS = {
  requestHead: '4s',
  bodyIdle: '2s',
  request: '5s',
  sendIdle: '3s',
  keepAlive: '3s',
  upstreamHead: '30s',
  upstreamIdle: '30s',
};
/** Three of them, asked for one behind the other, are more than the kernel takes for a client that reads nothing. */
const BIG = Buffer.alloc(4 * 1024 * 1024, 'x');

interface Attack {
  readonly name: string;
  readonly arguments: readonly string[];
  readonly path: string;
  /** New connections a second. */
  readonly rate: number;
}

/** `-i`: seconds between two pieces; `-w`, `-y`, `-n`, `-z`: a window of some bytes, a few of them read a second. */
const ATTACKS: readonly Attack[] = [
  { name: 'heads that never end', arguments: ['-H', '-i', '1', '-x', '24'], path: '/', rate: 200 },
  {
    name: 'bodies that come a few bytes a second',
    arguments: ['-B', '-i', '1', '-s', '65536', '-x', '10'],
    path: '/',
    rate: 200,
  },
  {
    name: 'bodies that stop',
    arguments: ['-B', '-i', '10', '-s', '65536', '-x', '10'],
    path: '/',
    rate: 200,
  },
  {
    name: 'answers that nobody reads',
    arguments: ['-X', '-w', '10', '-y', '512', '-n', '1', '-z', '16', '-k', '3'],
    path: '/big',
    // What the kernel does take is work like any other's; it is not what is tested, so it is spread.
    rate: 60,
  },
];

async function startUpstream(): Promise<Server> {
  const server = createServer((incoming, response) => {
    incoming.on('error', () => undefined);
    response.on('error', () => undefined);
    incoming.resume();
    incoming.on('end', () => response.end(incoming.url === '/big' ? BIG : 'ok'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** Established connections of an address to a local port, as the kernel has them. */
function connectionsOf(address: string, port: number): number {
  const hex = address
    .split('.')
    .toReversed()
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase();
  const local = `:${port.toString(16).padStart(4, '0').toUpperCase()}`;
  const wanted = new RegExp(`${local} ${hex}:[0-9A-F]{4} 01 `, 'g');
  return (readFileSync('/proc/net/tcp', 'utf8').match(wanted) ?? []).length;
}

/** One GET; how long it took, ms. Rejects for anything but `200 ok`. */
function ask(port: number, agent: Agent): Promise<number> {
  const begin = performance.now();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const outgoing = request(
    { agent, host: '127.0.0.1', port, localAddress: HONEST, path: '/' },
    (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk: string) => (text += chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        if (incoming.statusCode === 200 && text === 'ok') resolve(performance.now() - begin);
        else reject(new Error(`${incoming.statusCode} ${text}`));
      });
    },
  );
  outgoing.on('error', reject);
  outgoing.setTimeout(20_000, () => outgoing.destroy(new Error('no answer within 20 s')));
  outgoing.end();
  return promise;
}

interface Times {
  /** Of answers through the gateway that is attacked, ms. */
  readonly attacked: number[];
  /** Of answers through another one, at the same time. */
  readonly calm: number[];
}

/** Asks again and again, on kept and on new connections in turn, until `done`. */
async function honestly(port: number, calmPort: number, done: () => boolean): Promise<Times> {
  const times: Times = { attacked: [], calm: [] };
  const kept = [new Agent({ keepAlive: true, maxSockets: 1 }), new Agent({ keepAlive: true, maxSockets: 1 })];
  const fresh = new Agent({ keepAlive: false });
  try {
    while (!done()) {
      for (const agent of [kept[0] ?? fresh, fresh]) times.attacked.push(await ask(port, agent));
      for (const agent of [kept[1] ?? fresh, fresh]) times.calm.push(await ask(calmPort, agent));
      await delay(10);
    }
  } finally {
    for (const agent of [...kept, fresh]) agent.destroy();
  }
  return times;
}

function percentile(times: readonly number[], fraction: number): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * fraction)] ?? Number.POSITIVE_INFINITY;
}

describe.runIf(hasTool('slowhttptest'))('clients that are slow on purpose', () => {
  const directory = temporaryDirectory();
  const controlDirectory = temporaryDirectory();
  let upstream: Server;
  let gateway: Served;
  /** The same on the same machine, without an attack. */
  let control: Served;

  beforeAll(async () => {
    upstream = await startUpstream();
    const { port } = upstream.address() as AddressInfo;
    const changes = {
      identity: { mode: 'none' },
      gateway: { workers: 1, limits: LIMITS, timeouts: TIMEOUTS },
    };
    gateway = await serve(directory, plainConfig(directory, port, changes));
    control = await serve(controlDirectory, plainConfig(controlDirectory, port, changes));
  });
  afterAll(async () => {
    await gateway.stop();
    await control.stop();
    upstream.closeAllConnections();
    upstream.close();
  });

  it.each(ATTACKS)(
    '$name: others are served in time, the attacker has its share at most, and all of it is cut off',
    // Once more where the time was another process's fault.
    { timeout: 90_000, retry: 1 },
    async (attack) => {
      const port = gateway.gatewayPort;
      const tool = spawn(
        findTool('slowhttptest') ?? 'slowhttptest',
        [
          ...attack.arguments,
          ...`-c ${CONNECTIONS} -r ${attack.rate} -l ${TOOL_SECONDS} -p 2 -v 1`.split(' '),
          '-u',
          `http://${ATTACKER}:${port}${attack.path}`,
        ],
        { cwd: directory, stdio: 'ignore' },
      );
      const held: number[] = [];
      let gone = false;
      const begin = performance.now();
      const watching = (async () => {
        while (tool.exitCode === null && !gone && performance.now() - begin < GONE_MS) {
          const now = connectionsOf(ATTACKER, port);
          if (now > 0) held.push(now);
          // All connections were made, and the gateway has hung up on each while the tool still held it.
          gone = now === 0 && performance.now() - begin > 3000;
          await delay(200);
        }
        gone ||= connectionsOf(ATTACKER, port) === 0 && performance.now() - begin < GONE_MS;
      })();
      try {
        const times = await honestly(
          port,
          control.gatewayPort,
          () => gone || performance.now() - begin > GONE_MS,
        );
        await watching;
        // An attack that is none proves nothing.
        expect(Math.max(...held)).toBeGreaterThan(PER_CLIENT / 2);
        // The kernel also shows those that the gateway has not accepted yet, or is about to hang up on.
        expect(percentile(held, 0.5)).toBeLessThan(1.5 * PER_CLIENT);
        expect(gone).toBe(true);
        expect(times.attacked.length).toBeGreaterThan(3);
        const bound = P95_MS + BUSY_FACTOR * percentile(times.calm, 0.95);
        expect(percentile(times.attacked, 0.95)).toBeLessThan(bound);
      } finally {
        tool.kill('SIGKILL');
        if (tool.exitCode === null && tool.signalCode === null) await once(tool, 'exit');
      }
    },
  );

  it('afterwards its address is served again as any other', async () => {
    const agent = new Agent({ keepAlive: false });
    const answer = await new Promise<number>((resolve, reject) => {
      request({ agent, host: '127.0.0.1', port: gateway.gatewayPort, localAddress: ATTACKER }, (incoming) => {
        incoming.resume();
        resolve(incoming.statusCode ?? 0);
      })
        .on('error', reject)
        .end();
    });
    expect(answer).toBe(200);
  });
});
