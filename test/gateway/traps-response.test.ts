import { describe, expect, it } from 'vitest';
import { bytes } from './answers.ts';
import { openRig, type Rig, type RigOptions } from './harness.ts';
import type { RawClient } from './raw-client.ts';
import { headerOf, OK } from './raw-upstream.ts';

async function answered(text: string, options: RigOptions = {}): Promise<{ rig: Rig; client: RawClient }> {
  const rig = await openRig(options);
  rig.upstream.answer = bytes(text);
  return { rig, client: await rig.client() };
}
/** The connection is still good for one more exchange. */
async function goesOn(rig: Rig, client: RawClient): Promise<void> {
  rig.upstream.answer = bytes(OK);
  client.get('/next');
  expect(await client.response()).toMatchObject({ status: 200, body: 'ok' });
  expect(rig.upstream.sockets).toHaveLength(1);
}

describe('responses without a body', () => {
  it.each([
    [
      '304 with Content-Length',
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 1234\r\nETag: "a"\r\n\r\n',
      'GET',
      '1234',
    ],
    ['304 without', 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n', 'GET', null],
    ['304 that says chunked', 'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n', 'GET', null],
    ['HEAD with Content-Length', 'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n', 'HEAD', '1234'],
    ['HEAD without', 'HTTP/1.1 200 OK\r\nX: 1\r\n\r\n', 'HEAD', null],
    ['HEAD that says chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'HEAD', null],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n', 'GET', null],
    ['204 with Content-Length', 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n', 'DELETE', null],
  ])('%s', async (_name, text, method, length) => {
    const { rig, client } = await answered(text);
    client.send(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`);
    const response = await client.response(true);
    expect(response.status).toBe(Number(text.slice(9, 12)));
    expect(headerOf(response.head, 'content-length')).toBe(length);
    await goesOn(rig, client);
  });

  it('an empty body', async () => {
    const { rig, client } = await answered('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    client.get('/');
    expect(await client.response()).toMatchObject({ status: 200, body: '' });
    await goesOn(rig, client);
  });
});

describe('interim responses', () => {
  it('103 and 102 are passed on, their order kept, repeated names too', async () => {
    const early =
      'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nLink: </b.js>; rel=preload\r\n\r\n';
    const { rig, client } = await answered(`${early}HTTP/1.1 102 Processing\r\n\r\n${OK}`);
    client.get('/');
    const first = await client.response();
    expect(first.status).toBe(103);
    expect(headerOf(first.head, 'link')).toBe('</a.css>; rel=preload | </b.js>; rel=preload');
    expect((await client.response()).status).toBe(102);
    expect(await client.response()).toMatchObject({ status: 200, body: 'ok' });
    await goesOn(rig, client);
  });

  it('names that every object has are names like any other', async () => {
    const { client } = await answered(
      `HTTP/1.1 103 Early Hints\r\n__proto__: 1\r\nconstructor: 2\r\ntoString: 3\r\n\r\n${OK.replace('\r\n', '\r\n__proto__: 1\r\nconstructor: 2\r\n')}`,
    );
    client.get('/');
    const early = await client.response();
    expect(headerOf(early.head, '__proto__')).toBe('1');
    expect(headerOf(early.head, 'constructor')).toBe('2');
    expect(headerOf((await client.response()).head, '__proto__')).toBe('1');
  });

  it('an HTTP/1.0 client gets none', async () => {
    const { client } = await answered(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}`);
    client.send('GET / HTTP/1.0\r\nHost: a\r\n\r\n');
    expect(await client.response()).toMatchObject({ status: 200, body: 'ok' });
    await client.untilClosed();
  });
});

describe('bodies', () => {
  it.each([
    [
      'chunked',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nX-T: 1\r\n\r\n',
      'hello world',
    ],
    [
      'many small chunks',
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(5000)}0\r\n\r\n`,
      'x'.repeat(5000),
    ],
    ['Content-Length', 'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world', 'hello world'],
  ])('%s', async (_name, text, body) => {
    const { rig, client } = await answered(text);
    client.get('/');
    expect((await client.response()).body).toBe(body);
    await goesOn(rig, client);
  });

  it('until the end of the connection', async () => {
    const { rig, client } = await answered('');
    rig.upstream.answer = (_request, connection) => connection.end('HTTP/1.1 200 OK\r\n\r\nto the end');
    client.get('/');
    expect((await client.response()).body).toBe('to the end');
  });

  it('of an HTTP/1.0 upstream', async () => {
    const { rig, client } = await answered('');
    rig.upstream.answer = (_request, connection) =>
      connection.end('HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold');
    client.get('/');
    const response = await client.response();
    expect(response.body).toBe('old');
    expect(response.head).toMatch(/^HTTP\/1\.1 200/);
  });

  it('reason phrases, known and unknown', async () => {
    const { client } = await answered('HTTP/1.1 299 Strange \xe9 thing\r\nContent-Length: 0\r\n\r\n');
    client.get('/');
    expect((await client.response()).head).toMatch(/^HTTP\/1\.1 299 Strange \xe9 thing\r\n/);
  });
});

describe('an HTTP/1.0 client', () => {
  it('gets Content-Length bodies, and keeps its connection when it asks to', async () => {
    const { rig, client } = await answered(OK);
    client.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    expect(await client.response()).toMatchObject({ status: 200, body: 'ok' });
    expect(rig.upstream.last.head).toMatch(/^GET \/ HTTP\/1\.1\r\nHost: 127\.0\.0\.1\r\n/);
    client.send('GET /2 HTTP/1.0\r\n\r\n');
    expect(await client.response()).toMatchObject({ status: 200, body: 'ok' });
    await client.untilClosed();
  });

  it('gets a chunked body without its chunks, until the end of the connection', async () => {
    const { client } = await answered(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    );
    client.send('GET / HTTP/1.0\r\nHost: a\r\n\r\n');
    const response = await client.response();
    expect(response.body).toBe('hello');
    expect(response.head).not.toMatch(/transfer-encoding/i);
  });

  it('does not take a truncated body for a whole one: its connection is reset', async () => {
    const { rig, client } = await answered('');
    rig.upstream.answer = (_request, connection) =>
      connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
    client.send('GET / HTTP/1.0\r\nHost: a\r\n\r\n');
    await client.untilReceived('hello');
    rig.upstream.last.connection.end();
    await client.untilClosed();
    expect(client.errorCode).toBe('ECONNRESET');
  });
});

describe('truncation stays truncation', () => {
  it.each([
    ['Content-Length', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'],
    ['chunked, after a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
    ['chunked, within a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhalf'],
    [
      'chunked, before the last CRLF',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n',
    ],
    ['a broken chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n'],
  ])('%s', async (_name, text) => {
    const { rig, client } = await answered('');
    rig.upstream.answer = (_request, connection) => {
      connection.write(text);
      void rig.log.until(() => client.received > 0, 'the first part').then(() => connection.end());
    };
    client.get('/');
    await client.untilClosed();
    // What arrived in one piece with the fault may be missing altogether.
    if (client.bytes !== '' || !text.endsWith('zz\r\n'))
      expect(client.bytes).toMatch(/^HTTP\/1\.1 200[^]*half/);
    expect(client.bytes).not.toMatch(/0\r\n\r\n$/);
    expect(client.bytes).not.toContain('HTTP/1.1 5');
  });

  it('a body that lasts until the end, and ends with a reset, is truncated too', async () => {
    const { rig, client } = await answered('HTTP/1.1 200 OK\r\n\r\nhalf');
    client.get('/');
    await client.untilReceived('half');
    rig.upstream.last.connection.reset();
    await client.untilClosed();
    expect(client.bytes).not.toMatch(/0\r\n\r\n$/);
  });
});
