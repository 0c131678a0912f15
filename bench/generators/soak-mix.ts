/**
 * What a site's visitors do, at a moderate and steady pace: GETs on kept-alive connections, new connections, visits
 * with log-in, a post and log-out, and visitors who leave in the middle of something. `node soak-mix.ts URL SECONDS`
 */
import { connect } from 'node:net';
import { openConnection } from './connection.ts';
import { openLoop } from './open-loop.ts';

const RATES = { keptAlive: 500, newConnections: 40, logins: 20, aborts: 20 } as const;
const ACCOUNTS = 1000;
const LEAVING_MS = 20;

const url = new URL(process.argv[2] ?? '');
const seconds = Number(process.argv[3]);
const host = `Host: ${url.host}\r\n`;
const GET = `GET / HTTP/1.1\r\n${host}\r\n`;

const counts = { keptAlive: 0, newConnections: 0, logins: 0, aborts: 0, errors: 0 };

/** A fault of the target's, not of the visitor's. */
function count(kind: 'newConnections' | 'logins', answered: boolean): void {
  if (answered) counts[kind] += 1;
  else counts.errors += 1;
}

async function newConnection(): Promise<void> {
  const connection = openConnection(url);
  const response = await connection.send(`GET / HTTP/1.1\r\n${host}Connection: close\r\n\r\n`);
  connection.close();
  count('newConnections', response?.status === 200);
}

async function visit(number: number): Promise<void> {
  const connection = openConnection(url);
  const post = (path: string, fields: string) =>
    connection.send(`POST ${path} HTTP/1.1\r\n${host}${fields}Content-Length: 4\r\n\r\na=bc`);
  const login = await post(`/login?account=u${number % ACCOUNTS}`, '');
  const sid = /\r\nset-cookie: *(sid=[^;\r]+)/i.exec(login?.head ?? '')?.[1];
  const cookie = `Cookie: ${sid}\r\n`;
  const page = await connection.send(`GET / HTTP/1.1\r\n${host}${cookie}\r\n`);
  const posted = await post(`/posts?account=u${number % ACCOUNTS}`, cookie);
  // Sessions that stay would be growth that is meant.
  const logout = await post('/logout', cookie);
  connection.close();
  count('logins', sid !== undefined && [page, posted, logout].every((response) => response?.status === 200));
}

/** What is written before the visitor goes. */
const HALVES = [
  `GET / HTTP/1.1\r\nHost: ${url.host}`,
  GET,
  `POST /posts HTTP/1.1\r\n${host}Content-Length: 100000\r\n\r\nabc`,
  `GET /bytes/10000000 HTTP/1.1\r\n${host}\r\n`,
];

function abort(number: number): void {
  const socket = connect({ host: url.hostname, port: Number(url.port) });
  socket.on('error', () => socket.destroy());
  socket.write(HALVES[number % HALVES.length] ?? GET);
  // Some go at once, by a reset; some after a moment.
  setTimeout(() => (number % 8 < 4 ? socket.resetAndDestroy() : socket.destroy()), LEAVING_MS * (number % 3));
  counts.aborts += 1;
}

function every(perSecond: number, act: (number: number) => void): NodeJS.Timeout {
  let number = 0;
  return setInterval(() => act(number++), 1000 / perSecond);
}

const timers = [
  every(RATES.newConnections, () => void newConnection()),
  every(RATES.logins, (number) => void visit(number)),
  every(RATES.aborts, abort),
];
const loop = openLoop(url, 64);
const kept = await loop.run(RATES.keptAlive, seconds);
for (const timer of timers) clearInterval(timer);
loop.close();
counts.keptAlive = kept.requests;
counts.errors += kept.errors;
process.stdout.write(`${JSON.stringify({ ...counts, p50Ms: kept.p50Ms, p99Ms: kept.p99Ms })}\n`);
