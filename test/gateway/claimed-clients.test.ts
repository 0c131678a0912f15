import { describe, expect, it } from 'vitest';
import type { AccountId } from '../../src/model/accounts.ts';
import type { IpAddress, Port } from '../../src/model/address.ts';
import { answering } from './answers.ts';
import { HEADER_IDENTITY, NOON, openRig, type Rig, type RigOptions } from './harness.ts';
import type { RawClient } from './raw-client.ts';
import { headerOf } from './raw-upstream.ts';

const TRUSTED = {
  trustedProxies: ['127.0.0.0/8'],
  forwardedHeader: 'x-forwarded-for',
  clientPortHeader: 'x-client-port',
};
const later = (ms: number) => (NOON + ms) as typeof NOON;

async function opened(options: RigOptions = {}): Promise<{ rig: Rig; proxy: RawClient }> {
  const rig = await openRig({ ...options, listener: { ...TRUSTED, ...options.listener } });
  return { rig, proxy: await rig.client() };
}
async function visit(proxy: RawClient, address: string, lines = ''): Promise<void> {
  proxy.get('/', `X-Forwarded-For: ${address}\r\n${lines}`);
  expect((await proxy.response()).status).toBe(200);
}

describe('clients behind a trusted proxy', () => {
  it('share a socket and have one record each, before their first byte goes out', async () => {
    const { rig, proxy } = await opened();
    for (const address of ['113.66.1.1', '113.66.1.2', '113.66.1.1']) await visit(proxy, address);
    expect(
      rig.records
        .all('connection')
        .map((item) => [item.client.address, item.client.port, item.verdict, item.chain, item.peer.port]),
    ).toEqual([
      ['113.66.1.1', null, 'forwarded', '113.66.1.1', proxy.local.port],
      ['113.66.1.2', null, 'forwarded', '113.66.1.2', proxy.local.port],
    ]);
    expect(rig.upstream.sockets).toHaveLength(1);
    rig.records.gate.hold();
    const before = rig.upstream.bytes.length;
    proxy.get('/', 'X-Forwarded-For: 113.66.1.3\r\n');
    await rig.log.until(() => rig.records.gate.waiting === 1, 'the third record');
    await rig.settle();
    expect(rig.upstream.bytes).toHaveLength(before);
    rig.records.gate.release();
    await proxy.response();
  });

  it('the shared egress endpoint names no client, and ends with its socket', async () => {
    const { rig, proxy } = await opened();
    await visit(proxy, '113.66.1.1');
    await visit(proxy, '113.66.1.2');
    expect(rig.records.all('egress')).toMatchObject([
      { connection: null, peer: proxy.local, listener: 'public' },
    ]);
    const { address, port } = rig.upstream.sockets[0]?.remote ?? { address: '', port: 0 };
    const found = await rig.records.reader.byEgress(
      address as IpAddress,
      port as Port,
      { from: NOON, to: NOON },
      10,
    );
    expect(found).toMatchObject({ shared: true, total: 2 });
    proxy.destroy();
    await rig.log.untilSeen('record', 'egress-end');
    expect(rig.records.all('egress-end')).toMatchObject([{ connection: null, local: { port } }]);
    expect(rig.records.all('end')).toEqual([]);
  });

  it('the end of a shared egress endpoint is noted before the gateway has closed', async () => {
    const { rig, proxy } = await opened();
    await visit(proxy, '113.66.1.1');
    await rig.gateway.close();
    expect(rig.log.count('record', 'asked egress-end')).toBe(1);
    expect(rig.log.count('record', 'asked end')).toBe(1);
  });

  it('the claimed port makes a client of its own, an unknown one is null', async () => {
    const { rig, proxy } = await opened();
    await visit(proxy, '113.66.1.1', 'X-Client-Port: 1001\r\n');
    await visit(proxy, '113.66.1.1', 'X-Client-Port: 1002\r\n');
    await visit(proxy, '113.66.1.1', 'X-Client-Port: 0\r\n');
    expect(rig.records.all('connection').map((item) => item.client.port)).toEqual([1001, 1002, null]);
    expect(rig.upstream.last.head).not.toMatch(/x-client-port/i);
  });

  it('region and forwarding headers speak of the claimed client', async () => {
    const { rig, proxy } = await opened();
    await visit(proxy, '6.6.6.6, 8.8.8.8', 'X-Client-Port: 1001\r\n');
    const { head } = rig.upstream.last;
    expect(headerOf(head, 'x-forwarded-for')).toBe('8.8.8.8');
    expect(headerOf(head, 'forwarded')).toBe('for="8.8.8.8:1001";proto=http');
    expect(headerOf(head, 'x-ip-region')).toBe('US');
    await visit(proxy, '2001:db8::7');
    expect(headerOf(rig.upstream.last.head, 'forwarded')).toBe('for="[2001:db8::7]";proto=http');
  });

  it('no usable chain: the proxy itself is recorded, unverified', async () => {
    const { rig, proxy } = await opened();
    for (const line of ['', 'X-Forwarded-For: unknown\r\n', 'X-Forwarded-For: 127.0.0.1\r\n']) {
      proxy.get('/', line);
      await proxy.response();
    }
    expect(
      new Set(rig.records.all('connection').map((item) => `${item.client.address} ${item.verdict}`)),
    ).toEqual(new Set(['127.0.0.1 unverified']));
  });

  it('several headers are one chain', async () => {
    const { rig, proxy } = await opened();
    proxy.get('/', 'X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 113.66.1.9\r\n');
    await proxy.response();
    expect(rig.records.all('connection')).toMatchObject([
      { client: { address: '113.66.1.9' }, chain: '6.6.6.6, 113.66.1.9' },
    ]);
  });

  it("CVE-2026-3635: an untrusted peer's claims count for nothing", async () => {
    const rig = await openRig({ listener: { ...TRUSTED, trustedProxies: ['127.0.0.2'] } });
    const client = await rig.client('127.0.0.3');
    client.get(
      '/',
      'X-Forwarded-For: 113.66.1.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nForwarded: for=113.66.1.1\r\nX-Client-Port: 7\r\n',
    );
    await client.response();
    expect(rig.records.all('connection')).toMatchObject([
      { client: client.local, verdict: 'direct', chain: '' },
    ]);
    expect(headerOf(rig.upstream.last.head, 'x-forwarded-for')).toBe('127.0.0.3');
    expect(headerOf(rig.upstream.last.head, 'x-forwarded-proto')).toBe('http');
    expect(rig.upstream.last.head).not.toMatch(/evil|113\.66|x-client-port/i);
  });

  it('an account is one contact, anonymous visits of the same address another', async () => {
    const { rig, proxy } = await opened({ identity: HEADER_IDENTITY });
    for (const name of ['anna', 'bert'])
      rig.sessions.stored.set(`forum ${name}`, { account: name as AccountId, since: NOON });
    for (const line of ['', 'Cookie: sid=anna\r\n', 'Cookie: sid=bert\r\n', 'Cookie: sid=anna\r\n', ''])
      await visit(proxy, '113.66.1.1', line);
    expect(rig.records.all('connection')).toHaveLength(3);
    expect(rig.records.all('binding').map((item) => item.connection)).toEqual(
      rig.records
        .all('connection')
        .slice(1)
        .map((item) => item.id),
    );
  });

  it('a login is bound to a contact of its own, its request belongs to both, the other clients to neither', async () => {
    const { rig, proxy } = await opened({ identity: HEADER_IDENTITY });
    await visit(proxy, '113.66.1.1');
    rig.upstream.answer = answering(
      'X-Shudi-Account: anna\r\nX-Shudi-Event: login\r\nSet-Cookie: sid=one\r\n',
    );
    proxy.post('/login', 'X-Forwarded-For: 113.66.1.1\r\n');
    await proxy.response();
    const [anonymous, anna] = rig.records.all('connection');
    expect(rig.records.all('binding')).toMatchObject([{ connection: anna?.id }]);
    expect(rig.records.all('session')).toMatchObject([{ connection: anna?.id }]);
    expect(rig.records.all('request').map((item) => item.connection)).toEqual([anonymous?.id, anna?.id]);
    expect(anna).toMatchObject({ client: { address: '113.66.1.1' }, verdict: 'forwarded' });
  });

  it('an eviction costs one more record, never a missing one', async () => {
    const { rig, proxy } = await opened({ limits: { claimedClients: 2 } });
    for (const last of [1, 2, 3, 1, 1]) await visit(proxy, `113.66.1.${last}`);
    const records = rig.records.all('connection').map((item) => item.client.address);
    expect(records).toEqual(['113.66.1.1', '113.66.1.2', '113.66.1.3', '113.66.1.1']);
    expect(rig.records.all('end').map((item) => item.reason)).toEqual(['evicted', 'evicted']);
    expect(rig.gateway.counts().claimed).toBe(2);
  });

  it('a client that is evicted while its upstream connection opens is recorded anew, and later ended as idle', async () => {
    const { rig, proxy } = await opened({ limits: { claimedClients: 1, claimedIdleMs: 1000 } });
    const other = await rig.client();
    proxy.get('/one', 'X-Forwarded-For: 113.66.1.1\r\n');
    other.get('/two', 'X-Forwarded-For: 113.66.1.2\r\n');
    expect((await proxy.response()).status).toBe(200);
    expect((await other.response()).status).toBe(200);
    const open = new Set(rig.records.all('connection').map((item) => item.id));
    for (const { id } of rig.records.all('connection')) expect(open.has(id)).toBe(true);
    expect(new Set(rig.records.all('connection').map((item) => item.client.address))).toEqual(
      new Set(['113.66.1.1', '113.66.1.2']),
    );
    rig.at(later(5000));
    await rig.gateway.checkpoint();
    expect(rig.gateway.counts().claimed).toBe(0);
    expect(rig.records.all('end')).toHaveLength(rig.records.all('connection').length);
  });

  it('a silent client ends as idle at its last byte, one with a request under way does not', async () => {
    const { rig, proxy } = await opened({ limits: { claimedIdleMs: 1000 } });
    await visit(proxy, '113.66.1.1');
    rig.at(later(500));
    rig.upstream.answer = () => undefined;
    const waiting = await rig.client();
    waiting.get('/', 'X-Forwarded-For: 113.66.1.2\r\n');
    await rig.log.until(() => rig.upstream.requests.length === 2, 'the second request');
    rig.at(later(5000));
    await rig.gateway.checkpoint();
    expect(rig.records.all('end')).toMatchObject([{ to: NOON, closed: later(5000), reason: 'idle' }]);
    expect(rig.gateway.counts().claimed).toBe(1);
  });

  it('requests that a proxy pipelined before it went away leave no client behind', async () => {
    const { rig, proxy } = await opened({ limits: { claimedIdleMs: 1000 } });
    rig.upstream.answer = () => undefined;
    for (const last of [1, 2, 3]) proxy.get('/', `X-Forwarded-For: 113.66.1.${last}\r\n`);
    await rig.log.until(() => rig.upstream.requests.length === 1, 'the first request');
    proxy.destroy();
    await rig.log.untilSeen('upstream', 'closed');
    await rig.settle();
    rig.at(later(5000));
    await rig.gateway.checkpoint();
    expect(rig.gateway.counts().claimed).toBe(0);
    expect(rig.records.all('connection')).toHaveLength(1);
  });
});
