import { connect, type Socket } from 'node:net';
import { createSignal, type Link } from './link.ts';
import { withSocketPath } from './socket-path.ts';

/** The longest message, characters: some thousand calls of one turn of the event loop. */
const MOST_CHARACTERS = 1 << 22;
/** Bytes that may wait for the other side to read them. */
const MOST_UNREAD = 1 << 24;

/**
 * The link over a stream socket: messages are lines of JSON, so they hold plain data only. What is no JSON or too long
 * closes it, and so does another side that does not read.
 */
export function socketLink(socket: Socket): Link {
  const closing = createSignal();
  const handlers: ((message: unknown) => void)[] = [];
  let rest = '';
  const take = (text: string): void => {
    const last = text.lastIndexOf('\n');
    const lines = last === -1 ? [] : (rest + text.slice(0, last)).split('\n');
    rest = last === -1 ? rest + text : text.slice(last + 1);
    for (const line of lines) {
      const message = line.length > MOST_CHARACTERS ? undefined : parsed(line);
      if (message === undefined) socket.destroy();
      if (socket.destroyed) return;
      for (const handler of handlers) handler(message);
    }
    if (rest.length > MOST_CHARACTERS) socket.destroy();
  };
  socket.setEncoding('utf8');
  socket.on('data', take);
  socket.on('error', () => undefined);
  socket.on('close', closing.give);
  if (socket.destroyed) closing.give();
  return {
    send: (message) => {
      if (socket.destroyed) return;
      socket.write(`${JSON.stringify(message)}\n`);
      if (socket.writableLength > MOST_UNREAD) socket.destroy();
    },
    onMessage: (handler) => void handlers.push(handler),
    onClosed: closing.on,
    close: () => void socket.destroy(),
  };
}

/** Undefined when it is no JSON. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Connects to a Unix socket; node's error when nobody listens there. */
export function connectSocket(socketPath: string): Promise<Socket> {
  return withSocketPath(
    socketPath,
    (path, done) =>
      new Promise<Socket>((resolve, reject) => {
        const socket = connect(path);
        socket.once('close', done);
        socket.once('error', reject);
        socket.once('connect', () => {
          socket.off('error', reject);
          resolve(socket);
        });
      }),
  );
}
