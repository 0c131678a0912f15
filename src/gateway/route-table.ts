import type { SessionDirectory, Site } from '../model/accounts.ts';
import type { Clock } from '../model/time.ts';
import { createIdentity, type Identity } from './identity/identity.ts';
import type { RouteOptions } from './options.ts';

export interface Route extends Omit<RouteOptions, 'identity'> {
  /** Names the upstream: requests of one connection to the same one share a socket. */
  readonly key: string;
  readonly identity: Identity;
  readonly identityMode: RouteOptions['identity']['mode'];
  /** The cookie that responses bind to an account (identity `header`); null otherwise. */
  readonly sessionCookie: string | null;
  /** The cookie that names the account on a request; null when none does. */
  readonly identityCookie: string | null;
}

export interface RouteTable {
  /**
   * The route of a host and target: exact host before every host, then the longest path. `disputed` when a web service
   * that decodes the path or resolves its dots would take it for another route's: it would get past that one's identity.
   */
  match(host: string, target: string): Route | null | 'disputed';
  /** Whose badges are shown under a host: those of its first route. */
  siteOf(host: string): Site | null;
  /** See Identity.forgetTag. */
  forgetTag(tag: string | null): void;
}

export function createRouteTable(
  options: readonly RouteOptions[],
  sessions: SessionDirectory,
  clock: Clock,
): RouteTable {
  const routes: Route[] = options.map((route) => ({
    ...route,
    key: `${route.upstream.host} ${route.upstream.port}`,
    identity: createIdentity(route.site, route.identity, sessions, clock),
    identityMode: route.identity.mode,
    sessionCookie: route.identity.mode === 'header' ? route.identity.cookie : null,
    identityCookie: 'cookie' in route.identity ? route.identity.cookie : null,
  }));
  routes.sort((a, b) => Number(b.host !== null) - Number(a.host !== null) || b.path.length - a.path.length);
  const find = (name: string, target: string): Route | null => {
    for (const route of routes)
      if ((route.host === null || route.host === name) && underPath(target, route.path)) return route;
    return null;
  };
  return {
    match(host, target) {
      const name = hostName(host);
      const route = find(name, target);
      if (routes.length === 1 || !SPELLED.test(target)) return route;
      const plain = plainPath(target);
      return plain !== null && find(name, plain) === route ? route : 'disputed';
    },
    siteOf(host) {
      const name = hostName(host);
      return routes.find((route) => route.host === null || route.host === name)?.site ?? null;
    },
    forgetTag(tag) {
      for (const { identity } of routes) identity.forgetTag(tag);
    },
  };
}

/** What makes a path readable in more than one way. */
const SPELLED = /%|\\|\/\/|\/\.|;/;

/** A path as a lenient web service may read it; null when it cannot be decoded. */
function plainPath(target: string): string | null {
  const path = target.split('?', 1)[0] ?? '';
  try {
    const segments: string[] = [];
    for (const segment of decodeURIComponent(path).replaceAll('\\', '/').split('/')) {
      const [name = ''] = segment.split(';', 1);
      if (name === '..') segments.pop();
      else if (name !== '' && name !== '.') segments.push(name);
    }
    return `/${segments.join('/')}`;
  } catch {
    return null;
  }
}

function hostName(host: string): string {
  return host.replace(/\.?(?::\d*)?$/, '').toLowerCase();
}

/** `/a` covers `/a`, `/a/b` and `/a?x`, not `/ab`. */
function underPath(target: string, path: string): boolean {
  if (path === '/' || target === '*') return true;
  if (!target.startsWith(path)) return false;
  const next = target[path.length];
  return path.endsWith('/') || next === undefined || next === '/' || next === '?';
}
