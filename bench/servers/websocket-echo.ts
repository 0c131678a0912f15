/** The service's end of a WebSocket (RFC 6455), as little of it as an echo of short messages needs. */
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';

const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const CLOSE = 8;
const PING = 9;
const PONG = 10;

interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
  readonly end: number;
}

/** A masked frame from the front of `bytes`, unmasked in place; null while bytes are missing. */
function readFrame(bytes: Buffer, start: number): Frame | null {
  if (bytes.length < start + 6) return null;
  let length = (bytes[start + 1] ?? 0) & 0x7f;
  let at = start + 2;
  if (length === 127) throw new Error('longer than any message of the bench');
  if (length === 126) {
    length = bytes.readUInt16BE(at);
    at += 2;
  }
  const body = at + 4;
  if (bytes.length < body + length) return null;
  const payload = bytes.subarray(body, body + length);
  for (let index = 0; index < length; index += 1) {
    payload[index] = (payload[index] ?? 0) ^ (bytes[at + (index & 3)] ?? 0);
  }
  return { opcode: (bytes[start] ?? 0) & 0x0f, payload, end: body + length };
}

function frameOf(opcode: number, payload: Buffer): Buffer {
  const long = payload.length > 125;
  const head = Buffer.alloc(long ? 4 : 2);
  head[0] = 0x80 | opcode;
  head[1] = long ? 126 : payload.length;
  if (long) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}

/** The response that changes the protocol, or null when the head asks for no WebSocket. */
export function webSocketAnswer(head: string): string | null {
  const key = /\r\nsec-websocket-key: *([^\r ]+)/i.exec(head)?.[1];
  if (key === undefined || !/\r\nupgrade: *websocket/i.test(head)) return null;
  const accept = createHash('sha1')
    .update(key + MAGIC)
    .digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

/** From now on every frame on the socket comes back unmasked. `first`: what came after the head. */
export function echoFrames(socket: Socket, first: Buffer): void {
  let pending = first;
  const answer = (): void => {
    let start = 0;
    for (let frame = readFrame(pending, 0); frame !== null; frame = readFrame(pending, start)) {
      start = frame.end;
      if (frame.opcode === CLOSE) {
        socket.end(frameOf(CLOSE, frame.payload));
        return;
      }
      if (frame.opcode !== PONG)
        socket.write(frameOf(frame.opcode === PING ? PONG : frame.opcode, frame.payload));
    }
    pending = pending.subarray(start);
  };
  socket.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    answer();
  });
  answer();
}
