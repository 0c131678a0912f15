import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

/** Sends bytes as they are, and returns all that comes back until the server closes. */
export async function sendRaw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.end(bytes);
  return text(socket);
}

/** A GET with any Host header. */
export function getWithHost(port: number, host: string | null, path = '/healthz'): Promise<string> {
  const line = host === null ? '' : `Host: ${host}\r\n`;
  return sendRaw(port, `GET ${path} HTTP/1.1\r\n${line}Connection: close\r\n\r\n`);
}
