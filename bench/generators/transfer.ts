/**
 * Takes, or sends, many bytes over some connections at once, and counts them.
 * `node transfer.ts URL down|up BYTES CONNECTIONS`; the bytes are those of all connections together.
 */
import { connect } from 'node:net';
import { once } from 'node:events';

const PIECE = Buffer.alloc(256 * 1024, 'x');
const STALLED_MS = 30_000;

const url = new URL(process.argv[2] ?? '');
const direction = process.argv[3] ?? '';
const connections = Number(process.argv[5]);
const bytes = Math.floor(Number(process.argv[4]) / connections);
const host = `Host: ${url.host}\r\n`;

interface Answer {
  /** The status and fields, once they are whole. */
  head: string;
  bodyBytes: number;
}

/** A connection that counts a body without keeping it, into one buffer that is used again. */
function open(answer: Answer, onProgress: () => void) {
  const seen = { head: false };
  const socket = connect({
    host: url.hostname,
    port: Number(url.port),
    noDelay: true,
    onread: {
      buffer: Buffer.alloc(256 * 1024),
      callback: (length, buffer) => {
        if (seen.head) {
          answer.bodyBytes += length;
        } else {
          answer.head += Buffer.from(buffer.subarray(0, length)).toString('latin1');
          const end = answer.head.indexOf('\r\n\r\n');
          seen.head = end >= 0;
          if (seen.head) answer.bodyBytes = answer.head.length - end - 4;
          if (seen.head) answer.head = answer.head.slice(0, end);
        }
        onProgress();
        return true;
      },
    },
  });
  socket.setTimeout(STALLED_MS, () => socket.destroy(new Error('nothing moved')));
  return socket;
}

/** Resolves when the whole answer came; rejects when it is not a 200, or ends early. */
function receive(expected: number, send: (socket: ReturnType<typeof open>) => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const answer: Answer = { head: '', bodyBytes: 0 };
    const socket = open(answer, () => {
      if (answer.bodyBytes < expected) return;
      socket.destroy();
      if (answer.head.startsWith('HTTP/1.1 200 ') && answer.bodyBytes === expected) resolve();
      else reject(new Error(`answered ${answer.head.slice(0, 100)}`));
    });
    socket.once('error', reject);
    socket.once('close', () =>
      reject(new Error(`ended after ${answer.bodyBytes}: ${answer.head.slice(0, 100)}`)),
    );
    send(socket).catch(reject);
  });
}

function down(): Promise<void> {
  return receive(bytes, async (socket) => {
    socket.write(`GET /bytes/${bytes} HTTP/1.1\r\n${host}\r\n`);
    await Promise.resolve();
  });
}

/** The service answers with 1 KiB once it has swallowed everything. */
function up(): Promise<void> {
  return receive(1024, async (socket) => {
    socket.write(`PUT /sink HTTP/1.1\r\n${host}Content-Length: ${bytes}\r\n\r\n`);
    for (let left = bytes; left > 0; left -= PIECE.length) {
      const piece = left < PIECE.length ? PIECE.subarray(0, left) : PIECE;
      if (!socket.write(piece)) await once(socket, 'drain');
    }
  });
}

const started = performance.now();
await Promise.all(Array.from({ length: connections }, direction === 'down' ? down : up));
const seconds = (performance.now() - started) / 1000;
process.stdout.write(`${JSON.stringify({ bytes: bytes * connections, seconds })}\n`);
