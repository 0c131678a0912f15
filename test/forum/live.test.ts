import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { Script } from 'node:vm';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ask, forumWith, loggedIn, visitor } from './client.ts';

const POST = { title: '你好', text: '<b>大家好' } as const;

interface Opened extends AsyncDisposable {
  readonly socket: WebSocket;
  readonly head: IncomingMessage;
  next(): Promise<unknown>;
}

/** A WebSocket that is open, with the head of its 101. Messages are kept until they are asked for. */
async function live(base: string, headers: Record<string, string> = {}): Promise<Opened> {
  const socket = new WebSocket(`${base.replace('http', 'ws')}/live`, { headers });
  const waiting: unknown[] = [];
  let take: ((message: unknown) => void) | null = null;
  socket.on('message', (data: Buffer) => {
    const message: unknown = JSON.parse(data.toString());
    if (take === null) waiting.push(message);
    else take(message);
    take = null;
  });
  const upgraded = once(socket, 'upgrade');
  await once(socket, 'open');
  const [head]: IncomingMessage[] = await upgraded;
  if (head === undefined) throw new Error('no 101');
  return {
    socket,
    head,
    next: () =>
      waiting.length > 0
        ? Promise.resolve(waiting.shift())
        : new Promise((resolve) => {
            take = resolve;
          }),
    [Symbol.asyncDispose]: async () => {
      if (socket.readyState === WebSocket.CLOSED) return;
      socket.terminate();
      await once(socket, 'close');
    },
  };
}

/** The status with which a WebSocket is refused. */
async function refused(base: string, headers: Record<string, string>): Promise<number | undefined> {
  const socket = new WebSocket(`${base.replace('http', 'ws')}/live`, { headers });
  socket.on('error', () => undefined);
  const [, response]: [unknown, IncomingMessage] = await new Promise((resolve) => {
    socket.once('unexpected-response', (...answer) => resolve(answer));
  });
  socket.terminate();
  return response.statusCode;
}

/** The head of a stream of Server-Sent Events, and what came of it once it holds a text. */
function stream(url: string, headers: Record<string, string> = {}) {
  return new Promise<{ head: IncomingMessage; until: (text: string) => Promise<string> }>(
    (resolve, reject) => {
      const request = httpRequest(url, { headers, agent: false }, (head) => {
        let seen = '';
        head.setEncoding('utf8');
        head.on('error', () => undefined);
        const until = async (text: string): Promise<string> => {
          while (!seen.includes(text)) {
            const [chunk]: string[] = await once(head, 'data');
            seen += chunk;
          }
          return seen;
        };
        resolve({ head, until });
      });
      request.once('error', reject);
      request.end();
    },
  );
}

describe('the WebSocket', () => {
  test('brings new posts as they are made', async () => {
    await using forum = await forumWith();
    await using anybody = await live(forum.url);
    expect(anybody.head.headers).not.toHaveProperty('x-shudi-account');
    const alice = await loggedIn(forum.url);
    const headers = { 'x-ip-region': 'CN-GD', 'x-ip-region-label': encodeURIComponent('广东') };
    await alice.submit('/posts', POST, { page: '/', headers });
    expect(await anybody.next()).toMatchObject({ author: 'alice', ...POST, region: 'IP属地：广东' });
    await alice.submit('/posts', { title: 'second', text: 'two' }, { page: '/' });
    expect(await anybody.next()).toMatchObject({ title: 'second', region: null });
  });

  test('names on its 101 the account that is logged in', async () => {
    await using forum = await forumWith();
    const alice = await loggedIn(forum.url);
    await using opened = await live(forum.url, { cookie: alice.cookie });
    expect(opened.head.statusCode).toBe(101);
    expect(opened.head.headers['x-shudi-account']).toBe('alice');
    expect(opened.head.headers).not.toHaveProperty('x-shudi-event');
  });

  test('ends with the log-out of its session, and nobody else’s does', async () => {
    await using forum = await forumWith();
    const [first, second] = [await loggedIn(forum.url), await loggedIn(forum.url)];
    await using mine = await live(forum.url, { cookie: first.cookie });
    await using other = await live(forum.url, { cookie: second.cookie });
    const closed = once(mine.socket, 'close');
    await first.submit('/logout', {}, { page: '/' });
    await closed;
    await second.submit('/posts', POST, { page: '/' });
    expect(await other.next()).toMatchObject(POST);
  });

  test.each([
    ['a foreign origin', { origin: 'http://evil.example' }],
    ['a null origin', { origin: 'null' }],
    ['another site', { 'sec-fetch-site': 'cross-site' }],
  ])('is refused from %s', async (_, headers) => {
    await using forum = await forumWith();
    expect(await refused(forum.url, headers)).toBe(403);
  });

  test('is taken from its own and from a configured origin', async () => {
    await using forum = await forumWith({ publicOrigins: ['https://bbs.example'] });
    for (const origin of [forum.url, 'https://bbs.example']) {
      await using opened = await live(forum.url, { origin });
      expect(opened.head.statusCode).toBe(101);
    }
  });

  test('a visitor who sends more than a ping is let go, the others stay', async () => {
    await using forum = await forumWith();
    await using noisy = await live(forum.url);
    await using quiet = await live(forum.url);
    const closed = once(noisy.socket, 'close');
    noisy.socket.send('x'.repeat(126));
    await closed;
    const alice = await loggedIn(forum.url);
    await alice.submit('/posts', POST, { page: '/' });
    expect(await quiet.next()).toMatchObject(POST);
  });

  test('a request for the path without an upgrade is told of it, any other upgrade is ignored', async () => {
    await using forum = await forumWith();
    const plain = await ask(`${forum.url}/live`);
    expect(plain.status).toBe(426);
    expect(plain.headers.upgrade).toBe('websocket');
    const socket = connect(forum.port, '127.0.0.1');
    const answer = once(socket, 'data');
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n');
    expect(String(await answer)).toMatch(/^HTTP\/1\.1 200 /);
    socket.destroy();
  });
});

describe('Server-Sent Events', () => {
  test('bring the same, and name the account that is logged in', async () => {
    await using forum = await forumWith();
    const alice = await loggedIn(forum.url);
    const { head, until } = await stream(`${forum.url}/events`, { cookie: alice.cookie });
    expect(head.statusCode).toBe(200);
    expect(head.headers['content-type']).toBe('text/event-stream');
    expect(head.headers['cache-control']).toBe('no-store');
    expect(head.headers['x-shudi-account']).toBe('alice');
    await until('retry: 3000\n\n');
    await using opened = await live(forum.url);
    await alice.submit('/posts', POST, { page: '/' });
    const text = await until('大家好');
    const data = /^data: (.*)$/m.exec(text)?.[1] ?? '';
    expect(JSON.parse(data)).toEqual(await opened.next());
  });

  test('name nobody for a visitor who is not logged in', async () => {
    await using forum = await forumWith();
    const { head } = await stream(`${forum.url}/events`);
    expect(head.headers).not.toHaveProperty('x-shudi-account');
  });
});

describe('listeners', () => {
  test('are bounded over both ways together, and a place that is left is free again', async () => {
    await using forum = await forumWith({ maxListeners: 2 });
    await using first = await live(forum.url);
    const { head } = await stream(`${forum.url}/events`);
    expect(await refused(forum.url, {})).toBe(503);
    const answer = await ask(`${forum.url}/events`);
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('30');
    head.destroy();
    await expect.poll(() => ask(`${forum.url}/events`, { method: 'HEAD' }).then((a) => a.status)).toBe(200);
    await using again = await live(forum.url);
    expect(again.head.statusCode).toBe(101);
    expect(first.socket.readyState).toBe(WebSocket.OPEN);
  });

  test('do not keep the forum from stopping', async () => {
    const forum = await forumWith();
    await using opened = await live(forum.url);
    await stream(`${forum.url}/events`);
    const closed = once(opened.socket, 'close');
    await forum.close();
    await closed;
  });
});

test('the page’s script is a file of the forum’s own, which the policy allows', async () => {
  await using forum = await forumWith();
  const page = await visitor(forum.url).get('/');
  expect(page.body).toContain('<script src="/live.js" defer></script>');
  expect(page.headers['content-security-policy']).toMatch(/script-src 'self'; connect-src 'self'/);
  const script = await ask(`${forum.url}/live.js`);
  expect(script.headers['content-type']).toBe('text/javascript; charset=utf-8');
  expect(script.body).not.toMatch(/innerHTML|insertAdjacentHTML|eval|document\.write/);
  expect(() => new Script(script.body)).not.toThrow();
});
