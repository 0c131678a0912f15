/**
 * The web service behind every target: 1 KiB on every GET, a log-in that the gateway can learn from, bytes to take and
 * a place to send them to, and a WebSocket echo. It speaks just enough HTTP over `node:net` to cost a fraction of what
 * it is there to measure.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { parseHead, sinkLength } from './parse-head.ts';
import type { Head } from './parse-head.ts';
import { echoFrames, webSocketAnswer } from './websocket-echo.ts';

const BODY = 'x'.repeat(1024);
const PIECE = Buffer.alloc(256 * 1024, 'x');
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

/** POST /login, /posts and /logout announce an account: the one of the query, or the next of 10,000. */
function answerTo({ method, target, close }: Head): string {
  if (method !== 'POST') return close ? PLAIN_CLOSING : PLAIN;
  if (target.startsWith('/logout')) return reply('X-Shudi-Event: logout\r\n', close);
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

/** Sends so many bytes as a body, as fast as they are taken. */
function sendBytes(socket: Socket, bytes: number): void {
  socket.write(
    `HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: ${bytes}\r\n\r\n`,
  );
  let left = bytes;
  const send = (): void => {
    while (left > 0) {
      const piece = left < PIECE.length ? PIECE.subarray(0, left) : PIECE;
      left -= piece.length;
      if (socket.write(piece)) continue;
      socket.once('drain', send);
      return;
    }
  };
  send();
}

function serve(socket: Socket): void {
  let pending = '';
  /** Bytes of a body for the sink that are still to come. */
  let sinking = 0;
  socket.setNoDelay(true);
  // A proxy that is stopped resets what it has open.
  socket.on('error', () => socket.destroy());
  socket.on('data', read);

  function read(chunk: Buffer): void {
    let start = 0;
    if (sinking > 0) {
      start = Math.min(sinking, chunk.length);
      sinking -= start;
      if (sinking > 0) return;
      socket.write(PLAIN, 'latin1');
    }
    if (start < chunk.length) pending += chunk.toString('latin1', start);
    for (let head = parseHead(pending); head !== null; head = parseHead(pending)) {
      if (!answer(head)) return;
    }
  }

  /** Whether to read on. */
  function answer(head: Head): boolean {
    const fields = pending.slice(0, head.end);
    const rest = pending.slice(head.end);
    pending = rest;
    const bytes = /^\/bytes\/(\d{1,12})$/.exec(head.target)?.[1];
    if (bytes !== undefined) {
      sendBytes(socket, Number(bytes));
      return true;
    }
    const sink = sinkLength(head, fields);
    if (sink !== null) {
      sinking = sink;
      pending = '';
      if (sink === 0) socket.write(PLAIN, 'latin1');
      if (rest !== '') read(Buffer.from(rest, 'latin1'));
      return false;
    }
    const switching = head.method === 'GET' && head.upgrade ? webSocketAnswer(fields) : null;
    if (switching !== null) {
      socket.write(switching, 'latin1');
      socket.off('data', read);
      echoFrames(socket, Buffer.from(rest, 'latin1'));
      return false;
    }
    if (head.close) socket.end(answerTo(head), 'latin1');
    else socket.write(answerTo(head), 'latin1');
    return !head.close;
  }
}

const server = createServer(serve);
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`);
});
process.once('SIGTERM', () => process.exit(0));
