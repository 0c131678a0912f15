import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { bytes } from './answers.ts';
import { openRig, routeTo } from './harness.ts';
import { OK } from './raw-upstream.ts';

/** A port that nothing listens on. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const code = (body: string): unknown => (JSON.parse(body) as { code: unknown }).code;

describe('an upstream that fails', () => {
  it('nobody listens: 502, no record of an egress endpoint that never was', async () => {
    const port = await deadPort();
    const rig = await openRig({ routes: () => [routeTo(port)] });
    const client = await rig.client();
    client.get('/');
    const response = await client.response();
    expect(response.status).toBe(502);
    expect(code(response.body)).toBe('gateway.upstream-unreachable');
    expect(rig.records.all('egress')).toEqual([]);
  });

  it('closes without a byte on a fresh connection: 502, not asked again', async () => {
    const rig = await openRig();
    rig.upstream.answer = (_request, connection) => connection.end();
    const client = await rig.client();
    client.get('/');
    expect((await client.response()).status).toBe(502);
    expect(rig.upstream.requests).toHaveLength(1);
  });

  it('closes an idle connection just as it is used: a GET is sent once more, over a recorded connection', async () => {
    const rig = await openRig();
    const client = await rig.client();
    client.get('/1');
    await client.response();
    rig.upstream.answer = (_request, connection) => {
      if (rig.upstream.requests.length === 2) connection.reset();
      else connection.write(OK);
    };
    client.get('/2');
    expect((await client.response()).status).toBe(200);
    expect(rig.upstream.requests.map(({ target }) => target)).toEqual(['/1', '/2', '/2']);
    expect(rig.records.all('egress').map((item) => item.local.port)).toEqual(
      rig.upstream.sockets.map(({ remote }) => remote.port),
    );
    expect(rig.records.all('egress-end')).toMatchObject([
      { local: { port: rig.upstream.sockets[0]?.remote.port } },
    ]);
  });

  it('does so twice: 502, the GET was sent twice and no more', async () => {
    const rig = await openRig();
    const client = await rig.client();
    client.get('/1');
    await client.response();
    rig.upstream.answer = (_request, connection) => connection.reset();
    client.get('/2');
    expect((await client.response()).status).toBe(502);
    expect(rig.upstream.requests).toHaveLength(3);
  });

  it.each([
    ['a POST', 'POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n', ''],
    ['a PUT with a body', 'PUT /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi', ''],
    ['a GET that has begun to be answered', 'GET /2 HTTP/1.1\r\nHost: a\r\n\r\n', 'HTTP/1.1 2'],
  ])('%s is never sent again', async (_name, request, answer) => {
    const rig = await openRig();
    const client = await rig.client();
    client.get('/1');
    await client.response();
    rig.upstream.answer = (_seen, connection) => connection.end(answer);
    client.send(request);
    expect((await client.response()).status).toBe(502);
    expect(rig.upstream.requests).toHaveLength(2);
  });

  it('a POST whose upstream connection went before a byte of it was sent gets another one', async () => {
    const rig = await openRig();
    const client = await rig.client();
    client.get('/1');
    await client.response();
    rig.records.gate.hold();
    client.post('/2');
    await rig.log.until(() => rig.records.gate.waiting > 0, 'the record');
    rig.upstream.sockets[0]?.end();
    await rig.log.untilSeen('upstream', 'closed');
    await rig.settle();
    rig.records.gate.release();
    expect((await client.response()).status).toBe(200);
    expect(rig.upstream.requests.map(({ method }) => method)).toEqual(['GET', 'POST']);
    expect(rig.records.all('request')).toHaveLength(1);
    expect(rig.records.all('egress')).toHaveLength(2);
  });

  it('an upstream that goes each time before its request is sent is tried twice, then it is 502', async () => {
    const rig = await openRig();
    rig.records.gate.hold();
    const client = await rig.client();
    client.post('/');
    for (const round of [1, 2]) {
      await rig.log.untilSeen('record', /^asked (?:connection\+egress\+request|egress)$/, round);
      rig.upstream.sockets[round - 1]?.end();
      await rig.log.untilSeen('upstream', 'closed', round);
      await rig.settle();
      while (rig.records.gate.waiting > 0) rig.records.gate.releaseOne();
    }
    expect((await client.response()).status).toBe(502);
    expect(rig.upstream.sockets).toHaveLength(2);
    expect(rig.upstream.bytes).toBe('');
  });

  it('a 503 of the upstream is passed on, asked once', async () => {
    const rig = await openRig();
    rig.upstream.answer = bytes('HTTP/1.1 503 Busy\r\nRetry-After: 77\r\nContent-Length: 4\r\n\r\nbusy');
    const client = await rig.client();
    client.get('/');
    const response = await client.response();
    expect(response).toMatchObject({ status: 503, body: 'busy' });
    expect(response.head).toContain('Retry-After: 77');
    expect(rig.upstream.requests).toHaveLength(1);
  });

  it('resets every connection that it accepts: 502, and the gateway lives', async () => {
    const rig = await openRig();
    rig.upstream.accept = (connection) => connection.reset();
    for (let round = 0; round < 20; round += 1) {
      const client = await rig.client();
      client.get('/');
      expect((await client.response()).status).toBe(502);
    }
  });

  it('does not answer: 504', async () => {
    const rig = await openRig({ timeouts: { headMs: 50 } });
    rig.upstream.answer = () => undefined;
    const client = await rig.client();
    client.get('/');
    const response = await client.response();
    expect(response.status).toBe(504);
    expect(code(response.body)).toBe('gateway.upstream-timeout');
    await rig.log.untilSeen('upstream', 'closed');
  });

  it('cannot be connected to in time: 504', async () => {
    // 192.0.2.0/24 is for documentation (RFC 5737): nothing answers there, or the machine has no way to it (502).
    const rig = await openRig({
      routes: () => [routeTo(80, { upstream: { host: '192.0.2.1', port: 80 } })],
      timeouts: { connectMs: 50 },
    });
    const client = await rig.client();
    client.get('/');
    expect([502, 504]).toContain((await client.response()).status);
  });

  it('stalls within its answer: the client’s connection ends, the answer stays truncated', async () => {
    const rig = await openRig({ timeouts: { idleMs: 50 } });
    rig.upstream.answer = bytes('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
    const client = await rig.client();
    client.get('/');
    await client.untilClosed();
    expect(client.bytes).toMatch(/\r\n\r\nhalf$/);
    await rig.log.untilSeen('upstream', 'closed');
  });

  it('an idle kept connection is not timed out', async () => {
    const rig = await openRig({ timeouts: { headMs: 40, idleMs: 40 } });
    const client = await rig.client();
    client.get('/1');
    await client.response();
    await new Promise((resolve) => setTimeout(resolve, 120));
    client.get('/2');
    expect((await client.response()).status).toBe(200);
    expect(rig.upstream.sockets).toHaveLength(1);
  });
});

describe('a malformed response is never passed on', () => {
  it.each([
    ['no status line', 'hello\r\n\r\n'],
    ['HTTP/2', 'HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n'],
    ['a status out of range', 'HTTP/1.1 999 OK\r\nContent-Length: 0\r\n\r\n'],
    ['both lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
    ['a list of lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello'],
    ['a signed length', 'HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello'],
    ['an unknown coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['a folded line', 'HTTP/1.1 200 OK\r\nX: 1\r\n folded\r\nContent-Length: 0\r\n\r\n'],
    ['a blank before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n'],
    ['a bare LF', 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n'],
    ['a bare CR in a value', 'HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n'],
    ['a NUL in a value', 'HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n'],
    ['a head that is too long', `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(20_000)}\r\nContent-Length: 0\r\n\r\n`],
    ['an endless head', `HTTP/1.1 200 OK\r\n${'X: a\r\n'.repeat(5000)}`],
    [
      'a 101 that nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    ],
  ])('%s: 502', async (_name, text) => {
    const rig = await openRig();
    rig.upstream.answer = bytes(text);
    const client = await rig.client();
    client.get('/');
    const response = await client.response();
    expect(response.status).toBe(502);
    expect(code(response.body)).toBe('gateway.upstream-invalid');
    expect(client.bytes.match(/HTTP\/1\.1/g)).toHaveLength(1);
    await rig.log.untilSeen('upstream', 'closed');
  });

  it('bytes before any request, or behind an answer, reach nobody', async () => {
    const rig = await openRig();
    const planted = 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nplanted';
    rig.upstream.accept = (connection) => {
      if (rig.upstream.sockets.length === 1) connection.write(planted);
    };
    rig.records.gate.hold();
    const client = await rig.client();
    client.get('/1');
    await rig.log.until(() => rig.records.gate.waiting > 0, 'the record');
    await rig.settle();
    rig.records.gate.release();
    expect((await client.response()).body).toBe('ok');
    rig.upstream.answer = bytes(OK + planted);
    client.get('/2');
    expect((await client.response()).body).toBe('ok');
    await rig.settle();
    rig.upstream.answer = bytes(OK);
    client.get('/3');
    expect((await client.response()).body).toBe('ok');
    expect(client.bytes).not.toContain('planted');
    expect(rig.upstream.sockets).toHaveLength(3);
  });
});
