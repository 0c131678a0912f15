import { httpLoad } from '../generators/http-load.ts';
import { timedLoad } from './timed.ts';

export const keepAlive = timedLoad({
  name: 'keep-alive',
  does: '64 kept-alive connections, GET',
  run: (url, seconds) =>
    httpLoad({ url: `${url}/`, seconds, connections: 64, connection: 'keep-alive', requests: 'same' }),
});
