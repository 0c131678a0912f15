/**
 * A new connection for every GET, for machines without wrk: autocannon reconnects without counting what it was
 * answered. `node new-connections.ts URL SECONDS CONNECTIONS`
 */
import { keepVisiting } from './visits.ts';

const url = new URL(process.argv[2] ?? '');
const GET = `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: close\r\n\r\n`;

const { first: _, ...summary } = await keepVisiting(
  url,
  Number(process.argv[4]),
  Number(process.argv[3]),
  async (ask) => {
    await ask(GET);
  },
);
process.stdout.write(`${JSON.stringify(summary)}\n`);
