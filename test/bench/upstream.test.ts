import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startScript } from '../../bench/processes.ts';

let upstream: Awaited<ReturnType<typeof startScript>>;
beforeAll(async () => {
  upstream = await startScript('servers/upstream.ts', []);
});
afterAll(() => upstream.stop());

/** Writes pieces to a connection of its own and gives what came until the service closes it. */
function exchange(pieces: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(upstream.url).port), noDelay: true });
    let seen = '';
    socket.setEncoding('latin1').on('data', (text: string) => (seen += text));
    socket.once('error', reject).once('close', () => resolve(seen));
    pieces.forEach((piece, index) => setTimeout(() => socket.write(piece, 'latin1'), index * 20));
  });
}

const LAST = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const answers = (text: string): number => text.split('HTTP/1.1 200 OK').length - 1;

test('a GET is answered with 1 KiB', async () => {
  const response = await fetch(upstream.url);
  expect((await response.arrayBuffer()).byteLength).toBe(1024);
});

test('as many bytes come as are asked for', async () => {
  for (const bytes of [1, 1024, 3_000_001]) {
    const response = await fetch(`${upstream.url}/bytes/${bytes}`);
    expect((await response.arrayBuffer()).byteLength).toBe(bytes);
  }
});

test('the sink swallows a body to its last byte, and answers then', async () => {
  const put = 'PUT /sink HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n';
  expect(answers(await exchange([`${put}0123456789${LAST}`]))).toBe(2);
  expect(answers(await exchange([put, '01234', `56789${LAST}`]))).toBe(2);
  expect(answers(await exchange([`${put}0123`, '456789', LAST]))).toBe(2);
  expect(answers(await exchange([`PUT /sink HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n${LAST}`]))).toBe(
    2,
  );
});

test('a WebSocket of another make gets every message back, text and binary, also a longer one', async () => {
  const socket = new WebSocket(`${upstream.url.replace('http', 'ws')}/socket`);
  const echoes: string[] = [];
  const sent = ['hello', 'x'.repeat(125), 'y'.repeat(126), 'z'.repeat(40_000)];
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => {
      for (const message of sent) socket.send(message);
      socket.send(Buffer.from([1, 2, 3]));
    });
    socket.on('message', (data: Buffer, isBinary) => {
      echoes.push(isBinary ? data.toString('hex') : data.toString());
      if (echoes.length > sent.length) socket.close();
    });
    socket.on('close', () => resolve());
  });
  expect(echoes).toEqual([...sent, '010203']);
});

test('log-in, post and log-out announce what the gateway has to learn', async () => {
  const ask = (path: string): Promise<Response> =>
    fetch(upstream.url + path, { method: 'POST', body: 'a=bc' });
  const login = await ask('/login?account=u7');
  expect(login.headers.get('x-shudi-account')).toBe('u7');
  expect(login.headers.get('x-shudi-event')).toBe('login');
  expect(login.headers.get('set-cookie')).toMatch(/^sid=/);
  expect((await ask('/posts?account=u7')).headers.get('x-shudi-event')).toBe('publish');
  expect((await ask('/logout')).headers.get('x-shudi-event')).toBe('logout');
});
