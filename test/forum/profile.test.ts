import { createServer } from 'node:http';
import type { RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { ask, forumWith } from './client.ts';

/** A stand-in for the gateway's control API. */
async function controlWith(listener: RequestListener): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

const PICTURE = '<img src="/.shudi/badge/alice.svg"';
const BADGE = { region: 'CN-GD', label: { zh: '广东', en: 'Guangdong' } } as const;

describe('the profile', () => {
  test('shows the region in words, asked for with the token', async () => {
    const asked: unknown[] = [];
    await using control = await controlWith((request, response) => {
      asked.push([request.method, request.url, request.headers.authorization]);
      json(response, 200, BADGE);
    });
    await using forum = await forumWith({ control: { url: control.url, token: 'site-token' } });
    const { status, body } = await ask(`${forum.url}/u/alice`);
    expect(status).toBe(200);
    expect(body).toContain('IP属地：广东');
    expect(body).toContain('IP region: Guangdong');
    expect(body).toContain(PICTURE);
    expect(asked).toEqual([['GET', '/v1/accounts/alice/badge', 'Bearer site-token']]);
  });

  test('is in English where configured', async () => {
    await using control = await controlWith((_, response) => json(response, 200, BADGE));
    await using forum = await forumWith({ control: { url: control.url, token: 't' }, language: 'en' });
    const { body } = await ask(`${forum.url}/u/alice`);
    expect(body).toContain('<html lang="en">');
    expect(body.indexOf('IP region: Guangdong')).toBeLessThan(body.indexOf('IP属地：广东'));
  });

  test.each<[string, RequestListener]>([
    ['is not known to the gateway', (_, response) => json(response, 404, { code: 'no-badge' })],
    ['comes without a label', (_, response) => json(response, 200, { region: 'CN-GD' })],
    [
      'comes with a label that is no text',
      (_, response) => json(response, 200, { label: { zh: 1, en: [] } }),
    ],
    ['comes as something else', (_, response) => json(response, 200, 'null')],
    ['comes broken', (_, response) => json(response, 200, '{')],
    ['is too long', (_, response) => json(response, 200, { ...BADGE, more: 'x'.repeat(20_000) })],
    ['is elsewhere', (_, response) => response.writeHead(302, { location: '/' }).end()],
    ['does not come in time', () => undefined],
    ['comes with a dropped connection', (request) => request.socket.destroy()],
  ])('shows the picture alone when the badge %s', async (_, listener) => {
    await using control = await controlWith(listener);
    await using forum = await forumWith({ control: { url: control.url, token: 't' } });
    const { status, body } = await ask(`${forum.url}/u/alice`);
    expect(status).toBe(200);
    expect(body).toContain(PICTURE);
    expect(body).not.toContain('IP属地：');
  });

  test('shows the picture alone without a control API', async () => {
    await using forum = await forumWith();
    expect((await ask(`${forum.url}/u/alice`)).body).toContain(PICTURE);
  });

  test.each(['/u/nobody', '/u/Alice', '/u/', '/u/alice/x', '/u/..%2f'])('%s is not found', async (path) => {
    await using forum = await forumWith();
    expect((await ask(forum.url + path)).status).toBe(404);
  });
});
