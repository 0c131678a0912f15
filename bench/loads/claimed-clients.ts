import { httpLoad } from '../generators/http-load.ts';
import { ORDINARY } from './needs.ts';
import { timedLoad } from './timed.ts';

export const claimedClients = timedLoad({
  name: 'claimed-clients',
  does: 'one trusted proxy, 64 kept-alive connections, each GET claims one of 100,000 clients in X-Forwarded-For, at random; the first request of each of them is among those that are counted, but for the warm-up',
  needs: { ...ORDINARY, clients: 'claimed' },
  run: (url, seconds) =>
    httpLoad({ url: `${url}/`, seconds, connections: 64, connection: 'keep-alive', requests: 'claimed' }),
});
