import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { bytes } from './answers.ts';
import { NOON, openRig, type Rig, type RigOptions } from './harness.ts';
import type { RawClient } from './raw-client.ts';

const ASKING = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const PROXY = {
  listener: { trustedProxies: ['127.0.0.0/8'], forwardedHeader: 'x-forwarded-for' },
} satisfies RigOptions;
const later = (ms: number) => (NOON + ms) as typeof NOON;

async function tunnelled(options: RigOptions, lines = ''): Promise<{ rig: Rig; client: RawClient }> {
  const rig = await openRig(options);
  rig.upstream.answer = bytes(SWITCHING);
  const client = await rig.client();
  client.get('/live', `${ASKING}${lines}`);
  expect((await client.response()).status).toBe(101);
  return { rig, client };
}
async function says(rig: Rig, client: RawClient, text: string): Promise<void> {
  client.send(text);
  await rig.log.until(
    () => rig.upstream.sockets[0]?.bytes.endsWith(text) === true,
    `${text} at the web service`,
  );
}

describe('the record of a tunnel', () => {
  it('of a client behind a proxy lasts as long as the tunnel, to its last byte', async () => {
    const { rig, client } = await tunnelled(PROXY, 'X-Forwarded-For: 113.66.1.1\r\n');
    rig.at(later(86_000_000));
    await says(rig, client, 'a');
    rig.at(later(86_400_000));
    await rig.gateway.checkpoint();
    expect(rig.records.all('end')).toEqual([]);
    expect(rig.records.all('checkpoint')).toMatchObject([{ to: later(86_000_000) }]);
    client.destroy();
    await rig.log.untilSeen('upstream', 'closed');
    rig.at(later(200_000_000));
    await rig.settle();
    await rig.gateway.checkpoint();
    await rig.log.untilSeen('record', 'end');
    expect(rig.records.all('end')).toMatchObject([{ to: later(86_000_000), reason: 'idle' }]);
  });

  it('is not the first to go when proxies claim too many clients, however long it says nothing', async () => {
    const limits = { claimedClients: 3 };
    const { rig, client } = await tunnelled({ ...PROXY, limits }, 'X-Forwarded-For: 113.66.1.1\r\n');
    rig.upstream.answer = bytes('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    const proxy = await rig.client();
    for (let number = 2; number < 20; number += 1) {
      proxy.get('/', `X-Forwarded-For: 113.66.1.${number}\r\n`);
      expect((await proxy.response()).status).toBe(200);
      if (number % 2 === 1) await rig.gateway.checkpoint();
    }
    expect(rig.records.all('end').length).toBeGreaterThan(10);
    await says(rig, client, 'still here');
  });

  it.each(['client', 'web service'])('when it is gone, a byte of the %s ends the tunnel', async (who) => {
    const limits = { claimedClients: 1 };
    const { rig, client } = await tunnelled({ ...PROXY, limits }, 'X-Forwarded-For: 113.66.1.1\r\n');
    const proxy = await rig.client();
    proxy.get('/live', `${ASKING}X-Forwarded-For: 113.66.1.2\r\n`);
    await proxy.response();
    const first = rig.upstream.sockets[0];
    if (first === undefined) throw new Error('no upstream connection');
    const before = first.bytes;
    const received = client.bytes;
    if (who === 'client') client.send('x');
    else first.write('x');
    await client.untilClosed();
    await rig.settle();
    expect(first.bytes).toBe(before);
    expect(client.bytes).toBe(received);
  });

  it('a new opening of the recorder ends the tunnels of before', async () => {
    const { rig, client } = await tunnelled({});
    await says(rig, client, 'a');
    rig.records.epoch = 2;
    client.send('b');
    await client.untilClosed();
    await rig.log.untilSeen('upstream', 'closed');
    expect(rig.upstream.bytes.endsWith('a')).toBe(true);
  });
});

describe('the time of a tunnel', () => {
  it('is tunnelIdle: neither upstreamIdle nor a silent web service ends it', async () => {
    const { rig, client } = await tunnelled({
      timeouts: { idleMs: 100, headMs: 100, tunnelIdleMs: 20_000 },
    });
    await says(rig, client, 'a');
    await sleep(400);
    rig.upstream.last.connection.write('b');
    await client.untilReceived('b');
    await sleep(400);
    await says(rig, client, 'c');
    expect(client.closed).toBe(false);
  });

  it('ends both sides when nothing passes', async () => {
    const { rig, client } = await tunnelled({ timeouts: { tunnelIdleMs: 100 } });
    await client.untilClosed();
    await rig.log.untilSeen('upstream', 'closed');
  });
});

describe('the end of a tunnel', () => {
  it('a client that has closed its half gets what the web service still sends', async () => {
    const { rig, client } = await tunnelled({});
    const { connection } = rig.upstream.last;
    connection.socket.allowHalfOpen = true;
    client.socket.end('last words', 'latin1');
    await rig.log.until(() => rig.upstream.bytes.endsWith('last words'), 'the last words');
    await rig.log.untilSeen('upstream', 'end');
    connection.write('an answer');
    await client.untilReceived('an answer');
    connection.end(' to them');
    await client.untilClosed();
    expect(client.bytes.endsWith('an answer to them')).toBe(true);
  });

  it.each(['dedicated', 'pooled'] as const)(
    'a client that reads nothing, closes its half and goes leaves no upstream connection (%s)',
    async (egress) => {
      const { rig, client } = await tunnelled({ route: { egress } });
      const { connection } = rig.upstream.last;
      connection.socket.allowHalfOpen = true;
      client.socket.pause();
      const piece = 'x'.repeat(1_000_000);
      for (let count = 0; count < 40; count += 1) connection.write(piece);
      await rig.settle();
      client.socket.end();
      await rig.log.untilSeen('upstream', 'end');
      client.socket.resetAndDestroy();
      await rig.log.untilSeen('upstream', 'closed');
      if (egress === 'pooled') await rig.log.untilSeen('record', 'egress-end');
    },
  );
});
