import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What may be read and be garbage before it is collected, bytes. */
const MOST = 16 * 1024 * 1024;

let collect: (() => void) | null = null;
let read = 0;

/**
 * Told of each piece of a body that was read. V8 sees of a buffer the 100 bytes that stand for it, and so lets some
 * 64 MB of read ones pile up before it collects; this collects the young ones (about 0.5 ms) every 16 MB.
 */
export function countRead(bytes: number): void {
  read += bytes;
  if (read < MOST) return;
  read = 0;
  collect ??= youngCollection();
  collect();
}

function youngCollection(): () => void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as (how: { type: 'minor' }) => void;
  return () => gc({ type: 'minor' });
}
