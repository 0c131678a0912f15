/** Kept-alive load from autocannon, in a process of its own. `node autocannon.ts JSON` */
import autocannon from 'autocannon';
import { CLAIMED_CLIENTS, claimedAddress } from './addresses.ts';
import { KNOWN_ACCOUNTS, type HttpLoad } from './http-load.ts';

const load = JSON.parse(process.argv[2] ?? '') as HttpLoad;
const { pathname } = new URL(load.url);

const oneOf = (count: number): number => Math.floor(Math.random() * count);

const requests: Readonly<Record<HttpLoad['requests'], readonly autocannon.Request[]>> = {
  same: [{}],
  claimed: [
    {
      setupRequest: (request) => {
        const headers = { ...request.headers, 'x-forwarded-for': claimedAddress(oneOf(CLAIMED_CLIENTS)) };
        return { ...request, headers };
      },
    },
  ],
  accounts: [{ setupRequest: (request) => ({ ...request, path: `${pathname}u${oneOf(KNOWN_ACCOUNTS)}` }) }],
};

const result = await autocannon({
  url: load.url,
  connections: load.connections,
  duration: load.seconds,
  timeout: 5,
  requests: [...requests[load.requests]],
});

const summary = {
  requests: result['2xx'],
  seconds: result.duration,
  p50Ms: result.latency.p50,
  p99Ms: result.latency.p99,
  errors: result.errors + result.non2xx,
};
process.stdout.write(`${JSON.stringify(summary)}\n`);
