import { httpLoad } from '../generators/http-load.ts';
import { ORDINARY } from './needs.ts';
import { timedLoad } from './timed.ts';

/** Enough for each of them to come once, at 15,000 a second. */
const VISIT_SECONDS = 7;

const claiming = (url: string, seconds: number): ReturnType<typeof httpLoad> =>
  httpLoad({ url: `${url}/`, seconds, connections: 64, connection: 'keep-alive', requests: 'claimed' });

export const claimedClients = timedLoad({
  name: 'claimed-clients',
  does: 'one trusted proxy, 64 kept-alive connections, each GET claims one of 100,000 clients in X-Forwarded-For; all of them have been seen before the count begins',
  needs: { ...ORDINARY, clients: 'claimed' },
  prepare: async ({ url }) => {
    await claiming(url, VISIT_SECONDS);
  },
  run: claiming,
});
