import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DISCLOSURE_PUBLIC_FILE, ensureVaultKey } from '../accounts/key-files.ts';
import { ShudiError } from '../model/errors.ts';
import { makePrivateDirectory } from '../platform/files.ts';

/** The parts of a data directory. */
export function dataLayout(directory: string): {
  keys: string;
  journal: string;
  vault: string;
  records: string;
  retainedFrom: string;
  recorderSocket: string;
  subjectsSocket: string;
  importLock: string;
} {
  return {
    keys: join(directory, 'keys'),
    journal: join(directory, 'journal.sqlite'),
    vault: join(directory, 'vault.sqlite'),
    records: join(directory, 'records'),
    retainedFrom: join(directory, 'retained-from'),
    recorderSocket: join(directory, 'run', 'recorder.sock'),
    subjectsSocket: join(directory, 'run', 'subjects.sock'),
    importLock: join(directory, 'run', 'import.lock'),
  };
}

/** @throws ShudiError data.missing */
export function requireDataDirectory(directory: string): void {
  if (!existsSync(join(directory, 'journal.sqlite')))
    throw new ShudiError('data.missing', 'This is no data directory of shudi.', directory);
}

/**
 * Makes what a new data directory needs. The disclosure key pair is made by a process of its own, so that the
 * gateway's process never holds its private half (R6). An existing directory is left as it is.
 */
export async function prepareDataDirectory(directory: string): Promise<void> {
  const { keys, vault } = dataLayout(directory);
  makePrivateDirectory(directory);
  makePrivateDirectory(keys);
  // A vault without its keys cannot be read; new keys would only hide that.
  if (existsSync(vault)) return;
  ensureVaultKey(keys);
  if (!existsSync(join(keys, DISCLOSURE_PUBLIC_FILE))) await runShudi(['key', 'init', '--data', directory]);
}

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

/** Runs a command of ours in a process of its own. @throws ShudiError internal.fault with what it printed */
export async function runShudi(command: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...command]);
    return stdout;
  } catch (cause) {
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : 'it did not run';
    throw new ShudiError(
      'internal.fault',
      `A command of shudi failed: ${said}`,
      command.slice(0, 2).join(' '),
      cause,
    );
  }
}

/** Whether nothing is in the directory, or it does not exist. */
export function isEmptyDirectory(directory: string): boolean {
  return !existsSync(directory) || readdirSync(directory).length === 0;
}
