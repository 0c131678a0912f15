import { httpLoad } from '../generators/http-load.ts';
import type { Load } from '../types.ts';
import { PROXIES } from './proxies.ts';

export const claimedClients: Load = {
  name: 'claimed-clients',
  does: 'one trusted proxy, 64 kept-alive connections, each GET claims one of 100,000 clients in X-Forwarded-For',
  clients: 'claimed',
  targets: PROXIES,
  run: (url, seconds) =>
    httpLoad({ url: `${url}/`, seconds, connections: 64, connection: 'keep-alive', claimed: true }),
};
