import { describe, expect, test } from 'vitest';
import { createAccounts } from '../../examples/forum/accounts.ts';
import { createSessions } from '../../examples/forum/sessions.ts';
import { ask, forumWith } from './client.ts';

describe('requests', () => {
  test.each([
    ['GET', '/healthz', 200],
    ['HEAD', '/', 200],
    ['GET', '/nowhere', 404],
    ['PUT', '/', 405],
    ['GET', '/posts', 405],
    ['GET', '/logout', 405],
  ])('%s %s is answered %i', async (method, path, status) => {
    await using forum = await forumWith();
    expect((await ask(forum.url + path, { method })).status).toBe(status);
  });

  test.each([
    ['announced', { 'content-length': '16385' }],
    ['chunked', { 'transfer-encoding': 'chunked' }],
  ])('a body beyond 16 KiB is refused (%s)', async (_, length) => {
    await using forum = await forumWith();
    const headers = { 'content-type': 'application/x-www-form-urlencoded', ...length };
    const answer = await ask(`${forum.url}/login`, { method: 'POST', headers, body: 'x'.repeat(16_385) });
    expect(answer.status).toBe(413);
    expect(answer.headers.connection).toBe('close');
  });

  test('a body that is no form is refused', async () => {
    await using forum = await forumWith();
    const headers = { 'content-type': 'application/json' };
    expect((await ask(`${forum.url}/login`, { method: 'POST', headers, body: '{}' })).status).toBe(415);
  });

  test('errors quote the request id, and only one that looks like it', async () => {
    await using forum = await forumWith();
    const quoted = await ask(`${forum.url}/x`, { headers: { 'x-request-id': '0198-abc' } });
    expect(quoted.body).toContain('<code>0198-abc</code>');
    const odd = await ask(`${forum.url}/x`, { headers: { 'x-request-id': '<i>' } });
    expect(odd.body).not.toContain('<code>');
  });

  test('pages are not framed, cached or scripted', async () => {
    await using forum = await forumWith();
    const { headers } = await ask(forum.url);
    expect(headers['content-security-policy']).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(headers['cache-control']).toBe('no-store');
  });
});

describe('what is kept', () => {
  test('a flood of anonymous sessions evicts nobody who is logged in', () => {
    const sessions = createSessions(10);
    const alice = sessions.start('alice', null);
    const first = sessions.start(null, null);
    for (let n = 0; n < 10; n += 1) sessions.start(null, null);
    expect(sessions.find(`sid=${alice.id}`)).toBe(alice);
    expect(sessions.find(`sid=${first.id}`)).toBeNull();
  });

  test('sessions end after a week', () => {
    let now = 0;
    const sessions = createSessions(10, () => now);
    const alice = sessions.start('alice', null);
    now = 7 * 24 * 3600 * 1000 - 1;
    expect(sessions.find(`sid=${alice.id}`)).toBe(alice);
    now += 1;
    expect(sessions.find(`sid=${alice.id}`)).toBeNull();
  });

  test('registration closes at the bound', async () => {
    const accounts = createAccounts(1);
    expect(await accounts.register('alice', 'correct horse')).toBe('registered');
    expect(await accounts.register('bob', 'another horse')).toBe('full');
  });

  test('a flood of log-ins is told to come back', async () => {
    const accounts = createAccounts(1);
    const verdicts = await Promise.all(Array.from({ length: 40 }, () => accounts.verify('nobody', 'guess')));
    expect(verdicts.filter((verdict) => verdict === 'busy')).toHaveLength(24);
  });
});
