import { httpLoad } from '../generators/http-load.ts';
import type { Load } from '../types.ts';
import { PROXIES } from './proxies.ts';

export const newConnection: Load = {
  name: 'new-connection',
  does: 'a new connection for every request, 64 at once, GET',
  clients: 'direct',
  targets: PROXIES,
  run: (url, seconds) =>
    httpLoad({ url: `${url}/`, seconds, connections: 64, connection: 'close', claimed: false }),
};
