import { httpLoad } from '../generators/http-load.ts';
import { PROXIES } from './proxies.ts';
import { timedLoad } from './timed.ts';

export const newConnection = timedLoad({
  name: 'new-connection',
  does: 'a new connection for every request, 64 at once, GET',
  targets: [...PROXIES, 'nginx-unshared'],
  run: (url, seconds) =>
    httpLoad({ url: `${url}/`, seconds, connections: 64, connection: 'close', requests: 'same' }),
});
