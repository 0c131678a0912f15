import { httpLoad } from '../generators/http-load.ts';
import type { Load, RunningTarget } from '../types.ts';

const BADGE = '/.shudi/badge/u1';
/** An address of a mainland province, claimed through the trusted proxy, so that the badge has a region to show. */
const CLIENT = { 'x-forwarded-for': '113.108.81.189' };

async function act(url: string, cookie: string | null): Promise<Response> {
  const headers = cookie === null ? CLIENT : { ...CLIENT, cookie };
  const response = await fetch(url, { method: 'POST', headers, signal: AbortSignal.timeout(5000) });
  await response.arrayBuffer();
  return response;
}

/** Logs u1 in and lets it publish, which gives it a badge. On a target without a gateway this does nothing. */
async function earnBadge({ url }: RunningTarget): Promise<void> {
  const login = await act(`${url}/login?account=u1`, null);
  const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? null;
  if (cookie !== null) await act(`${url}/posts?account=u1`, cookie);
}

/** The length of the badge that a started gateway shows; throws when it shows none. */
export async function badgeBytes(target: RunningTarget): Promise<number> {
  await earnBadge(target);
  const response = await fetch(target.url + BADGE, { signal: AbortSignal.timeout(5000) });
  const body = await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`GET ${BADGE} was answered ${response.status}`);
  return body.byteLength;
}

export const badge: Load = {
  name: 'badge',
  does: `GET ${BADGE} on 64 kept-alive connections, against a bare Fastify route with a JSON reply of the same length`,
  clients: 'claimed',
  targets: ['shudi', 'fastify-json'],
  prepare: async (target) => {
    await badgeBytes(target);
  },
  run: (url, seconds) =>
    httpLoad({ url: url + BADGE, seconds, connections: 64, connection: 'keep-alive', claimed: false }),
};
