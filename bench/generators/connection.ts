import { connect } from 'node:net';
import { createResponseReader } from './response-reader.ts';
import type { ReadResponse } from './response-reader.ts';

const STALLED_MS = 10_000;

/** One client connection, one request at a time. */
export interface Connection {
  /** The response, or null when the connection fails, ends or stalls first. */
  send(request: string): Promise<ReadResponse | null>;
  close(): void;
}

/** Opens a connection; a failure to do so shows at the first `send`. */
export function openConnection(url: URL): Connection {
  const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
  const read = createResponseReader();
  let broken = false;
  let waiting: ((response: ReadResponse | null) => void) | null = null;

  function settle(response: ReadResponse | null): void {
    const resolve = waiting;
    waiting = null;
    resolve?.(response);
  }
  function fail(): void {
    broken = true;
    socket.destroy();
    settle(null);
  }

  socket.setEncoding('latin1');
  socket.setTimeout(STALLED_MS, fail);
  socket.on('error', fail);
  socket.once('close', fail);
  socket.on('data', (chunk: string) => {
    const response = read(chunk);
    if (response !== null) settle(response);
  });

  return {
    send: (request) =>
      new Promise((resolve) => {
        if (broken) return resolve(null);
        waiting = resolve;
        socket.write(request, 'latin1');
      }),
    close: () => {
      socket.destroy();
    },
  };
}
