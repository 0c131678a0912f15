import { describe, expect, it } from 'vitest';
import { HEADER_IDENTITY, openRig, type RigOptions } from './harness.ts';
import { headerOf } from './raw-upstream.ts';

const proxied = (changes: object = {}): RigOptions => ({
  listener: { proxyProtocol: { from: ['127.0.0.1'], headerBytes: 536, timeoutMs: 2000, ...changes } },
});
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

describe('a listener with PROXY protocol', () => {
  it.each([
    ['one piece', (text: string) => [text]],
    ['byte by byte', (text: string) => text.split('')],
  ])('records whom the header names, with its port, and tells the upstream (%s)', async (_name, cut) => {
    const rig = await openRig(proxied());
    const client = await rig.client();
    for (const piece of cut(`PROXY TCP4 8.8.4.4 192.0.2.9 55555 443\r\n${GET}`)) {
      client.send(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await client.response()).status).toBe(200);
    expect(rig.records.all('connection')).toMatchObject([
      {
        verdict: 'proxy-protocol',
        client: { address: '8.8.4.4', port: 55_555 },
        peer: { address: '127.0.0.1', port: client.local.port },
      },
    ]);
    expect(rig.records.all('connection')[0]?.chain).toContain('8.8.4.4');
    expect(headerOf(rig.upstream.last.head, 'x-forwarded-for')).toBe('8.8.4.4');
    expect(headerOf(rig.upstream.last.head, 'x-ip-region')).toBe('US');
    client.get('/again');
    expect((await client.response()).status).toBe(200);
    expect(rig.records.all('connection')).toHaveLength(1);
  });

  it('UNKNOWN is the balancer, unverified; so no header of the request may say otherwise', async () => {
    const rig = await openRig(proxied());
    const client = await rig.client();
    client.send(`PROXY UNKNOWN\r\nGET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n`);
    expect((await client.response()).status).toBe(200);
    expect(rig.records.all('connection')).toMatchObject([
      { verdict: 'unverified', client: { address: '127.0.0.1' } },
    ]);
  });

  it('LOCAL (a health check) is the balancer itself', async () => {
    const rig = await openRig(proxied());
    const client = await rig.client();
    client.send(`\r\n\r\n\0\r\nQUIT\n\x20\0\0\0${GET}`);
    expect((await client.response()).status).toBe(200);
    expect(rig.records.all('connection')).toMatchObject([
      { verdict: 'direct', client: { address: '127.0.0.1', port: client.local.port } },
    ]);
  });

  it.each([
    ['none', GET],
    ['a malformed one', `PROXY TCP4 1.2.3.4 5.6.7.8 1 99999\r\n${GET}`],
    ['one that is too long', `PROXY TCP4 ${' '.repeat(200)}\r\n${GET}`],
  ])('without a good header (%s) the connection ends without a word', async (_name, text) => {
    const rig = await openRig(proxied());
    const client = await rig.client();
    client.send(text);
    await client.untilClosed();
    expect(client.bytes).toBe('');
    expect(rig.upstream.sockets).toHaveLength(0);
    expect(rig.gateway.refusals().get('proxy-protocol')).toBe(1);
  });

  it('a header that does not come, and a peer that is not listed, are closed', async () => {
    const slow = await openRig(proxied({ timeoutMs: 60 }));
    const waiting = await slow.client();
    waiting.send('PROXY TCP4');
    await waiting.untilClosed();
    const strict = await openRig(proxied({ from: ['192.0.2.0/24'] }));
    const stranger = await strict.client();
    await stranger.untilClosed();
    for (const rig of [slow, strict]) expect(rig.gateway.refusals().get('proxy-protocol')).toBe(1);
  });

  it('limits count the client, not the balancer', async () => {
    const rig = await openRig({
      ...proxied(),
      limits: { connectionsPerClient: 1 },
      identity: HEADER_IDENTITY,
    });
    const open = async (address: string) => {
      const client = await rig.client();
      client.send(`PROXY TCP4 ${address} 192.0.2.9 1000 443\r\n${GET}`);
      return client;
    };
    const one = await open('8.8.8.1');
    expect((await one.response()).status).toBe(200);
    const other = await open('8.8.8.2');
    expect((await other.response()).status).toBe(200);
    const again = await open('8.8.8.1');
    await again.untilClosed();
    expect(again.bytes).toBe('');
    expect(rig.gateway.refusals().get('too-many-connections')).toBe(1);
  });
});
