import { httpLoad } from '../generators/http-load.ts';
import type { LoadResult } from '../measure.ts';
import { ORDINARY } from './needs.ts';
import { timedLoad } from './timed.ts';

/** Long enough for nearly all of them to come, at 25,000 a second. */
const VISIT_SECONDS = 14;

const needs = { ...ORDINARY, clients: 'claimed' } as const;
const claiming = (url: string, seconds: number): Promise<LoadResult> =>
  httpLoad({ url: `${url}/`, seconds, connections: 64, connection: 'keep-alive', requests: 'claimed' });

export const claimedClients = timedLoad({
  name: 'claimed-clients',
  does: 'one trusted proxy, 64 kept-alive connections, each GET claims one of 100,000 clients in X-Forwarded-For, at random; most of their first requests are among those that are counted',
  needs,
  run: claiming,
});

export const knownClients = timedLoad({
  name: 'known-clients',
  does: `the same, after ${VISIT_SECONDS} s in which nearly all of them have been seen`,
  needs,
  targets: ['shudi', 'nginx'],
  prepare: async ({ url }) => {
    await claiming(url, VISIT_SECONDS);
  },
  run: claiming,
});
