import { connect, createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { openGateway, type Gateway } from '../../src/gateway/gateway.ts';
import type {
  GatewayLimits,
  GatewayOptions,
  GatewayTimeouts,
  IdentityOptions,
  ListenerOptions,
  RouteOptions,
} from '../../src/gateway/options.ts';
import type { Site } from '../../src/model/accounts.ts';
import type { Clock, Millis } from '../../src/model/time.ts';
import type { LogFields } from '../../src/platform/log.ts';
import { EventLog } from './event-log.ts';
import { RawClient } from './raw-client.ts';
import { RawUpstream } from './raw-upstream.ts';
import { testRegions, TestBadges, TestRecords, TestSessions, TestSubjects } from './stores.ts';

export const FORUM = 'forum' as Site;
export const NOON = Date.parse('2026-11-20T12:00:00.000Z') as Millis;

export interface RigOptions {
  readonly identity?: IdentityOptions;
  readonly route?: Partial<RouteOptions>;
  /** Instead of the one route to the rig's upstream. */
  readonly routes?: (upstream: RawUpstream) => readonly RouteOptions[];
  readonly listener?: Partial<ListenerOptions>;
  readonly limits?: Partial<GatewayLimits>;
  readonly timeouts?: Partial<GatewayTimeouts>;
}

/** A gateway on a port of its own, with everything around it in the test's hands. */
export interface Rig {
  readonly gateway: Gateway;
  /** What it was opened with. */
  readonly options: GatewayOptions;
  readonly port: number;
  readonly log: EventLog;
  readonly upstream: RawUpstream;
  readonly records: TestRecords;
  readonly subjects: TestSubjects;
  readonly sessions: TestSessions;
  readonly badges: TestBadges;
  /** Lines that the gateway logged. */
  readonly lines: { readonly level: string; readonly event: string; readonly fields: LogFields }[];
  /** Sets the clock. */
  at(time: Millis): void;
  client(localAddress?: string): Promise<RawClient>;
  /** Lets everything that is under way in the process and on loopback come to rest. */
  settle(): Promise<void>;
}

const LIMITS: GatewayLimits = {
  headerBytes: 16_384,
  headerCount: 100,
  targetBytes: 8192,
  responseHeaderBytes: 16_384,
  connections: 1000,
  connectionsPerClient: 1000,
  requestsPerClient: null,
  requestsPerAccount: null,
  recordsPerClient: null,
  claimedClients: 100,
  claimedIdleMs: 60_000,
  pooledConnections: 10,
};
const TIMEOUTS: GatewayTimeouts = {
  connectMs: 5000,
  headMs: 20_000,
  idleMs: 20_000,
  upstreamKeepAliveMs: 20_000,
  requestHeadMs: 20_000,
  bodyIdleMs: 20_000,
  requestMs: 60_000,
  sendIdleMs: 20_000,
  keepAliveMs: 20_000,
  tunnelIdleMs: 20_000,
  drainMs: 10_000,
};

export const HEADER_IDENTITY = { mode: 'header', cookie: 'sid' } as const;

/** Opens a rig, closed when the test ends. */
export async function openRig(options: RigOptions = {}): Promise<Rig> {
  const log = new EventLog();
  let now = NOON;
  const clock: Clock = () => now;
  const upstream = new RawUpstream(log);
  await upstream.listen();
  const records = new TestRecords(clock, log);
  const subjects = new TestSubjects(log);
  const sessions = new TestSessions(log);
  const badges = new TestBadges(log);
  const lines: { level: string; event: string; fields: LogFields }[] = [];
  const write =
    (level: string) =>
    (event: string, fields: LogFields = {}) =>
      void lines.push({ level, event, fields });
  const gatewayOptions: GatewayOptions = {
    listeners: [
      {
        name: 'public',
        host: '127.0.0.1',
        port: 0,
        trustedProxies: [],
        forwardedHeader: 'x-forwarded-for',
        clientPortHeader: null,
        tls: null,
        proxyProtocol: null,
        ...options.listener,
      },
    ],
    routes: options.routes?.(upstream) ?? [
      routeTo(upstream.port, { identity: options.identity ?? { mode: 'none' }, ...options.route }),
    ],
    prefix: '/.shudi',
    limits: { ...LIMITS, ...options.limits },
    timeouts: { ...TIMEOUTS, ...options.timeouts },
    reusePort: false,
  };
  const gateway = await openGateway(gatewayOptions, {
    records,
    subjects,
    sessions,
    badges,
    regions: testRegions,
    clock,
    clockErrorMs: () => null,
    log: { info: write('info'), warn: write('warn'), error: write('error') },
  });
  const port = gateway.addresses()[0]?.address.port ?? 0;
  const clients: RawClient[] = [];
  onTestFinished(async () => {
    for (const client of clients) client.destroy();
    for (const { gate } of [records, subjects, sessions, badges]) gate.release();
    await gateway.close();
    await upstream.close();
  });
  return {
    gateway,
    options: gatewayOptions,
    port,
    log,
    upstream,
    records,
    subjects,
    sessions,
    badges,
    lines,
    at: (time) => void (now = time),
    async client(localAddress) {
      const client = await RawClient.open(port, log, localAddress);
      clients.push(client);
      return client;
    },
    settle,
  };
}

export function routeTo(port: number, changes: Partial<RouteOptions> = {}): RouteOptions {
  return {
    site: FORUM,
    host: null,
    path: '/',
    upstream: { host: '127.0.0.1', port },
    identity: { mode: 'none' },
    badgeBasis: 'publication',
    language: 'zh',
    egress: 'dedicated',
    bodyBytes: 1_000_000_000,
    upgrades: ['websocket'],
    refuseUnderscores: false,
    ...changes,
  };
}

/**
 * Bytes that were on their way over loopback have arrived, and what followed from them was done: several round trips
 * of bytes over loopback in this same process, each behind all events that were ready before it.
 */
async function settle(): Promise<void> {
  const server = createServer((socket) => socket.pipe(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  for (let turn = 0; turn < 8; turn += 1) {
    socket.write('x');
    await once(socket, 'data');
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.destroy();
  server.close();
  await once(server, 'close');
}
