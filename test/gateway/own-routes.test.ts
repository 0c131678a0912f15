import { describe, expect, it } from 'vitest';
import type { Site } from '../../src/model/accounts.ts';
import { openRig, routeTo, type Rig } from './harness.ts';
import { headerOf } from './raw-upstream.ts';
import type { SeenResponse } from './raw-client.ts';

async function ask(rig: Rig, target: string, lines = '', method = 'GET'): Promise<SeenResponse> {
  const client = await rig.client();
  client.send(`${method} ${target} HTTP/1.1\r\nHost: forum.example\r\n${lines}\r\n`);
  const response = await client.response(method === 'HEAD');
  client.destroy();
  return response;
}
const badge = (rig: Rig, account: string, code: string) =>
  rig.badges.stored.set(`forum ${account}`, { code, source: 'fixture', dataVersion: '7' });
const utf8 = (body: string): string => Buffer.from(body, 'latin1').toString();
const json = (response: SeenResponse): unknown => JSON.parse(utf8(response.body));

const GUANGDONG = { region: 'CN-GD', label: { zh: '广东', en: 'Guangdong' } };
const UNKNOWN = { region: 'ZZ', label: { zh: '未知', en: 'Unknown' } };

describe('badges', () => {
  it('JSON: the region and its names, nothing else; nothing reaches the upstream or the records', async () => {
    const rig = await openRig();
    badge(rig, 'anna', 'CN-GD');
    const response = await ask(rig, '/.shudi/badge/anna');
    expect(response.status).toBe(200);
    expect(json(response)).toEqual(GUANGDONG);
    expect(headerOf(response.head, 'content-type')).toBe('application/json; charset=utf-8');
    expect(headerOf(response.head, 'cache-control')).toBe('public, max-age=60');
    expect(headerOf(response.head, 'x-content-type-options')).toBe('nosniff');
    expect(`${response.head}${response.body}`).not.toMatch(/127\.0|fixture|anna|since|time"/i);
    expect(rig.upstream.sockets).toHaveLength(0);
    expect(rig.log.count('record', /./)).toBe(0);
  });

  it('SVG, in both languages', async () => {
    const rig = await openRig();
    badge(rig, 'anna', 'CN-GD');
    const zh = await ask(rig, '/.shudi/badge/anna.svg');
    expect(headerOf(zh.head, 'content-type')).toMatch(/^image\/svg\+xml/);
    expect(headerOf(zh.head, 'content-security-policy')).toContain("default-src 'none'");
    expect(utf8(zh.body)).toContain('IP属地：广东');
    expect(zh.body).not.toMatch(/<script|onload|127\.0|anna/i);
    expect((await ask(rig, '/.shudi/badge/anna.svg?lang=en')).body).toContain('IP region: Guangdong');
    expect(utf8((await ask(rig, '/.shudi/badge/anna.svg?lang=<x>')).body)).toContain('广东');
  });

  it('an account without a badge, or none that can be, is unknown: who exists is not told', async () => {
    const rig = await openRig();
    for (const path of ['nobody', '%20', 'a%00b', 'x'.repeat(129), '..%2f..%2fetc']) {
      const response = await ask(rig, `/.shudi/badge/${path}`);
      expect(response.status, path).toBe(200);
      expect(json(response)).toEqual(UNKNOWN);
    }
  });

  it.each([
    ['a/b', 'a%2Fb'],
    ['a b'.replace(' ', '\u00a0'), 'a%C2%A0b'],
    ['广东', '%E5%B9%BF%E4%B8%9C'],
    ['<script>', '%3Cscript%3E'],
    ['a"b\'c', 'a%22b%27c'],
    ['100%', '100%25'],
    ['a?b#c', 'a%3Fb%23c'],
    ['..', '%2e%2e'],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['x'.repeat(128), 'x'.repeat(128)],
    ['中'.repeat(128), '%E4%B8%AD'.repeat(128)],
    ['a.svg.b', 'a.svg.b'],
    [':id', ':id'],
    ['*', '*'],
  ])('account %s', async (account, path) => {
    const rig = await openRig();
    badge(rig, account, 'US');
    expect(json(await ask(rig, `/.shudi/badge/${path}`))).toMatchObject({ region: 'US' });
    expect((await ask(rig, `/.shudi/badge/${path}.svg?lang=en`)).body).toContain('IP region: United States');
  });

  it.each(['%zz', '%', '%c0%ae', '%ff'])(
    'a path that is no UTF-8 in percent-encoding (%s): 400, no word about the inside',
    async (path) => {
      const rig = await openRig();
      const response = await ask(rig, `/.shudi/badge/${path}`);
      expect(response.status).toBe(400);
      expect(json(response)).toMatchObject({ code: 'gateway.bad-request' });
      expect(response.body).not.toMatch(/stack|FST_|node_modules/);
    },
  );

  it('what the account is called never gets into a page', async () => {
    const rig = await openRig();
    const evil = '%3Csvg%20onload%3Dalert(1)%3E%3C%2Fsvg%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E';
    for (const target of [
      `badge/${evil}`,
      `badge/${evil}.svg`,
      `badge/x.svg?lang=${evil}`,
      `nothing/${evil}`,
      `badges?ids=${'x'.repeat(200)}&y=${evil}`,
    ]) {
      const response = await ask(rig, `/.shudi/${target}`);
      expect(response.body, target).not.toMatch(/<script|onload/i);
      expect(headerOf(response.head, 'content-type'), target).not.toMatch(/html/);
    }
  });

  it('ETag: unchanged is 304 without a body, changed is answered anew', async () => {
    const rig = await openRig();
    badge(rig, 'anna', 'CN-GD');
    for (const path of ['anna', 'anna.svg', 'anna.svg?lang=en']) {
      const etag = headerOf((await ask(rig, `/.shudi/badge/${path}`)).head, 'etag') ?? '';
      for (const value of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
        const again = await ask(rig, `/.shudi/badge/${path}`, `If-None-Match: ${value}\r\n`);
        expect(again).toMatchObject({ status: 304, body: '' });
        expect(headerOf(again.head, 'etag')).toBe(etag);
      }
      expect((await ask(rig, `/.shudi/badge/${path}`, 'If-None-Match: "other"\r\n')).status).toBe(200);
    }
    const before = headerOf((await ask(rig, '/.shudi/badge/anna')).head, 'etag') ?? '';
    badge(rig, 'anna', 'US');
    expect((await ask(rig, '/.shudi/badge/anna', `If-None-Match: ${before}\r\n`)).status).toBe(200);
  });

  it('accounts with the same region have the same ETag: it tracks nobody', async () => {
    const rig = await openRig();
    badge(rig, 'anna', 'US');
    badge(rig, 'bert', 'US');
    const [one, two] = [await ask(rig, '/.shudi/badge/anna'), await ask(rig, '/.shudi/badge/bert')];
    expect(headerOf(one.head, 'etag')).toBe(headerOf(two.head, 'etag'));
    expect(one.body).toBe(two.body);
  });

  it('HEAD has the head of GET and no body', async () => {
    const rig = await openRig();
    badge(rig, 'anna', 'CN-GD');
    const got = await ask(rig, '/.shudi/badge/anna');
    const head = await ask(rig, '/.shudi/badge/anna', '', 'HEAD');
    expect(head).toMatchObject({ status: 200, body: '' });
    for (const name of ['etag', 'content-length', 'content-type', 'cache-control'])
      expect(headerOf(head.head, name)).toBe(headerOf(got.head, name));
  });

  it('the site follows from the host', async () => {
    const rig = await openRig({
      routes: ({ port }) => [
        routeTo(port, { host: 'forum.example' }),
        routeTo(port, { host: 'shop.example', site: 'shop' as Site }),
      ],
    });
    badge(rig, '42', 'US');
    rig.badges.stored.set('shop 42', { code: 'CN-GD', source: '', dataVersion: '' });
    expect(json(await ask(rig, '/.shudi/badge/42'))).toMatchObject({ region: 'US' });
    const client = await rig.client();
    client.send('GET /.shudi/badge/42 HTTP/1.1\r\nHost: SHOP.example:8080\r\n\r\n');
    expect(json(await client.response())).toMatchObject({ region: 'CN-GD' });
    client.send('GET /.shudi/badge/42 HTTP/1.1\r\nHost: other.example\r\n\r\n');
    expect((await client.response()).status).toBe(404);
  });
});

describe('many badges at once', () => {
  it('answers in one object; unknown ones as unknown', async () => {
    const rig = await openRig();
    badge(rig, 'anna', 'CN-GD');
    const response = await ask(rig, '/.shudi/badges?ids=anna,nobody,__proto__,%E5%B9%BF');
    expect(JSON.parse(utf8(response.body))).toEqual(
      JSON.parse(
        `{"anna":${JSON.stringify(GUANGDONG)},"nobody":${JSON.stringify(UNKNOWN)},"__proto__":${JSON.stringify(UNKNOWN)},"广":${JSON.stringify(UNKNOWN)}}`,
      ),
    );
    expect(headerOf(response.head, 'cache-control')).toBe('public, max-age=60');
    expect(headerOf(response.head, 'x-content-type-options')).toBe('nosniff');
  });

  it.each([
    '',
    '?ids=',
    '?ids=,,,',
    `?ids=${Array.from({ length: 101 }, (_, index) => index).join(',')}`,
    '?ids=a&ids=b',
  ])('%#: none, or more than a hundred: 400', async (query) => {
    const rig = await openRig();
    const response = await ask(rig, `/.shudi/badges${query}`);
    expect(response.status).toBe(400);
    expect(headerOf(response.head, 'content-type')).toMatch(/^application\/problem\+json/);
  });

  it('a hundred are answered', async () => {
    const rig = await openRig();
    const response = await ask(
      rig,
      `/.shudi/badges?ids=${Array.from({ length: 100 }, (_, index) => `a${index}`).join(',')}`,
    );
    expect(Object.keys(json(response) as object)).toHaveLength(100);
  });
});
