import { describe, expect, it } from 'vitest';
import type { SessionDirectory, Site } from '../../src/model/accounts.ts';
import type { Millis } from '../../src/model/time.ts';
import type { RouteOptions } from '../../src/gateway/options.ts';
import { createRouteTable } from '../../src/gateway/route-table.ts';

const route = (site: string, path: string, host: string | null = null): RouteOptions => ({
  site: site as Site,
  host,
  path,
  upstream: { host: '127.0.0.1', port: 1 },
  identity: { mode: 'none' },
  badgeBasis: 'publication',
  language: 'zh',
  egress: 'dedicated',
  bodyBytes: 1000,
  upgrades: [],
  refuseUnderscores: false,
});
const table = (...routes: RouteOptions[]) =>
  createRouteTable(routes, {} as SessionDirectory, () => 0 as Millis);
const found = (routes: ReturnType<typeof table>, host: string, target: string): string | null => {
  const match = routes.match(host, target);
  return match === null || match === 'disputed' ? match : match.site;
};

describe('routes', () => {
  const routes = table(route('all', '/'), route('admin', '/admin'), route('other', '/', 'other.example'));

  it('the longest path of the host wins, at whole segments', () => {
    expect(found(routes, 'a.example', '/')).toBe('all');
    expect(found(routes, 'a.example', '/admin')).toBe('admin');
    expect(found(routes, 'a.example', '/admin?x=1')).toBe('admin');
    expect(found(routes, 'a.example', '/admin/x')).toBe('admin');
    expect(found(routes, 'a.example', '/administrator')).toBe('all');
    expect(found(routes, 'OTHER.example.:8080', '/admin')).toBe('other');
    expect(found(table(route('one', '/', 'one.example')), 'two.example', '/')).toBeNull();
  });

  for (const target of [
    '/%61dmin',
    '/x/../admin',
    '//admin',
    '/./admin',
    '/x/%2e%2e/admin',
    '/x%2f..%2fadmin',
    '/admin/../x',
    '/admin;a=b/x/..',
    '/%zz',
    '\\admin/..\\admin',
  ]) {
    it(`a path that could be another route's is disputed: ${target}`, () =>
      expect(found(routes, 'a.example', target)).toBe('disputed'));
  }

  for (const target of [
    '/caf%C3%A9',
    '/a//b',
    '/a/./b',
    '/v1..',
    '/admin/%61',
    '/?q=%2Fadmin/../',
    '/a;b=c',
  ]) {
    it(`other spellings stay where they are: ${target}`, () =>
      expect(found(routes, 'a.example', target)).toBe(target.startsWith('/admin') ? 'admin' : 'all'));
  }

  it('with one route nothing can be disputed', () =>
    expect(found(table(route('all', '/')), 'a.example', '/%zz/../x')).toBe('all'));
  it('a host with path routes only has a site too', () =>
    expect(table(route('deep', '/deep', 'a.example')).siteOf('a.example')).toBe('deep'));
});
