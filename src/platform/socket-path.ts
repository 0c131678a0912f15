import { chmodSync, closeSync, existsSync, openSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { ShudiError } from '../model/errors.ts';
import { makePrivateDirectory } from './files.ts';

/** The longest path of a socket that every system takes, bytes (sun_path holds 104 or 108). */
const MAX_BYTES = 100;

/**
 * Calls `use` with a path of the socket that is short enough: a long one through a handle of its directory. `done`
 * must be called when the path is no longer needed.
 * @throws ShudiError config.invalid where the system has no such handles
 */
export function withSocketPath<T>(path: string, use: (path: string, done: () => void) => T): T {
  if (Buffer.byteLength(path) <= MAX_BYTES) return use(path, () => undefined);
  if (!existsSync('/proc/self/fd'))
    throw new ShudiError('config.invalid', 'The path of the data directory is too long.', path);
  const handle = openSync(dirname(path), 'r');
  return use(join('/proc/self/fd', String(handle), basename(path)), () => closeSync(handle));
}

/**
 * Listens on a Unix socket that only its owner may use, in a directory that only its owner may enter. The caller holds
 * a lock by which it is the only one that listens there: what is there is stale. It goes when the server is closed.
 */
export async function listenPrivately(server: Server, socketPath: string): Promise<void> {
  makePrivateDirectory(dirname(socketPath));
  rmSync(socketPath, { force: true });
  await withSocketPath(
    socketPath,
    (path, done) =>
      new Promise<void>((resolve, reject) => {
        // It stays: such as EMFILE on accept later, after which the next connection may fare better.
        server.on('error', reject);
        server.listen(path, resolve);
        server.once('close', done);
      }),
  );
  chmodSync(socketPath, 0o600);
}
