import { LRUCache } from 'lru-cache';
import { canonicalAccount, type BadgeDirectory, type Site } from '../model/accounts.ts';
import { regionLabel } from '../model/region.ts';
import { refusal } from './client/refusal.ts';
import { fieldValue } from './http1/header-block.ts';
import type { RequestHead } from './http1/request-parser.ts';
import type { RouteTable } from './route-table.ts';

const UNKNOWN = 'ZZ';
const MAX_AGE_S = 60;
const MAX_IDS = 100;

/** An answer of the gateway itself. */
export interface OwnAnswer {
  /** Status line and header lines, latin1, without Date, Connection and the final blank line. */
  readonly head: string;
  /** Null where the status allows none. A HEAD request gets the head alone. */
  readonly body: Buffer | null;
  readonly close: boolean;
}

/** Answers a request for one of the gateway's own routes; null when it is for a web service. */
export type OwnRoutes = (request: RequestHead) => OwnAnswer | null;

export interface OwnRouteOptions {
  readonly prefix: string;
  readonly routes: RouteTable;
  readonly badges: BadgeDirectory;
  /** Whether records can be stored: what a load balancer asks. */
  readonly healthy: () => boolean;
}

interface Badge extends OwnAnswer {
  readonly etag: string;
  readonly unchanged: OwnAnswer;
}

const JSON_TYPE = 'application/json; charset=utf-8';
const CACHED = `Cache-Control: public, max-age=${MAX_AGE_S}\r\nX-Content-Type-Options: nosniff\r\n`;

/** The gateway's own routes: what a profile page fetches. They answer from memory. */
export function createOwnRoutes({ prefix, routes, badges, healthy }: OwnRouteOptions): OwnRoutes {
  const rendered = new LRUCache<string, Badge>({ max: 2000 });

  const codeOf = (site: Site, id: string): string => {
    const account = canonicalAccount(id);
    return (account === null ? null : badges.get(site, account)?.code) ?? UNKNOWN;
  };

  const badge = (request: RequestHead, name: string, query: string): OwnAnswer => {
    const site = routes.siteOf(request.host);
    if (site === null) return notFound();
    const account = decoded(name);
    if (account === null) return malformedPath();
    const svg = account.endsWith('.svg');
    const code = codeOf(site, svg ? account.slice(0, -4) : account);
    const language = query !== '' && new URLSearchParams(query).get('lang') === 'en' ? 'en' : 'zh';
    const key = svg ? `${language} ${code}` : code;
    let found = rendered.get(key);
    if (found === undefined) {
      found = svg ? svgBadge(code, language) : jsonBadge(code);
      rendered.set(key, found);
    }
    const asked = fieldValue(request.block, 'if-none-match');
    return asked !== undefined && matches(asked, found.etag) ? found.unchanged : found;
  };

  const manyBadges = (request: RequestHead, query: string): OwnAnswer => {
    const site = routes.siteOf(request.host);
    const given = new URLSearchParams(query).getAll('ids');
    const ids = given.length === 1 ? (given[0]?.split(',').filter((id) => id !== '') ?? []) : [];
    if (site === null || ids.length === 0 || ids.length > MAX_IDS)
      return problem('gateway.bad-request', `Name 1 to ${MAX_IDS} accounts in ids, separated by commas.`);
    const body = JSON.stringify(Object.fromEntries(ids.map((id) => [id, badgeJson(codeOf(site, id))])));
    return answer(200, JSON_TYPE, CACHED, body);
  };

  const health = (): OwnAnswer => {
    const well = healthy();
    const body = JSON.stringify({ status: well ? 'ok' : 'not recording' });
    return answer(well ? 200 : 503, JSON_TYPE, 'Cache-Control: no-store\r\n', body);
  };

  return (request) => {
    const { target } = request;
    if (!target.startsWith(prefix)) return null;
    const next = target[prefix.length];
    if (next !== '/' && next !== undefined && next !== '?') return null;
    if (request.method !== 'GET' && request.method !== 'HEAD') return notFound();
    const mark = target.indexOf('?');
    const path = target.slice(prefix.length + 1, mark === -1 ? undefined : mark);
    const query = mark === -1 ? '' : target.slice(mark + 1);
    if (path.startsWith('badge/') && path.length > 6 && !path.includes('/', 6))
      return badge(request, path.slice(6), query);
    if (path === 'badges') return manyBadges(request, query);
    if (path === 'healthz') return health();
    return notFound();
  };
}

const notFound = (): OwnAnswer => problem('gateway.no-route', 'There is no such page.');
const malformedPath = (): OwnAnswer =>
  problem('gateway.bad-request', 'The address of this page is malformed.');

function problem(code: 'gateway.no-route' | 'gateway.bad-request', detail: string): OwnAnswer {
  const { head, body } = refusal(code, detail);
  return { head, body: Buffer.from(body, 'latin1'), close: true };
}

const REASONS = { 200: 'OK', 503: 'Service Unavailable' } as const;

function answer(status: keyof typeof REASONS, type: string, lines: string, text: string): OwnAnswer {
  const body = Buffer.from(text);
  const head = `HTTP/1.1 ${status} ${REASONS[status]}\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n${lines}`;
  return { head, body, close: false };
}

function decoded(text: string): string | null {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function jsonBadge(code: string): Badge {
  return cached(JSON_TYPE, `"j-${code}"`, JSON.stringify(badgeJson(code)));
}

function svgBadge(code: string, language: 'zh' | 'en'): Badge {
  return cached('image/svg+xml', `"s${language}-${code}"`, badgeSvg(code, language));
}

function cached(type: string, etag: string, body: string): Badge {
  const lines = `ETag: ${etag}\r\n${CACHED}Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n`;
  return {
    ...answer(200, type, lines, body),
    etag,
    unchanged: { head: `HTTP/1.1 304 Not Modified\r\n${lines}`, body: null, close: false },
  };
}

/** No address, no time, no account: a badge tracks nobody. */
function badgeJson(code: string): { region: string; label: { zh: string; en: string } } {
  return { region: code, label: { zh: regionLabel(code, 'zh'), en: regionLabel(code, 'en') } };
}

/** RFC 9110, 13.1.2: weak comparison over a list, or `*`. */
function matches(header: string, etag: string): boolean {
  return header.split(',').some((item) => item.trim() === '*' || item.trim().replace(/^W\//, '') === etag);
}

function badgeSvg(code: string, language: 'zh' | 'en'): string {
  const text = (
    language === 'zh' ? `IP属地：${regionLabel(code, 'zh')}` : `IP region: ${regionLabel(code, 'en')}`
  ).replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
  const width = Array.from(text).reduce((sum, char) => sum + (char.charCodeAt(0) > 0x2e80 ? 13 : 7.5), 16);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${Math.ceil(width)}" height="20" role="img" aria-label="${text}"><title>${text}</title>` +
    `<rect width="100%" height="20" rx="4" fill="#eef1f4"/><text x="8" y="14" font-family="system-ui, sans-serif" font-size="12" fill="#33414e">${text}</text></svg>`
  );
}
