import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Millis } from '../../model/time.ts';

/** Where the day files of a data directory lie. */
export function recordsDirectory(dataDirectory: string): string {
  return join(dataDirectory, 'records');
}

/** The file that says from when on records are kept; written by `shudi retention run` before it deletes. */
const RETAINED_FROM = 'retained-from';

/** Everything before this was deleted by retention; null when nothing was. */
export function retainedFromOf(dataDirectory: string): Millis | null {
  const path = join(dataDirectory, RETAINED_FROM);
  if (!existsSync(path)) return null;
  return Number(readFileSync(path, 'utf8').trim()) as Millis;
}
