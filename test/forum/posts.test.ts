import { describe, expect, test } from 'vitest';
import { createPosts } from '../../examples/forum/posts.ts';
import { forumWith, loggedIn, visitor } from './client.ts';

const POST = { title: '你好', text: '大家好' } as const;

describe('posting', () => {
  test('announces a publication and keeps the region that it was made from', async () => {
    await using forum = await forumWith();
    const alice = await loggedIn(forum.url);
    const headers = { 'x-ip-region': 'CN-GD', 'x-ip-region-label': encodeURIComponent('广东') };
    const answer = await alice.submit('/posts', POST, { page: '/', headers });
    expect(answer.status).toBe(303);
    expect(answer.headers['x-shudi-account']).toBe('alice');
    expect(answer.headers['x-shudi-event']).toBe('publish');
    await alice.submit('/posts', { title: 'second', text: 'two' }, { page: '/' });

    const home = (await visitor(forum.url).get('/')).body;
    expect(home).toContain('IP属地：广东');
    expect(home.match(/IP属地：/g)).toHaveLength(1);
    expect(home.indexOf('second')).toBeLessThan(home.indexOf('你好'));
  });

  test('needs a log-in', async () => {
    await using forum = await forumWith();
    const answer = await visitor(forum.url).submit('/posts', POST, { page: '/login' });
    expect(answer.status).toBe(403);
    expect(answer.headers).not.toHaveProperty('x-shudi-event');
    expect((await visitor(forum.url).get('/')).body).not.toContain('大家好');
  });

  test('escapes what it shows', async () => {
    await using forum = await forumWith();
    const alice = await loggedIn(forum.url);
    const headers = { 'x-ip-region': 'CN-GD', 'x-ip-region-label': encodeURIComponent('<b>') };
    await alice.submit('/posts', { title: '<script>1', text: `"'&<img>` }, { page: '/', headers });
    const home = (await visitor(forum.url).get('/')).body;
    expect(home).toContain('&lt;script&gt;1');
    expect(home).toContain('&quot;&#39;&amp;&lt;img&gt;');
    expect(home).toContain('IP属地：&lt;b&gt;');
    expect(home).not.toMatch(/<script>|<img|<b>/);
  });

  test.each([
    ['no region', {}],
    ['a region that is no code', { 'x-ip-region': 'Guangdong', 'x-ip-region-label': 'x' }],
    ['an address that a client claims', { 'x-forwarded-for': '113.108.1.1' }],
  ])('shows no region for %s', async (_, headers) => {
    await using forum = await forumWith();
    const alice = await loggedIn(forum.url);
    await alice.submit('/posts', POST, { page: '/', headers });
    const home = (await visitor(forum.url).get('/')).body;
    expect(home).toContain('大家好');
    expect(home).not.toMatch(/IP属地|113\.108/);
  });

  test('falls back to the code for a label that is not percent-encoded UTF-8', async () => {
    await using forum = await forumWith();
    const alice = await loggedIn(forum.url);
    const headers = { 'x-ip-region': 'CN-GD', 'x-ip-region-label': '%FF' };
    await alice.submit('/posts', POST, { page: '/', headers });
    expect((await alice.get('/')).body).toContain('IP属地：CN-GD');
  });

  test.each([
    ['an empty title', { title: ' ', text: 'x' }],
    ['an overlong title', { title: 'x'.repeat(101), text: 'x' }],
    ['an overlong text', { title: 'x', text: 'x'.repeat(4001) }],
  ])('refuses %s', async (_, fields) => {
    await using forum = await forumWith();
    const alice = await loggedIn(forum.url);
    const answer = await alice.submit('/posts', fields, { page: '/' });
    expect(answer.status).toBe(400);
    expect(answer.headers).not.toHaveProperty('x-shudi-event');
  });
});

test('the newest 1,000 posts are kept', () => {
  const posts = createPosts();
  for (let n = 0; n < 1010; n += 1) {
    posts.add({ author: 'alice', title: String(n), text: 'x', at: new Date(n), region: null });
  }
  const kept = posts.latest(2000);
  expect(kept).toHaveLength(1000);
  expect(kept[0]?.title).toBe('1009');
  expect(kept.at(-1)?.title).toBe('10');
});
