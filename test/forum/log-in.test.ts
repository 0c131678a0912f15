import { describe, expect, test } from 'vitest';
import { ALICE, ask, forumWith, loggedIn, tokenIn, visitor } from './client.ts';

describe('log-in', () => {
  test('announces the account and rotates the session', async () => {
    await using forum = await forumWith();
    const alice = visitor(forum.url);
    await alice.get('/login');
    const before = alice.cookie;
    const answer = await alice.submit('/login', { account: 'alice', password: ALICE.password });
    expect(answer.status).toBe(303);
    expect(answer.headers['x-shudi-account']).toBe('alice');
    expect(answer.headers['x-shudi-event']).toBe('login');
    expect(answer.headers['set-cookie']?.[0]).toMatch(/^sid=[\w-]{32}; Path=\/; HttpOnly; SameSite=Lax/);
    expect(alice.cookie).not.toBe(before);

    const old = await ask(`${forum.url}/`, { headers: { cookie: before } });
    expect(old.body).not.toContain('/u/alice');
    expect((await alice.get('/')).body).toContain('/u/alice');
  });

  test.each([
    ['a wrong password', { account: 'alice', password: 'wrong horse' }],
    ['an unknown account', { account: 'nobody', password: ALICE.password }],
    ['a name outside the alphabet', { account: 'Alice', password: ALICE.password }],
    ['an overlong password', { account: 'alice', password: 'x'.repeat(129) }],
  ])('announces nothing for %s', async (_, fields) => {
    await using forum = await forumWith();
    const answer = await visitor(forum.url).submit('/login', fields);
    expect(answer.status).toBe(403);
    expect(answer.headers).not.toHaveProperty('x-shudi-account');
    expect(answer.headers).not.toHaveProperty('x-shudi-event');
  });

  test('ignores a session cookie that was not given out, or that came twice', async () => {
    await using forum = await forumWith();
    const alice = await loggedIn(forum.url);
    for (const cookie of [
      'sid=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
      `${alice.cookie}; ${alice.cookie}`,
      'sid=',
    ]) {
      expect((await ask(forum.url, { headers: { cookie } })).body).not.toContain('/u/alice');
    }
  });

  test('logging out announces it, ends the session and clears the cookie', async () => {
    await using forum = await forumWith();
    const alice = await loggedIn(forum.url);
    const { cookie } = alice;
    const answer = await alice.submit('/logout', {}, { page: '/' });
    expect(answer.status).toBe(303);
    expect(answer.headers['x-shudi-account']).toBe('alice');
    expect(answer.headers['x-shudi-event']).toBe('logout');
    expect(answer.headers['set-cookie']?.[0]).toContain('Max-Age=0');
    expect((await ask(forum.url, { headers: { cookie } })).body).not.toContain('/u/alice');
  });

  test('pages of a session that is logged in announce nothing', async () => {
    await using forum = await forumWith();
    const alice = await loggedIn(forum.url);
    expect((await alice.get('/')).headers).not.toHaveProperty('x-shudi-account');
  });
});

describe('registration', () => {
  test('logs in as well', async () => {
    await using forum = await forumWith();
    const bob = visitor(forum.url);
    const answer = await bob.submit('/register', { account: 'bob', password: 'another horse' });
    expect(answer.status).toBe(303);
    expect(answer.headers['x-shudi-account']).toBe('bob');
    expect(answer.headers['x-shudi-event']).toBe('login');
    expect((await bob.get('/u/bob')).status).toBe(200);
  });

  test.each([
    ['a taken name', { account: 'alice', password: 'another horse' }, 409],
    ['a short name', { account: 'b', password: 'another horse' }, 400],
    ['a name with blanks', { account: 'bob b', password: 'another horse' }, 400],
    ['a short password', { account: 'bob', password: '1234567' }, 400],
  ])('refuses %s', async (_, fields, status) => {
    await using forum = await forumWith();
    const answer = await visitor(forum.url).submit('/register', fields);
    expect(answer.status).toBe(status);
    expect(answer.headers).not.toHaveProperty('x-shudi-account');
  });

  test('gives a name to one of two who ask for it at once', async () => {
    await using forum = await forumWith();
    const answers = await Promise.all(
      ['first horse', 'second horse'].map((password) =>
        visitor(forum.url).submit('/register', { account: 'bob', password }),
      ),
    );
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([303, 409]);
  });
});

describe('forms', () => {
  const fields = { account: 'alice', password: ALICE.password };

  test.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['a sibling host', { 'sec-fetch-site': 'same-site' }],
    ['a foreign origin', { origin: 'http://evil.example' }],
    ['a null origin', { origin: 'null' }],
  ])('are refused from %s', async (_, headers) => {
    await using forum = await forumWith();
    expect((await visitor(forum.url).submit('/login', fields, { headers })).status).toBe(403);
  });

  test('are taken from a configured public origin', async () => {
    await using forum = await forumWith({ publicOrigins: ['https://bbs.example'] });
    const headers = { origin: 'https://bbs.example' };
    expect((await visitor(forum.url).submit('/login', fields, { headers })).status).toBe(303);
  });

  test('are refused without the token of their own session', async () => {
    await using forum = await forumWith();
    const stranger = tokenIn((await visitor(forum.url).get('/login')).body);
    expect(stranger).not.toBe('');
    for (const token of ['', 'x', stranger]) {
      const answer = await visitor(forum.url).submit('/login', { ...fields, token });
      expect(answer.status).toBe(403);
      expect(answer.headers).not.toHaveProperty('x-shudi-account');
    }
  });

  test('are refused without a session', async () => {
    await using forum = await forumWith();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = new URLSearchParams(fields).toString();
    expect((await ask(`${forum.url}/login`, { method: 'POST', headers, body })).status).toBe(403);
  });
});
