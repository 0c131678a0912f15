import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasTool } from '../support/tools.ts';
import { forumWith, loggedIn } from './client.ts';

/** A proxy that knows no upgrades: it forwards the request without, as many do. */
async function plainProxy(port: number): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer((incoming, outgoing) => {
    const { upgrade: _upgrade, connection: _connection, ...headers } = incoming.headers;
    const upstream = request(
      { host: '127.0.0.1', port, method: incoming.method, path: incoming.url, headers, agent: false },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    upstream.on('error', () => outgoing.destroy());
    outgoing.on('close', () => upstream.destroy());
    incoming.pipe(upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

describe.runIf(hasTool('chromium'))('the live page in a browser', () => {
  let browser: Browser | null = null;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
    });
  }, 60_000);
  afterAll(() => browser?.close(), 30_000);

  async function showsPost(base: string, forumUrl: string, way: string): Promise<void> {
    const page = await browser?.newPage();
    if (page === undefined) throw new Error('no browser');
    const broken: string[] = [];
    page.on('pageerror', (error) => broken.push(error.message));
    await page.goto(base);
    await page.locator(`html[data-live=${way}]`).waitFor({ state: 'attached' });
    const alice = await loggedIn(forumUrl);
    const text = '<img src=x onerror="document.title=1"> & 大家好';
    await alice.submit('/posts', { title: '你好', text }, { page: '/' });
    await page.locator('#posts article').waitFor();
    expect(await page.locator('#posts article .text').innerText()).toBe(text);
    expect(await page.locator('#posts article h2').innerText()).toBe('你好');
    expect(await page.locator('#posts img').count()).toBe(0);
    expect(await page.locator('#no-posts').count()).toBe(0);
    expect(broken).toEqual([]);
    await page.close();
  }

  test('shows a new post over the WebSocket, as text', async () => {
    await using forum = await forumWith();
    await showsPost(forum.url, forum.url, 'socket');
  });

  test('falls back to Server-Sent Events behind a proxy that knows no WebSocket', async () => {
    await using forum = await forumWith();
    await using proxy = await plainProxy(forum.port);
    await showsPost(proxy.url, forum.url, 'events');
  });
});
