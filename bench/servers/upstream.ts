/**
 * The web service behind every target: 1 KiB on every GET, and a log-in that the gateway can learn from. It speaks
 * just enough HTTP over `node:net` to cost a fraction of what it is there to measure.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { parseHead } from './parse-head.ts';
import type { Head } from './parse-head.ts';

const BODY = 'x'.repeat(1024);
const ACCOUNTS = 10_000;
let logins = 0;

function reply(extra: string, close: boolean): string {
  // Kept alive without saying so: @fastify/http-proxy copies `Connection: keep-alive` to a client whose connection
  // it then closes, which load generators count as an error.
  const connection = close ? 'Connection: close\r\n' : '';
  return `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\n${connection}${extra}\r\n${BODY}`;
}

const PLAIN = reply('', false);
const PLAIN_CLOSING = reply('', true);

/** POST /login and POST /posts announce an account: the one of the query, or the next of 10,000. */
function answerTo({ method, target, close }: Head): string {
  if (method === 'GET') return close ? PLAIN_CLOSING : PLAIN;
  logins += 1;
  const account = /[?&]account=([a-z0-9]{1,32})/.exec(target)?.[1] ?? `u${logins % ACCOUNTS}`;
  if (target.startsWith('/posts')) {
    return reply(`X-Shudi-Account: ${account}\r\nX-Shudi-Event: publish\r\n`, close);
  }
  const sid = randomBytes(18).toString('base64url');
  return reply(
    `Set-Cookie: sid=${sid}; Path=/; HttpOnly\r\nX-Shudi-Account: ${account}\r\nX-Shudi-Event: login\r\n`,
    close,
  );
}

function serve(socket: Socket): void {
  let pending = '';
  socket.setNoDelay(true);
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    pending += chunk;
    for (let head = parseHead(pending); head !== null; head = parseHead(pending)) {
      pending = pending.slice(head.end);
      const answer = answerTo(head);
      if (head.close) {
        socket.end(answer, 'latin1');
        return;
      }
      socket.write(answer, 'latin1');
    }
  });
  // A proxy that is stopped resets what it has open.
  socket.on('error', () => socket.destroy());
}

const server = createServer(serve);
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`);
});
process.once('SIGTERM', () => process.exit(0));
