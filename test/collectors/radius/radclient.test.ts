import { spawn } from 'node:child_process';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startRadiusServer, type RadiusServer } from '../../../src/collectors/radius/server.ts';
import { hasTool } from '../../support/tools.ts';
import { SECRET } from './access-server.ts';
import { RecordingFeed } from './recording-feed.ts';

const open: RadiusServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function start(feed: RecordingFeed): Promise<RadiusServer> {
  const server = await startRadiusServer({
    host: '127.0.0.1',
    port: 0,
    receiveBufferBytes: 0,
    clientOf: () => ({ feed, secret: SECRET }),
  });
  open.push(server);
  return server;
}

interface Sending {
  readonly kind?: 'acct' | 'status';
  readonly secret?: string;
  readonly retries?: number;
  /** Seconds until it sends again. */
  readonly timeout?: number;
}

/** @returns how it ended: 0 when each request was answered, and the answer was right */
async function radclient(
  { address }: RadiusServer,
  attributes: string,
  { kind = 'acct', secret = SECRET.toString(), retries = 1, timeout = 5 }: Sending = {},
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn('radclient', [
    '-x',
    '-r',
    `${retries}`,
    '-t',
    `${timeout}`,
    `127.0.0.1:${address.port}`,
    kind,
    secret,
  ]);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => {
      output += bytes.toString();
    });
  child.stdin.end(`${attributes}\n`);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

const session = (status: string): string =>
  [
    `Acct-Status-Type = ${status}`,
    'Acct-Session-Id = "5f3a"',
    'User-Name = "anna@example.net"',
    'NAS-Identifier = "bras-1"',
    'Framed-IP-Address = 100.64.0.7',
    'Delegated-IPv6-Prefix = 2001:db8:1:ff00::/56',
    'Alc-Nat-Port-Range = "203.0.113.4 37674-37723 router base"',
    'Huawei-NAT-Public-Address = 203.0.113.7',
    'Huawei-NAT-Start-Port = 5056',
    'Huawei-NAT-End-Port = 9087',
  ].join('\n');

describe.runIf(hasTool('radclient'))('radclient, as an access server', { timeout: 20_000 }, () => {
  it.each([
    ['Start', 'start', 'interim'],
    ['Interim-Update', 'interim', 'interim'],
    ['Stop', 'stop', 'delete'],
  ])('is answered to its %s', async (status, event, ports) => {
    const feed = new RecordingFeed();
    const { code, output } = await radclient(await start(feed), session(status));
    expect(output).toContain('Received Accounting-Response');
    expect(code).toBe(0);
    const inside = { address: '100.64.0.7', port: null };
    expect(feed.messages).toMatchObject([
      {
        leases: [
          { event, address: '100.64.0.7', bits: 32, server: 'bras-1', userName: 'anna@example.net' },
          { event, address: '2001:db8:1:ff00::', bits: 56 },
        ],
        translations: [
          { event: ports, inside, outside: { address: '203.0.113.4', low: 37_674, high: 37_723 } },
          { event: ports, inside, outside: { address: '203.0.113.7', low: 5056, high: 9087 } },
        ],
        restarted: null,
      },
    ]);
  });

  it.each(['Accounting-On', 'Accounting-Off'])('is answered to its %s', async (status) => {
    const feed = new RecordingFeed();
    const sent = `Acct-Status-Type = ${status}\nNAS-Identifier = "bras-1"`;
    expect(await radclient(await start(feed), sent)).toMatchObject({ code: 0 });
    expect(feed.messages).toMatchObject([{ leases: [], restarted: { server: 'bras-1' } }]);
  });

  it('is told that the server is there', async () => {
    const feed = new RecordingFeed();
    const sent = await radclient(await start(feed), 'Message-Authenticator = 0x00', { kind: 'status' });
    expect(sent.output).toContain('Received Accounting-Response');
    expect(sent.code).toBe(0);
    expect(feed.messages).toEqual([]);
  });

  it('with another secret hears nothing', async () => {
    const feed = new RecordingFeed();
    const server = await start(feed);
    const sent = await radclient(server, session('Start'), { secret: 'other', timeout: 0.3 });
    expect(sent.code).not.toBe(0);
    expect(sent.output).toContain('No reply');
    expect(feed).toMatchObject({ messages: [], rejections: ['radius-authenticator 1'] });
    expect(server.stats().answered).toBe(0);
  });

  it('sends again until it is durable, and it is stored once', async () => {
    const feed = new RecordingFeed({ atOnce: false });
    const server = await start(feed);
    const sent = radclient(server, session('Start'), { retries: 20, timeout: 0.3 });
    await vi.waitFor(() => expect(server.stats().repeated).toBeGreaterThanOrEqual(1), { timeout: 5000 });
    expect(server.stats().answered).toBe(0);
    feed.finish(true);
    const { code, output } = await sent;
    expect(output).toContain('Received Accounting-Response');
    expect(code).toBe(0);
    expect(feed.messages).toHaveLength(1);
  });
});
