import { statfsSync } from 'node:fs';

/** How often the free space is looked at, ms. */
const LOOK_MS = 1000;

/** Free space of a file system: blocks for the unprivileged, and their size in bytes. */
export type FreeSpace = (path: string) => { readonly bavail: number; readonly bsize: number };

/**
 * Tells whether less than `bytes` are free where `path` lies (R11); looks at most once a second. Where it cannot be
 * told, the last answer stands: a write will fail soon enough.
 * @param now  a clock that never steps back, ms
 */
export function diskReserve(
  path: string,
  bytes: number,
  freeSpace: FreeSpace = statfsSync,
  now: () => number = () => performance.now(),
): () => boolean {
  let looked = -Infinity;
  let low = false;
  return () => {
    if (bytes <= 0 || now() - looked < LOOK_MS) return low;
    looked = now();
    try {
      const { bavail, bsize } = freeSpace(path);
      low = bavail * bsize < bytes;
    } catch {
      return low;
    }
    return low;
  };
}
