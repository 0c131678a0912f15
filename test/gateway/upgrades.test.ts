import { describe, expect, it } from 'vitest';
import { bytes } from './answers.ts';
import { HEADER_IDENTITY, NOON, openRig } from './harness.ts';
import { headerOf, OK } from './raw-upstream.ts';

const ASKING =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n';
const SWITCHING =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n';

describe('upgrades', () => {
  it('the web service is asked first; its 101 opens a tunnel for raw bytes both ways', async () => {
    const rig = await openRig();
    rig.upstream.answer = () => undefined;
    const client = await rig.client();
    client.get('/live', ASKING);
    await rig.log.until(() => rig.upstream.requests.length === 1, 'the request');
    await rig.settle();
    expect(client.bytes).toBe('');
    const { head, connection } = rig.upstream.last;
    expect(headerOf(head, 'connection')).toBe('upgrade');
    expect(headerOf(head, 'upgrade')).toBe('websocket');
    expect(headerOf(head, 'sec-websocket-key')).toBe('dGhlIHNhbXBsZSBub25jZQ==');
    expect(headerOf(head, 'x-forwarded-for')).toBe('127.0.0.1');
    connection.write(`${SWITCHING}\r\n\x81\x02hi`);
    const answer = await client.response();
    expect(answer.status).toBe(101);
    expect(headerOf(answer.head, 'upgrade')).toBe('websocket');
    expect(headerOf(answer.head, 'sec-websocket-accept')).toBe('x');
    expect(headerOf(answer.head, 'content-length')).toBeNull();
    await client.untilReceived('\x81\x02hi');
    client.send('GET / HTTP/1.1\r\n\xff\xfe');
    await rig.log.until(
      () => connection.bytes.endsWith('GET / HTTP/1.1\r\n\xff\xfe'),
      'bytes that are no request',
    );
    connection.write('HTTP/1.1 200 no response\r\n\r\n');
    await client.untilReceived('no response\r\n\r\n');
    connection.end('bye');
    await client.untilClosed();
    expect(client.bytes.endsWith('bye')).toBe(true);
    await rig.log.untilSeen('record', 'end');
  });

  it('bytes that the client sends ahead of the 101 reach the tunnel, in order', async () => {
    const rig = await openRig();
    rig.upstream.answer = () => undefined;
    const client = await rig.client();
    client.get('/live', ASKING);
    client.send('early');
    await rig.log.until(() => rig.upstream.requests.length === 1, 'the request');
    await rig.settle();
    expect(rig.upstream.bytes).not.toContain('early');
    rig.upstream.last.connection.write(`${SWITCHING}\r\n`);
    client.send('late');
    await rig.log.until(() => rig.upstream.bytes.endsWith('earlylate'), 'both');
  });

  it('refused by the web service, it is an exchange like any other', async () => {
    const rig = await openRig();
    rig.upstream.answer = bytes('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    const client = await rig.client();
    client.get('/live', ASKING);
    expect(await client.response()).toMatchObject({ status: 403, body: 'no' });
    rig.upstream.answer = bytes(OK);
    client.get('/next');
    expect((await client.response()).status).toBe(200);
    expect(rig.upstream.sockets).toHaveLength(1);
  });

  it('the 101 waits for the binding (R1), and the tunnel is one contact for its whole life', async () => {
    const rig = await openRig({ identity: HEADER_IDENTITY });
    rig.upstream.answer = bytes(`${SWITCHING}X-Shudi-Account: anna\r\n\r\nfirst`);
    const client = await rig.client();
    rig.subjects.gate.hold();
    client.get('/live', ASKING);
    await rig.log.until(() => rig.subjects.gate.waiting === 1, 'the subject');
    await rig.settle();
    expect(client.bytes).toBe('');
    rig.subjects.gate.release();
    const answer = await client.response();
    expect(answer.status).toBe(101);
    expect(answer.head).not.toMatch(/shudi-|anna/i);
    await client.untilReceived('first');
    expect(rig.log.first('record', 'binding')).toBeLessThan(rig.log.first('client', 'bytes'));
    rig.at((NOON + 5000) as typeof NOON);
    client.send('x');
    await rig.log.until(() => rig.upstream.bytes.endsWith('x'), 'a byte');
    client.destroy();
    await rig.log.untilSeen('record', 'end');
    expect(rig.records.all('connection')).toHaveLength(1);
    expect(rig.records.all('end')).toMatchObject([{ to: NOON + 5000 }]);
    await rig.log.untilSeen('upstream', 'closed');
  });

  it.each([
    ['another protocol than the one asked for', SWITCHING.replace('websocket', 'h2c')],
    ['two', `${SWITCHING}Upgrade: x\r\n`],
    ['none', SWITCHING.replace('Upgrade: websocket\r\n', '')],
  ])('a 101 to %s is 502', async (_name, text) => {
    const rig = await openRig();
    rig.upstream.answer = bytes(`${text}\r\n`);
    const client = await rig.client();
    client.get('/live', ASKING);
    expect((await client.response()).status).toBe(502);
  });

  it.each([
    [
      'h2c',
      'GET',
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n',
    ],
    ['a list', 'GET', 'Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n'],
    ['one that Connection does not name', 'GET', 'Upgrade: websocket\r\n'],
    ['one with a body', 'POST', 'Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n'],
  ])('%s is not passed on', async (_name, method, lines) => {
    const rig = await openRig();
    const client = await rig.client();
    client.send(`${method} / HTTP/1.1\r\nHost: a\r\n${lines}\r\n${method === 'POST' ? 'hi' : ''}`);
    expect((await client.response()).status).toBe(200);
    expect(rig.upstream.last.head).not.toMatch(/upgrade|http2/i);
  });

  it('a tunnel without a byte ends in time', async () => {
    const rig = await openRig({ timeouts: { tunnelIdleMs: 60 } });
    rig.upstream.answer = bytes(`${SWITCHING}\r\n`);
    const client = await rig.client();
    client.get('/live', ASKING);
    await client.response();
    await client.untilClosed();
    await rig.log.untilSeen('upstream', 'closed');
  });

  it('whoever is slower is waited for, both ways', async () => {
    const rig = await openRig();
    rig.upstream.answer = bytes(`${SWITCHING}\r\n`);
    const client = await rig.client();
    client.get('/live', ASKING);
    await client.response();
    const upstream = rig.upstream.last.connection.socket;
    for (const [from, to] of [
      [client.socket, upstream],
      [upstream, client.socket],
    ] as const) {
      to.pause();
      const piece = Buffer.alloc(65_536, 'x');
      let queued = 0;
      for (let round = 0; round < 400 && from.writableLength < 4 * 1024 * 1024; round += 1) {
        from.write(piece);
        queued += piece.length;
        await new Promise((resolve) => setImmediate(resolve));
      }
      // What the kernel and the gateway took is bounded: the rest waits at the sender.
      expect(from.writableLength).toBeGreaterThan(0);
      expect(queued - from.writableLength).toBeLessThan(24 * 1024 * 1024);
      to.resume();
      await rig.log.until(() => from.writableLength === 0, 'the rest');
    }
  });
});
