import type { SessionDirectory } from '../model/accounts.ts';
import type { Clock } from '../model/time.ts';
import { createIdentify, type Identify } from './identity.ts';
import type { RouteOptions } from './options.ts';

export interface Route extends RouteOptions {
  /** Names the upstream: requests of one connection to the same one share a socket. */
  readonly key: string;
  readonly identify: Identify;
}

export interface RouteTable {
  /** The route of a host and target: exact host before every host, then the longest path. */
  match(host: string, target: string): Route | null;
}

export function createRouteTable(
  options: readonly RouteOptions[],
  sessions: SessionDirectory,
  clock: Clock,
): RouteTable {
  const routes: Route[] = options.map((route) => ({
    ...route,
    key: `${route.upstream.host} ${route.upstream.port}`,
    identify: createIdentify(route.site, route.identity, sessions, clock),
  }));
  routes.sort((a, b) => Number(b.host !== null) - Number(a.host !== null) || b.path.length - a.path.length);
  return {
    match(host, target) {
      const name = hostName(host);
      for (const route of routes)
        if ((route.host === null || route.host === name) && underPath(target, route.path)) return route;
      return null;
    },
  };
}

function hostName(host: string): string {
  return host.replace(/:\d*$/, '').toLowerCase();
}

/** `/a` covers `/a`, `/a/b` and `/a?x`, not `/ab`. */
function underPath(target: string, path: string): boolean {
  if (path === '/' || target === '*') return true;
  if (!target.startsWith(path)) return false;
  const next = target[path.length];
  return path.endsWith('/') || next === undefined || next === '/' || next === '?';
}
