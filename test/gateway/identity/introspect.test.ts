import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { introspectIdentity } from '../../../src/gateway/identity/introspect.ts';
import type { IntrospectOptions } from '../../../src/gateway/options.ts';
import type { Site } from '../../../src/model/accounts.ts';
import type { Millis } from '../../../src/model/time.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { hasTool } from '../../support/tools.ts';
import { makeCertificate } from '../tls/make-certificate.ts';
import { json, openEndpoint, raw, status } from './endpoint.ts';

const NOON = Date.parse('2026-11-20T12:00:00.000Z');
const directory = temporaryDirectory();

function identityAt(url: string, changes: Partial<IntrospectOptions> = {}, capacity?: number) {
  const clock = { now: NOON };
  const changed: string[] = [];
  const identity = introspectIdentity(
    'forum' as Site,
    {
      mode: 'introspect',
      url,
      cookie: 'sid',
      cacheMs: 10_000,
      timeoutMs: 5000,
      concurrency: 4,
      onFailure: 'refuse',
      ...changes,
    },
    {
      tagOf: (site, cookie) => `${site}/${cookie}`,
      changed: async (_site, cookie) => void changed.push(cookie),
    },
    () => clock.now as Millis,
    capacity,
  );
  const credentials = (cookie: string) => ({ cookie: `x=1; sid=${cookie}; y=2`, authorization: 'Bearer z' });
  return {
    clock,
    identity,
    changed,
    ask: (cookie: string) => identity.identify(credentials(cookie)),
    forget: (cookie: string) => identity.forget(credentials(cookie)),
  };
}

const ANNA = { account: 'anna', learned: 'introspect', since: null };

describe('introspection', () => {
  it('asks with the one cookie and nothing else of the client, and believes the answer for its time', async () => {
    const endpoint = await openEndpoint(
      json({ account: 'anna', since: '2026-11-20T19:00:00+08:00', more: [1] }),
    );
    const { clock, ask } = identityAt(endpoint.url);
    const anna = { ...ANNA, since: NOON - 3_600_000 };
    await expect(ask('abc')).resolves.toEqual(anna);
    expect(endpoint.heads[0]).toMatchObject({ cookie: 'sid=abc', accept: 'application/json' });
    expect(endpoint.heads[0]).not.toHaveProperty('authorization');
    clock.now += 9999;
    expect(ask('abc')).toEqual(anna);
    clock.now += 1;
    await expect(ask('abc')).resolves.toEqual(anna);
    expect(endpoint.asked).toEqual(['sid=abc', 'sid=abc']);
  });

  it('without the cookie nobody is asked', async () => {
    const endpoint = await openEndpoint(json({ account: 'anna' }));
    const { identity } = identityAt(endpoint.url);
    expect(identity.identify({ cookie: undefined, authorization: undefined })).toBeNull();
    expect(identity.identify({ cookie: 'other=1', authorization: undefined })).toBeNull();
    expect(identity.identify({ cookie: 'sid=', authorization: undefined })).toBeNull();
    expect(endpoint.asked).toEqual([]);
  });

  it.each([
    ['204', status(204)],
    ['401 with a page', status(401, 'x'.repeat(100_000))],
    ['403', status(403, '{}')],
    ['account null', json({ account: null })],
  ])('%s is nobody, and that is remembered too', async (_, answer) => {
    const endpoint = await openEndpoint(answer);
    const { clock, ask } = identityAt(endpoint.url);
    await expect(ask('abc')).resolves.toBeNull();
    expect(ask('abc')).toBeNull();
    clock.now += 10_000;
    endpoint.answer = json({ account: 'anna' });
    await expect(ask('abc')).resolves.toEqual(ANNA);
    expect(ask('abc')).toEqual(ANNA);
    expect(endpoint.asked).toHaveLength(2);
  });

  it.each([
    ['a number', { account: 42 }, '42', null],
    ['0', { account: 0 }, '0', null],
    ['since null', { account: 'anna', since: null }, 'anna', null],
    ['since a little ahead', { account: 'anna', since: '2026-11-20T12:00:05Z' }, 'anna', NOON],
    ['since far ahead', { account: 'anna', since: '2036-11-20T12:00:00Z' }, 'anna', null],
  ])('understands %s', async (_, value, account, since) => {
    const endpoint = await openEndpoint(json(value));
    await expect(identityAt(endpoint.url).ask('abc')).resolves.toEqual({
      account,
      learned: 'introspect',
      since,
    });
  });

  const elsewhere = 'http://127.0.0.1:9/';
  it.each([
    ['500', status(500, '{"account":"anna"}')],
    ['404', status(404)],
    ['201', status(201, '{"account":"anna"}')],
    ['a redirect', status(302, '{"account":"anna"}', { location: elsewhere })],
    ['a lasting redirect', status(308, '', { location: elsewhere })],
    ['no JSON', status(200, '<html>')],
    ['nothing', status(200)],
    ['JSON cut short', status(200, '{"account":"anna"')],
    [
      'bytes that are no UTF-8',
      (_: unknown, response) => void response.end(Buffer.from('7b226163636f756e74223a22ff227d', 'hex')),
    ],
    ['no object', json('anna')],
    ['null', json(null)],
    ['no account', json({ user: 'anna' })],
    ['a list', json([{ account: 'anna' }])],
    ['an empty account', json({ account: '' })],
    ['an account with blanks', json({ account: 'a b' })],
    ['an account too long', json({ account: 'a'.repeat(129) })],
    ['a fraction', json({ account: 1.5 })],
    ['a number that has lost digits', status(200, '{"account":9007199254740993}')],
    ['an object for an account', json({ account: {} })],
    ['a time without an offset', json({ account: 'anna', since: '2026-11-20T12:00:00' })],
    ['a time that is a number', json({ account: 'anna', since: 1 })],
    ['a body of 8193 bytes', status(200, '{"account":"anna"}'.padEnd(8193))],
    [
      'a body without an end',
      (_: unknown, response) => {
        const timer = setInterval(() => response.write('x'.repeat(1000)), 1);
        response.on('close', () => clearInterval(timer));
      },
    ],
    ['a head without an end', raw(`HTTP/1.1 200 OK\r\n${`X: ${'x'.repeat(100)}\r\n`.repeat(200)}`, false)],
    ['no HTTP', raw('hello\r\n\r\n')],
    ['a body cut short', raw('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"account":"anna"}')],
    ['a chunk that is none', raw('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n')],
    [
      'both lengths',
      raw('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n'),
    ],
    [
      'another protocol',
      raw('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n', false),
    ],
    ['no word before the end', raw('')],
  ] as const satisfies readonly (readonly [string, Parameters<typeof openEndpoint>[0]])[])(
    '%s is a failure, which is not remembered, and the route decides',
    async (_, answer) => {
      const endpoint = await openEndpoint(answer);
      const strict = identityAt(endpoint.url);
      await expect(strict.ask('abc')).resolves.toBe('unavailable');
      await expect(identityAt(endpoint.url, { onFailure: 'anonymous' }).ask('abc')).resolves.toBeNull();
      endpoint.answer = json({ account: 'anna' });
      await expect(strict.ask('abc')).resolves.toEqual(ANNA);
    },
  );

  it('a body of 8192 bytes is taken', async () => {
    const endpoint = await openEndpoint(status(200, '{"account":"anna"}'.padEnd(8192)));
    await expect(identityAt(endpoint.url).ask('abc')).resolves.toEqual(ANNA);
  });

  it('a redirect is not followed', async () => {
    const target = await openEndpoint(json({ account: 'anna' }));
    const endpoint = await openEndpoint(status(307, '', { location: target.url }));
    await expect(identityAt(endpoint.url).ask('abc')).resolves.toBe('unavailable');
    expect(target.asked).toEqual([]);
  });

  it.each([
    ['silence', () => {}],
    [
      'a byte now and then',
      (_: unknown, response) => {
        const timer = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(timer));
      },
    ],
    [
      'interim answers without an end',
      (_: unknown, response) => {
        const timer = setInterval(() => response.writeProcessing(), 20);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ] as const satisfies readonly (readonly [string, Parameters<typeof openEndpoint>[0]])[])(
    '%s ends with the timeout, and the connection is closed',
    async (_, answer) => {
      const endpoint = await openEndpoint(answer);
      const { ask } = identityAt(endpoint.url, { timeoutMs: 150 });
      const started = performance.now();
      const failed = await ask('abc');
      expect(failed).toBe('unavailable');
      expect(performance.now() - started).toBeGreaterThan(140);
      expect(performance.now() - started).toBeLessThan(2000);
      const [socket] = endpoint.connections;
      // Not node's `once`: a connection that is cut while it is written to ends with an error, and that is right.
      if (socket?.closed === false)
        await new Promise<void>((resolve) => socket.once('close', () => resolve()));
      expect(endpoint.asked).toHaveLength(1);
    },
  );

  it('an endpoint that is not there is a failure', async () => {
    await expect(identityAt('http://127.0.0.1:1/').ask('abc')).resolves.toBe('unavailable');
  });

  it('one connection carries question after question, and one that was closed meanwhile is made anew', async () => {
    const endpoint = await openEndpoint(json({ account: 'anna' }));
    const { ask } = identityAt(endpoint.url);
    for (let index = 0; index < 5; index += 1) await ask(`c${index}`);
    expect(endpoint.connections).toHaveLength(1);
    // The endpoint closes at the very moment of the next question.
    endpoint.answer = ({ socket }, response) => {
      endpoint.answer = json({ account: 'anna' });
      if (socket === endpoint.connections[0]) socket.resetAndDestroy();
      else response.end();
    };
    await expect(ask('later')).resolves.toEqual(ANNA);
    expect(endpoint.connections).toHaveLength(2);
    expect(endpoint.asked.slice(-2)).toEqual(['sid=later', 'sid=later']);
  });

  it('questions for one cookie that come together are one', async () => {
    const endpoint = await openEndpoint(json({ account: 'anna' }));
    const { ask } = identityAt(endpoint.url, { concurrency: 1 });
    await expect(Promise.all([ask('abc'), ask('abc'), ask('abc')])).resolves.toEqual([ANNA, ANNA, ANNA]);
    expect(endpoint.asked).toHaveLength(1);
  });

  it('one question more than may be under way fails at once, and does not count against the endpoint', async () => {
    const waiting: (() => void)[] = [];
    const endpoint = await openEndpoint((request, response) => {
      waiting.push(() => json({ account: request.headers.cookie?.slice(4) })(request, response));
    });
    const { ask } = identityAt(endpoint.url, { concurrency: 2 });
    const both = Promise.all([ask('a'), ask('b')]);
    for (let index = 0; index < 20; index += 1) expect(ask(`more-${index}`)).toBe('unavailable');
    await expect.poll(() => waiting.length).toBe(2);
    for (const answer of waiting) answer();
    await expect(both).resolves.toMatchObject([{ account: 'a' }, { account: 'b' }]);
    const more = ask('c');
    await expect.poll(() => waiting.length).toBe(3);
    waiting[2]?.();
    await expect(more).resolves.toMatchObject({ account: 'c' });
  });

  it('after five failures in a row the endpoint is left alone for a second, then asked once', async () => {
    const endpoint = await openEndpoint(status(500));
    const { clock, ask } = identityAt(endpoint.url);
    for (let index = 0; index < 5; index += 1) await expect(ask(`c${index}`)).resolves.toBe('unavailable');
    for (let index = 0; index < 20; index += 1) expect(ask(`d${index}`)).toBe('unavailable');
    expect(endpoint.asked).toHaveLength(5);
    clock.now += 1000;
    const trial = ask('abc');
    expect(ask('def')).toBe('unavailable');
    await expect(trial).resolves.toBe('unavailable');
    expect(endpoint.asked).toHaveLength(6);
    endpoint.answer = json({ account: 'anna' });
    expect(ask('abc')).toBe('unavailable');
    clock.now += 1000;
    await expect(ask('abc')).resolves.toEqual(ANNA);
    await expect(ask('def')).resolves.toEqual(ANNA);
  });

  it('what is remembered is still believed while the endpoint fails', async () => {
    const endpoint = await openEndpoint(json({ account: 'anna' }));
    const { ask } = identityAt(endpoint.url);
    await ask('abc');
    endpoint.answer = status(500);
    for (let index = 0; index < 5; index += 1) await ask(`c${index}`);
    expect(ask('abc')).toEqual(ANNA);
  });

  it('a client that has its question refused, or that no site would ask with, cannot stop the questions of others', async () => {
    const endpoint = await openEndpoint(status(431));
    const { ask } = identityAt(endpoint.url);
    for (const code of [400, 413, 414, 422, 431]) {
      endpoint.answer = status(code);
      for (let index = 0; index < 3; index += 1) await expect(ask(`c${index}`)).resolves.toBe('refuse');
    }
    const asked = endpoint.asked.length;
    for (const cookie of ['\u00ff', 'a\tb', 'x'.repeat(4097)]) expect(ask(cookie)).toBe('refuse');
    expect(endpoint.asked).toHaveLength(asked);
    endpoint.answer = json({ account: 'anna' });
    await expect(ask('abc')).resolves.toEqual(ANNA);
  });

  it('a value is asked with as it is, and with quotes it is another', async () => {
    const endpoint = await openEndpoint((request, response) =>
      json({ account: request.headers.cookie === 'sid=abc' ? 'anna' : null })(request, response),
    );
    const { ask } = identityAt(endpoint.url);
    await expect(ask('"abc"')).resolves.toBeNull();
    await expect(ask('abc')).resolves.toEqual(ANNA);
    expect(endpoint.asked).toEqual(['sid="abc"', 'sid=abc']);
  });

  it('forgetting drops the answer, and that of a question under way', async () => {
    const held: (() => void)[] = [];
    const endpoint = await openEndpoint(json({ account: 'anna' }));
    const { ask, forget } = identityAt(endpoint.url);
    await ask('abc');
    void forget('abc');
    endpoint.answer = (request, response) => held.push(() => json({ account: 'anna' })(request, response));
    const before = ask('abc');
    await expect.poll(() => held.length).toBe(1);
    void forget('abc');
    endpoint.answer = status(401);
    // A question after the logout is a new one, and the late answer of the old one does not come over its own.
    await expect(ask('abc')).resolves.toBeNull();
    held[0]?.();
    await expect(before).resolves.toEqual(ANNA);
    expect(ask('abc')).toBeNull();
    expect(endpoint.asked).toHaveLength(3);
  });

  it('forgetting is told to the other processes; of a cookie that no site can have set there is nothing to tell', async () => {
    const endpoint = await openEndpoint(json({ account: 'anna' }));
    const { forget, changed } = identityAt(endpoint.url);
    await forget('abc');
    expect(changed).toEqual(['abc']);
    for (const cookie of ['\u00ff', 'x'.repeat(4097)]) expect(forget(cookie)).toBeNull();
    expect(changed).toEqual(['abc']);
  });

  it('what another process has changed is asked for anew, also when its question is under way', async () => {
    const endpoint = await openEndpoint(json({ account: 'anna' }));
    const { ask, identity, changed } = identityAt(endpoint.url);
    for (const tag of ['forum/abc', null]) {
      endpoint.answer = json({ account: 'anna' });
      await ask('abc');
      identity.forgetTag('forum/other');
      expect(ask('abc')).toEqual(ANNA);
      endpoint.answer = status(401);
      identity.forgetTag(tag);
      await expect(ask('abc')).resolves.toBeNull();
      identity.forgetTag(null);
    }
    const held: (() => void)[] = [];
    endpoint.answer = (request, response) => held.push(() => json({ account: 'anna' })(request, response));
    const before = ask('abc');
    await expect.poll(() => held.length).toBe(1);
    identity.forgetTag('forum/abc');
    held[0]?.();
    await before;
    endpoint.answer = status(401);
    await expect(ask('abc')).resolves.toBeNull();
    // It is told; it does not tell.
    expect(changed).toEqual([]);
  });

  it('invented cookies do not push out known ones', async () => {
    const endpoint = await openEndpoint((request, response) =>
      (request.headers.cookie === 'sid=abc' ? json({ account: 'anna' }) : status(204))(request, response),
    );
    const remembered = 200;
    const { ask } = identityAt(endpoint.url, { concurrency: 50 }, remembered);
    await ask('abc');
    for (let index = 0; index < 500; index += 50)
      await Promise.all(Array.from({ length: 50 }, async (_, more) => ask(`invented-${index + more}`)));
    expect(ask('abc')).toEqual(ANNA);
    expect(endpoint.asked).toHaveLength(501);
    // And they are bounded themselves.
    await expect(ask('invented-0')).resolves.toBeNull();
    expect(endpoint.asked).toHaveLength(502);
  });

  it('an address that is none is a fault of the configuration', () => {
    for (const url of ['whoami', 'ftp://site.example/', ''])
      expect(() => identityAt(url)).toThrow(expect.objectContaining({ code: 'config.invalid' }) as Error);
  });

  it.runIf(hasTool('openssl'))(
    'https is asked when its certificate is right, and not otherwise',
    async () => {
      const files = makeCertificate(directory, 'site', { names: 'IP:127.0.0.1' });
      const [cert, key] = [readFileSync(files.cert), readFileSync(files.key)];
      let asked = 0;
      const server = createServer({ cert, key }, (_, response) => {
        asked += 1;
        response.end('{"account":"anna"}');
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      onTestFinished(() => void server.close());
      const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      await expect(identityAt(url).ask('abc')).resolves.toBe('unavailable');
      expect(asked).toBe(0);
      const before = getCACertificates();
      onTestFinished(() => setDefaultCACertificates(before));
      setDefaultCACertificates([...before, cert.toString()]);
      await expect(identityAt(url).ask('abc')).resolves.toEqual(ANNA);
      expect(asked).toBe(1);
    },
  );
});
