import { describe, expect, it } from 'vitest';
import { openRig } from './harness.ts';
import { headerOf, OK } from './raw-upstream.ts';

describe('targets pass byte for byte', () => {
  it.each([
    '/v1../x',
    '/%zz',
    '/%',
    '//x',
    '//evil.example/x',
    '/a%2Fb?x=[]',
    '/?',
    '/??a=b&a=b',
    '/a;b=c',
    '/\'"<>\\^`{|}',
    '/../../etc/passwd',
    '/./a/../b',
    '/%2e%2e/',
    '/a//b///',
    '/%00',
    '/.shudix',
    '/.shud',
    '/*',
    '/:param',
    '/http://x/',
    '/x?url=http://y/#'.replace('#', ''),
  ])('%s', async (target) => {
    const rig = await openRig();
    const client = await rig.client();
    client.get(target);
    expect((await client.response()).status).toBe(200);
    expect(rig.upstream.bytes.slice(0, rig.upstream.bytes.indexOf('\r\n'))).toBe(`GET ${target} HTTP/1.1`);
  });

  it('a long target', async () => {
    const rig = await openRig();
    const client = await rig.client();
    const target = `/${'a'.repeat(8000)}`;
    client.get(target);
    expect((await client.response()).status).toBe(200);
    expect(rig.upstream.last.target).toBe(target);
  });

  it.each([
    ['http://other.example/a/../b?c', '/a/../b?c', 'other.example'],
    ['http://other.example:8080', '/', 'other.example:8080'],
    ['HTTP://other.example?x', '/?x', 'other.example'],
    ['https://[::1]:8443/y', '/y', '[::1]:8443'],
  ])('absolute form %s: its authority counts', async (target, path, host) => {
    const rig = await openRig();
    const client = await rig.client();
    client.get(target);
    expect((await client.response()).status).toBe(200);
    expect(rig.upstream.last.target).toBe(path);
    expect(headerOf(rig.upstream.last.head, 'host')).toBe(host);
  });

  it('OPTIONS *', async () => {
    const rig = await openRig();
    const client = await rig.client();
    client.send('OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await client.response()).status).toBe(200);
    expect(rig.upstream.last.head).toMatch(/^OPTIONS \* HTTP\/1\.1\r\n/);
  });
});

describe('methods', () => {
  it.each([
    'PROPFIND',
    'MKCOL',
    'REPORT',
    'PURGE',
    'M-SEARCH',
    'QUERY',
    'LINK',
    'OPTIONS',
    'PATCH',
    'DELETE',
    'SEARCH',
  ])('%s passes', async (method) => {
    const rig = await openRig();
    const client = await rig.client();
    client.send(`${method} /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody`);
    expect((await client.response()).status).toBe(200);
    await rig.log.until(() => rig.upstream.last.complete, 'the body');
    expect(rig.upstream.last).toMatchObject({ method, body: 'body' });
  });

  it('a GET may have a body', async () => {
    const rig = await openRig();
    rig.upstream.answer = () => undefined;
    const client = await rig.client();
    client.get('/', 'Content-Length: 4\r\n');
    client.send('body');
    await rig.log.until(() => rig.upstream.requests[0]?.complete === true, 'the body');
    rig.upstream.last.connection.write(OK);
    expect((await client.response()).status).toBe(200);
    expect(rig.upstream.last.body).toBe('body');
  });

  it('TRACE: 405 with Allow; CONNECT: 405; an unknown method: 400; none forwarded', async () => {
    const rig = await openRig();
    for (const [head, status] of [
      ['TRACE / HTTP/1.1', 405],
      ['CONNECT a:443 HTTP/1.1', 405],
      ['BREW / HTTP/1.1', 400],
      ['get / HTTP/1.1', 400],
    ] as const) {
      const client = await rig.client();
      client.send(`${head}\r\nHost: a\r\n\r\n`);
      const response = await client.response();
      expect(response.status, head).toBe(status);
      if (head.startsWith('TRACE')) expect(headerOf(response.head, 'allow')).toContain('GET');
    }
    expect(rig.upstream.sockets).toHaveLength(0);
  });
});

describe('upgrades', () => {
  it('a bare Upgrade header, or Keep-Alive, does no harm', async () => {
    const rig = await openRig();
    const client = await rig.client();
    client.get('/', 'Upgrade: websocket\r\nKeep-Alive: timeout=5\r\n');
    expect((await client.response()).status).toBe(200);
    expect(rig.upstream.last.head).not.toMatch(/upgrade|keep-alive/i);
  });

  it('the HTTP/2 preface: 400', async () => {
    const rig = await openRig();
    const client = await rig.client();
    client.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    expect((await client.response()).status).toBe(400);
    await client.untilClosed();
    expect(rig.upstream.sockets).toHaveLength(0);
  });
});
