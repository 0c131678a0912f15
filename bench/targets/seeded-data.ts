import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { runToEnd, scratchDirectory } from '../processes.ts';

const SCRIPT = path.join(import.meta.dirname, '../servers/seed-badges.ts');
const MOST_MS = 300_000;

const made = new Map<number, Promise<string>>();

async function make(accounts: number): Promise<string> {
  const directory = scratchDirectory();
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  await runToEnd(process.execPath, [SCRIPT, path.join(directory, 'data'), String(accounts)], MOST_MS);
  return path.join(directory, 'data');
}

/**
 * Puts a data directory in place that knows so many accounts with badges. It is made once a run, some seconds for a
 * million, and copied for every start.
 */
export async function seedData(accounts: number, target: string): Promise<void> {
  let template = made.get(accounts);
  if (template === undefined) {
    template = make(accounts);
    made.set(accounts, template);
  }
  cpSync(await template, target, { recursive: true });
}
