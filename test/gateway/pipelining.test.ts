import { describe, expect, it } from 'vitest';
import { bytes } from './answers.ts';
import { openRig } from './harness.ts';
import { OK } from './raw-upstream.ts';

describe('one request after the other', () => {
  it('pipelined requests are answered in order, over one upstream connection', async () => {
    const rig = await openRig();
    rig.upstream.answer = (request, connection) =>
      connection.write(
        `HTTP/1.1 200 OK\r\nContent-Length: ${request.target.length}\r\n\r\n${request.target}`,
      );
    const client = await rig.client();
    client.send(['/1', '/2', '/3'].map((target) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''));
    client.send(
      'POST /4 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhiGET /5 HTTP/1.1\r\nHost: a\r\n\r\n',
    );
    const bodies: string[] = [];
    for (let round = 0; round < 5; round += 1) bodies.push((await client.response()).body);
    expect(bodies).toEqual(['/1', '/2', '/3', '/4', '/5']);
    expect(rig.upstream.sockets).toHaveLength(1);
  });

  it('the second one is not forwarded before the first is answered', async () => {
    const rig = await openRig();
    rig.upstream.answer = () => undefined;
    const client = await rig.client();
    client.get('/1');
    client.get('/2');
    await rig.log.until(() => rig.upstream.requests.length > 0, 'the first');
    await rig.settle();
    expect(rig.upstream.requests).toHaveLength(1);
    rig.upstream.answer = bytes(OK);
    rig.upstream.last.connection.write(OK);
    await client.response();
    expect((await client.response()).status).toBe(200);
  });

  it.each([
    ['a malformed one', 'GET / HTTP/1.1\r\nHost : x\r\n\r\n', 400],
    ['a CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', 405],
  ])(
    'what is said to %s behind a request is never taken for the answer to that request',
    async (_name, second, status) => {
      const rig = await openRig();
      rig.upstream.answer = () => undefined;
      const client = await rig.client();
      client.send(`GET /1 HTTP/1.1\r\nHost: a\r\n\r\n${second}`);
      await rig.log.until(() => rig.upstream.requests.length === 1 || client.closed, 'the first');
      await rig.settle();
      expect(client.bytes).toBe('');
      rig.upstream.last.connection.write(OK);
      expect((await client.response()).status).toBe(200);
      expect((await client.response()).status).toBe(status);
      await client.untilClosed();
    },
  );

  it('garbage behind a request does not get into the answer that is under way', async () => {
    const rig = await openRig();
    rig.upstream.answer = bytes('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf');
    const client = await rig.client();
    client.get('/');
    await client.untilReceived('half');
    client.send('!!! garbage\r\n\r\n');
    await rig.settle();
    expect(client.bytes).toMatch(/\r\n\r\nhalf$/);
    rig.upstream.last.connection.write('done');
    expect((await client.response()).body).toBe('halfdone');
    expect((await client.response()).status).toBe(400);
    await client.untilClosed();
  });

  it('nothing behind a refused request is forwarded', async () => {
    const rig = await openRig();
    const client = await rig.client();
    client.get('/');
    await client.response();
    client.send('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await client.response()).status).toBe(400);
    await client.untilClosed();
    await rig.settle();
    expect(rig.upstream.requests).toHaveLength(1);
  });

  it('nothing behind a request that was answered before its body had come is forwarded', async () => {
    const rig = await openRig();
    rig.upstream.answer = bytes('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno');
    const client = await rig.client();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf.');
    expect(await client.response()).toMatchObject({ status: 413, body: 'no' });
    rig.upstream.answer = bytes(OK);
    client.send('half.GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.untilClosed();
    await rig.settle();
    expect(rig.upstream.requests).toHaveLength(1);
  });

  it('nothing behind a request that ends the connection is forwarded, and its own answer stays whole', async () => {
    const rig = await openRig();
    rig.upstream.answer = bytes('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf');
    const client = await rig.client();
    client.send(
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n',
    );
    await client.untilReceived('half');
    rig.upstream.last.connection.write('done');
    expect((await client.response()).body).toBe('halfdone');
    await client.untilClosed();
    expect(client.bytes.endsWith('halfdone')).toBe(true);
    expect(rig.upstream.requests).toHaveLength(1);
  });

  it('a client that sends requests without end is not read any further than a bound', async () => {
    const rig = await openRig();
    rig.upstream.answer = () => undefined;
    const client = await rig.client();
    const flood = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2000);
    let sent = 0;
    while (sent < 64 * 1024 * 1024 && client.socket.write(flood, 'latin1')) sent += flood.length;
    client.send(flood);
    const out = (): number => client.socket.bytesWritten - client.socket.writableLength;
    for (let still = 0, before = -1; still < 5; still = out() === before ? still + 1 : 0) {
      before = out();
      await rig.settle();
    }
    expect(client.socket.writableLength).toBeGreaterThan(0);
    expect(rig.upstream.requests).toHaveLength(1);
    client.destroy();
  });
});
