/**
 * WebSocket tunnels, each of which sends a short message, waits for its echo, and sends the next.
 * `node tunnels.ts URL SECONDS TUNNELS`
 */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { quantile } from '../statistics.ts';

const MESSAGE_BYTES = 32;
const STALLED_MS = 10_000;
/** How long all tunnels together may take to open. */
const OPENING_MS = 10_000;

const url = new URL(process.argv[2] ?? '');
const seconds = Number(process.argv[3]);
const tunnels = Number(process.argv[4]);

/** A text message to the service, masked as RFC 6455 has it; the same every time. */
function maskedMessage(): Buffer {
  const mask = randomBytes(4);
  const payload = Buffer.alloc(MESSAGE_BYTES, 'hello ').map((byte, index) => byte ^ (mask[index & 3] ?? 0));
  return Buffer.concat([Buffer.from([0x81, 0x80 | MESSAGE_BYTES]), mask, payload]);
}

const MESSAGE = maskedMessage();
/** Its echo comes unmasked. */
const ECHO_BYTES = 2 + MESSAGE_BYTES;

/** Resolves when the protocol is changed; null when it is not. */
function openTunnel(): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    const fail = (): void => {
      socket.destroy();
      resolve(null);
    };
    let head = '';
    socket.setTimeout(STALLED_MS, fail);
    socket.on('error', fail);
    socket.once('close', fail);
    socket.on('data', function answered(chunk: Buffer) {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', answered).off('close', fail);
      if (head.startsWith('HTTP/1.1 101 ')) resolve(socket);
      else fail();
    });
    const key = randomBytes(16).toString('base64');
    socket.write(
      `GET /socket HTTP/1.1\r\nHost: ${url.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    );
  });
}

const times: number[] = [];
let errors = 0;

/** Echoes until the end; a tunnel that breaks off is an error. */
function chat(socket: Socket, deadline: number): Promise<void> {
  return new Promise((resolve) => {
    let sent = 0;
    let missing = 0;
    const send = (): void => {
      sent = performance.now();
      missing = ECHO_BYTES;
      socket.write(MESSAGE);
    };
    socket.on('data', (chunk: Buffer) => {
      missing -= chunk.length;
      if (missing > 0) return;
      const now = performance.now();
      if (now > deadline) {
        socket.destroy();
        resolve();
        return;
      }
      times.push(now - sent);
      if (missing < 0) errors += 1;
      send();
    });
    socket.once('close', () => {
      if (performance.now() < deadline) errors += 1;
      resolve();
    });
    send();
  });
}

const opening = setTimeout(() => process.exit(1), OPENING_MS);
const opened = await Promise.all(Array.from({ length: tunnels }, openTunnel));
clearTimeout(opening);
const open = opened.filter((socket) => socket !== null);
errors += tunnels - open.length;
const deadline = performance.now() + seconds * 1000;
await Promise.all(open.map((socket) => chat(socket, deadline)));
const [p50Ms, p99Ms] = [quantile(times, 0.5), quantile(times, 0.99)];
process.stdout.write(`${JSON.stringify({ requests: times.length, seconds, p50Ms, p99Ms, errors })}\n`);
