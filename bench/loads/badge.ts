import { httpLoad, KNOWN_ACCOUNTS } from '../generators/http-load.ts';
import type { RunningTarget } from '../types.ts';
import { ORDINARY } from './needs.ts';
import { timedLoad } from './timed.ts';

const BADGE = '/.shudi/badge/';
/** The first, the last, and some in between. */
const LOOKED_AT = [0, 1, 77_777, 500_000, KNOWN_ACCOUNTS - 1];

/** The length of the badges that a started target shows; throws when it shows none or they differ in length. */
export async function badgeBytes({ url }: Pick<RunningTarget, 'url'>): Promise<number> {
  const lengths = new Set<number>();
  for (const number of LOOKED_AT) {
    const page = `${BADGE}u${number}`;
    const response = await fetch(url + page, { signal: AbortSignal.timeout(5000) });
    const body = await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`GET ${page} was answered ${response.status}`);
    if (Buffer.from(body).includes('"ZZ"')) throw new Error(`GET ${page} was answered with no region`);
    lengths.add(body.byteLength);
  }
  const [length = 0, ...others] = lengths;
  if (others.length > 0) throw new Error('the badges differ in length');
  return length;
}

export const badge = timedLoad({
  name: 'badge',
  does: `GET ${BADGE}uN on 64 kept-alive connections, N at random among ${KNOWN_ACCOUNTS.toLocaleString('en-US')} accounts that all have a badge, against a bare Fastify route with a JSON reply of the same length`,
  needs: { ...ORDINARY, knownAccounts: KNOWN_ACCOUNTS },
  targets: ['shudi', 'fastify-json'],
  prepare: async (target) => {
    await badgeBytes(target);
  },
  run: (url, seconds) =>
    httpLoad({ url: url + BADGE, seconds, connections: 64, connection: 'keep-alive', requests: 'accounts' }),
});
