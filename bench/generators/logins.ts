/**
 * 1,000 connections at once: each logs in, sends a few GETs with its cookie, and makes way for the next.
 * `node logins.ts URL SECONDS`
 */
import { keepVisiting } from './visits.ts';
import type { Ask } from './visits.ts';

const CONNECTIONS = 1000;
const GETS = 4;

const url = new URL(process.argv[2] ?? '');
const host = `Host: ${url.host}\r\n`;
const LOGIN = `POST /login HTTP/1.1\r\n${host}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 4\r\n\r\na=bc`;

async function logInAndRead(ask: Ask): Promise<void> {
  const login = await ask(LOGIN);
  if (login === null) return;
  const sid = /\r\nset-cookie: *(sid=[^;\r]+)/i.exec(login.head)?.[1];
  if (sid === undefined) throw new Error('the log-in was answered without a session cookie');
  for (let get = 0; get < GETS; get += 1) {
    if ((await ask(`GET / HTTP/1.1\r\n${host}Cookie: ${sid}\r\n\r\n`)) === null) return;
  }
}

const { first, ...summary } = await keepVisiting(url, CONNECTIONS, Number(process.argv[3]), logInAndRead);
const result = { ...summary, loginP50Ms: first.p50Ms, loginP99Ms: first.p99Ms };
process.stdout.write(`${JSON.stringify(result)}\n`);
