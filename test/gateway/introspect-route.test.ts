import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answering } from './answers.ts';
import { NOON, openRig } from './harness.ts';
import type { IdentityOptions } from '../../src/gateway/options.ts';

/** The site's own endpoint: who holds which session. */
async function sessions(): Promise<{
  url: string;
  known: Map<string, string>;
  asked: string[];
  close: () => void;
}> {
  const known = new Map<string, string>();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const cookie = request.headers.cookie ?? '';
    asked.push(cookie);
    const account = known.get(cookie.replace('sid=', ''));
    if (account === undefined) response.writeHead(401).end();
    else response.setHeader('content-type', 'application/json').end(JSON.stringify({ account }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  onTestFinished(close);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/whose`, known, asked, close };
}

const introspect = (url: string, changes: object = {}): IdentityOptions => ({
  mode: 'introspect',
  url,
  cookie: 'sid',
  cacheMs: 60_000,
  timeoutMs: 1000,
  concurrency: 8,
  onFailure: 'anonymous',
  ...changes,
});

describe('identity by introspection', () => {
  it('the site is asked once with the one cookie; the account is bound before the request is forwarded', async () => {
    const site = await sessions();
    site.known.set('abc', 'anna');
    const rig = await openRig({ identity: introspect(site.url) });
    const client = await rig.client();
    for (let round = 0; round < 3; round += 1) {
      client.get('/', 'Cookie: other=1; sid=abc; more=2\r\n');
      expect((await client.response()).status).toBe(200);
    }
    expect(site.asked).toEqual(['sid=abc']);
    expect(rig.records.all('binding')).toMatchObject([
      { learned: 'introspect', subject: rig.subjects.get('forum', 'anna', NOON) },
    ]);
    expect(rig.log.first('record', 'binding')).toBeLessThan(rig.log.first('upstream', 'bytes'));
  });

  it('what a response says overrides it: after a log-out the site is asked anew', async () => {
    const site = await sessions();
    site.known.set('abc', 'anna');
    const rig = await openRig({ identity: introspect(site.url) });
    const client = await rig.client();
    client.get('/', 'Cookie: sid=abc\r\n');
    await client.response();
    rig.upstream.answer = answering('X-Shudi-Event: logout\r\n');
    client.post('/logout', 'Cookie: sid=abc\r\n');
    await client.response();
    site.known.delete('abc');
    rig.upstream.answer = answering('');
    client.get('/', 'Cookie: sid=abc\r\n');
    await client.response();
    expect(site.asked).toHaveLength(2);
    expect(rig.records.all('unbinding')).toHaveLength(1);
    expect(rig.records.all('binding')).toHaveLength(1);
  });

  it('a log-out is released when every other process has forgotten the cookie, and so is one of another process', async () => {
    const site = await sessions();
    site.known.set('abc', 'anna');
    const rig = await openRig({ identity: introspect(site.url) });
    const client = await rig.client();
    const visit = async (): Promise<void> => {
      client.get('/', 'Cookie: sid=abc\r\n');
      expect((await client.response()).status).toBe(200);
    };
    await visit();
    rig.sessions.gate.hold();
    rig.upstream.answer = answering('X-Shudi-Event: logout\r\n');
    client.post('/logout', 'Cookie: sid=abc\r\n');
    await rig.log.until(() => rig.sessions.gate.waiting === 1, 'the telling');
    await rig.settle();
    const received = client.bytes.length;
    rig.sessions.gate.release();
    await client.response();
    expect(client.bytes.length).toBeGreaterThan(received);
    expect(rig.log.count('vault', 'changed forum abc')).toBe(1);
    rig.upstream.answer = answering('');
    site.known.set('abc', 'bert');
    await visit();
    await visit();
    expect(site.asked).toHaveLength(2);
    site.known.set('abc', 'carl');
    rig.sessions.tell('forum abc');
    await visit();
    expect(rig.records.all('binding').map(({ subject }) => subject)).toEqual(
      ['anna', 'bert', 'carl'].map((name) => rig.subjects.get('forum', name, NOON)),
    );
  });

  it('a response that says what was believed makes nobody forget', async () => {
    const site = await sessions();
    site.known.set('abc', 'anna');
    const rig = await openRig({ identity: introspect(site.url) });
    const client = await rig.client();
    rig.upstream.answer = answering('X-Shudi-Account: anna\r\nX-Shudi-Event: publish\r\n');
    for (let post = 0; post < 3; post += 1) {
      client.post('/posts', 'Cookie: sid=abc\r\n');
      await client.response();
    }
    expect(site.asked).toHaveLength(1);
    expect(rig.log.count('vault', 'changed forum abc')).toBe(0);
    rig.upstream.answer = answering('X-Shudi-Account: bert\r\n');
    client.post('/posts', 'Cookie: sid=abc\r\n');
    await client.response();
    expect(rig.log.count('vault', 'changed forum abc')).toBe(1);
  });

  it('a cookie that no site can have set is refused without a question', async () => {
    const site = await sessions();
    const rig = await openRig({ identity: introspect(site.url, { onFailure: 'refuse' }) });
    const client = await rig.client();
    client.get('/', `Cookie: sid=${'x'.repeat(4097)}\r\n`);
    expect((await client.response()).status).toBe(401);
    expect(site.asked).toEqual([]);
  });

  it.each([
    ['anonymous', 200],
    ['refuse', 503],
  ])('an endpoint that does not answer: %s is %i', async (onFailure, status) => {
    const site = await sessions();
    site.close();
    const rig = await openRig({ identity: introspect(site.url, { onFailure }) });
    const client = await rig.client();
    client.get('/', 'Cookie: sid=abc\r\n');
    expect((await client.response()).status).toBe(status);
    expect(rig.records.all('binding')).toHaveLength(0);
  });
});
