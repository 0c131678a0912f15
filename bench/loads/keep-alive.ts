import { httpLoad } from '../generators/http-load.ts';
import type { Load } from '../types.ts';
import { PROXIES } from './proxies.ts';

export const keepAlive: Load = {
  name: 'keep-alive',
  does: '64 kept-alive connections, GET',
  clients: 'direct',
  targets: PROXIES,
  run: (url, seconds) =>
    httpLoad({ url: `${url}/`, seconds, connections: 64, connection: 'keep-alive', claimed: false }),
};
