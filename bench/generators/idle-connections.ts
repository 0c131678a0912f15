/**
 * Opens kept-alive connections, sends one request on each, and leaves them idle. Prints `holding JSON`; on SIGUSR2 it
 * sends another request on some of them, to see that they still serve, and prints `checked JSON`.
 * `node idle-connections.ts URL CONNECTIONS`
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createResponseReader } from './response-reader.ts';

const OPENING_AT_ONCE = 64;
/** Between two of them: about 1,500 a second, so that a machine's limit of open files is not the one that is met. */
const PAUSE_MS = 40;
const ANSWER_MS = 10_000;
/** Of every so many connections one is checked. */
const CHECK_EVERY = 50;

const url = new URL(process.argv[2] ?? '');
const wanted = Number(process.argv[3]);
const request = `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`;
const held: Socket[] = [];

/** Whether a 200 came. The listeners go again, so that an idle connection holds little here. */
function ask(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const read = createResponseReader();
    const done = (answered: boolean): void => {
      socket.setTimeout(0);
      socket.removeAllListeners('data').removeAllListeners('close').removeAllListeners('timeout');
      resolve(answered);
    };
    socket.setTimeout(ANSWER_MS, () => done(false));
    socket.once('close', () => done(false));
    socket.on('data', (chunk: Buffer) => {
      const response = read(chunk.toString('latin1'));
      if (response !== null) done(response.status === 200);
    });
    socket.write(request, 'latin1');
  });
}

let errors = 0;
async function openSome(): Promise<void> {
  while (held.length < wanted) {
    const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    socket.on('error', () => socket.destroy());
    held.push(socket);
    if (await ask(socket)) {
      await sleep(PAUSE_MS);
      continue;
    }
    errors += 1;
    socket.destroy();
  }
}

async function check(): Promise<void> {
  const closed = held.filter((socket) => socket.destroyed || socket.readyState !== 'open').length;
  const asked = held.filter((_, index) => index % CHECK_EVERY === 0);
  const answers = await Promise.all(asked.map(async (socket) => !socket.destroyed && ask(socket)));
  const unanswered = answers.filter((answered) => !answered).length;
  process.stdout.write(`checked ${JSON.stringify({ closed, unanswered })}\n`);
}

process.once('SIGUSR2', () => void check());
process.once('SIGTERM', () => process.exit(0));
const started = performance.now();
await Promise.all(Array.from({ length: OPENING_AT_ONCE }, openSome));
// A socket reads on only while it is asked to; a server that closes it has to be noticed.
for (const socket of held) socket.resume();
const seconds = (performance.now() - started) / 1000;
process.stdout.write(`holding ${JSON.stringify({ connections: held.length, errors, seconds })}\n`);
