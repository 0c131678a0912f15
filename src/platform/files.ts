import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { ShudiError } from '../model/errors.ts';

/** Makes a directory that only its owner may enter; one that is there is closed to others. */
export function makePrivateDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o700);
}

/** Makes the names in a directory durable: without this a new file can vanish with the power. */
export function syncDirectory(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Writes a whole file or nothing: temporary name, fsync, rename, fsync of the directory. */
export function writeFileAtomically(path: string, content: string | Uint8Array, mode = 0o600): void {
  const temporary = `${path}.${process.pid}.tmp`;
  const handle = openSync(temporary, 'w', mode);
  try {
    writeFileSync(handle, content);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(temporary, path);
  syncDirectory(dirname(path));
}

/**
 * Makes a file with its whole content, or leaves the one that is there: never half a key, never a key lost to a second
 * process that had the same idea.
 * @returns whether the file was made
 */
export function createFileOnce(path: string, content: string | Uint8Array, mode: number): boolean {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.new`;
  const handle = openSync(temporary, 'wx', mode);
  try {
    writeFileSync(handle, content);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary);
    syncDirectory(dirname(path));
  }
}

/**
 * Reads a key. One that others can read is refused: it must be taken as known.
 * @throws ShudiError data.permissions | data.missing
 */
export function readSecretFile(path: string): Buffer {
  if (!existsSync(path)) throw new ShudiError('data.missing', 'The key file is not there.', path);
  if ((statSync(path).mode & 0o077) !== 0)
    throw new ShudiError('data.permissions', 'The key file can be read by others.', path);
  return readFileSync(path);
}
