/** Kept-alive load from autocannon, in a process of its own. `node autocannon.ts JSON` */
import autocannon from 'autocannon';
import { CLAIMED_CLIENTS, claimedAddress } from './addresses.ts';
import type { HttpLoad } from './http-load.ts';

const load = JSON.parse(process.argv[2] ?? '') as HttpLoad;

const claiming: autocannon.Request = {
  setupRequest: (request) => {
    const address = claimedAddress(Math.floor(Math.random() * CLAIMED_CLIENTS));
    return { ...request, headers: { ...request.headers, 'x-forwarded-for': address } };
  },
};

const result = await autocannon({
  url: load.url,
  connections: load.connections,
  duration: load.seconds,
  timeout: 5,
  ...(load.claimed && { requests: [claiming] }),
});

const summary = {
  requests: result['2xx'],
  seconds: result.duration,
  p50Ms: result.latency.p50,
  p99Ms: result.latency.p99,
  errors: result.errors + result.non2xx,
};
process.stdout.write(`${JSON.stringify(summary)}\n`);
