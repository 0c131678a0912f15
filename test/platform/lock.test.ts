import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { lockDirectory } from '../../src/platform/lock.ts';
import { temporaryDirectory } from '../support/directory.ts';

const root = temporaryDirectory();
const LOCK = new URL('../../src/platform/lock.ts', import.meta.url).pathname;

/** Asked from another process: a process does not see its own locks. */
async function seenLocked(directory: string): Promise<boolean> {
  const script = `import { isLocked } from ${JSON.stringify(LOCK)}; process.stdout.write(String(isLocked(process.argv[1])));`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '-e',
    script,
    directory,
  ]);
  return stdout === 'true';
}

it('a lock that nobody refers to any more is held until it is released', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const directory = mkdtempSync(join(root, 'd-'));
  (() => void lockDirectory(directory))();
  for (let turn = 0; turn < 5; turn += 1) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await seenLocked(directory)).toBe(true);
  const other = mkdtempSync(join(root, 'd-'));
  const lock = lockDirectory(other);
  lock.release();
  lock.release();
  expect(await seenLocked(other)).toBe(false);
});
