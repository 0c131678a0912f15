import type { FastifyInstance, FastifyReply } from 'fastify';
import { LRUCache } from 'lru-cache';
import { canonicalAccount, type BadgeDirectory, type Site } from '../model/accounts.ts';
import { regionLabel } from '../model/region.ts';
import type { RouteTable } from './route-table.ts';

const UNKNOWN = 'ZZ';
const MAX_AGE_S = 60;
const MAX_IDS = 100;

interface Rendered {
  readonly body: string;
  readonly etag: string;
}

export interface OwnRouteOptions {
  readonly prefix: string;
  readonly routes: RouteTable;
  readonly badges: BadgeDirectory;
  /** Whether records can be stored: what a load balancer asks. */
  readonly healthy: () => boolean;
}

/** The gateway's own routes: what a profile page fetches. They answer from memory. */
export function registerOwnRoutes(app: FastifyInstance, options: OwnRouteOptions): void {
  const { prefix, routes, badges } = options;
  const rendered = new LRUCache<string, Rendered>({ max: 2000 });

  const codeOf = (site: Site, id: string): string => {
    const account = canonicalAccount(id);
    return (account === null ? null : badges.get(site, account)?.code) ?? UNKNOWN;
  };
  const siteOf = (host: string): Site | null => routes.siteOf(host);

  app.get<{ Params: { account: string }; Querystring: { lang?: string } }>(
    `${prefix}/badge/:account`,
    (request, reply) => {
      const site = siteOf(request.headers.host ?? '');
      if (site === null) return reply.code(404).send();
      const { account } = request.params;
      const svg = account.endsWith('.svg');
      const code = codeOf(site, svg ? account.slice(0, -4) : account);
      const language = request.query.lang === 'en' ? 'en' : 'zh';
      const key = svg ? `svg ${language} ${code}` : `json ${code}`;
      let answer = rendered.get(key);
      if (answer === undefined) {
        answer = {
          body: svg ? badgeSvg(code, language) : JSON.stringify(badgeJson(code)),
          etag: `"${svg ? `s${language}` : 'j'}-${code}"`,
        };
        rendered.set(key, answer);
      }
      return sendCached(
        reply,
        answer,
        svg ? 'image/svg+xml' : 'application/json; charset=utf-8',
        request.headers['if-none-match'],
      );
    },
  );

  app.get<{ Querystring: { ids?: string } }>(`${prefix}/badges`, (request, reply) => {
    const site = siteOf(request.headers.host ?? '');
    const ids = (request.query.ids ?? '').split(',').filter((id) => id !== '');
    if (site === null || ids.length === 0 || ids.length > MAX_IDS) {
      return reply
        .code(400)
        .type('application/problem+json')
        .send({ title: `Name 1 to ${MAX_IDS} accounts in ids, separated by commas`, status: 400 });
    }
    const body = JSON.stringify(Object.fromEntries(ids.map((id) => [id, badgeJson(codeOf(site, id))])));
    return reply
      .header('cache-control', `public, max-age=${MAX_AGE_S}`)
      .header('x-content-type-options', 'nosniff')
      .type('application/json; charset=utf-8')
      .send(body);
  });

  app.get(`${prefix}/healthz`, (_request, reply) =>
    reply
      .code(options.healthy() ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ status: options.healthy() ? 'ok' : 'not recording' }),
  );
}

/** No address, no time, no account: a badge tracks nobody. */
function badgeJson(code: string): { region: string; label: { zh: string; en: string } } {
  return { region: code, label: { zh: regionLabel(code, 'zh'), en: regionLabel(code, 'en') } };
}

function sendCached(
  reply: FastifyReply,
  answer: Rendered,
  type: string,
  ifNoneMatch: string | undefined,
): FastifyReply {
  void reply
    .header('etag', answer.etag)
    .header('cache-control', `public, max-age=${MAX_AGE_S}`)
    .header('x-content-type-options', 'nosniff')
    .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'");
  if (matches(ifNoneMatch, answer.etag)) return reply.code(304).send();
  return reply.type(type).send(answer.body);
}

/** RFC 9110, 13.1.2: weak comparison over a list, or `*`. */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
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
