import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { DatabaseSync } from 'node:sqlite';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { temporaryDirectory } from '../support/directory.ts';
import { createHome } from './support.ts';

const parent = temporaryDirectory();

it('a worker whose main process has died refuses every call and shows no session any more', async () => {
  const home = createHome(parent, 'orphan');
  const path = fileURLToPath(new URL('./main-child.ts', import.meta.url));
  const main = spawn(process.execPath, [path, home.directory], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: main.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<unknown> => JSON.parse(String((await lines.next()).value)) as unknown;
  expect(await nextLine()).toEqual(['a', null]);
  // Nothing can be committed, so what the worker asks for now is still open when the main process dies.
  const holder = new DatabaseSync(home.vaultPath);
  holder.exec('BEGIN IMMEDIATE');
  main.stdin.write('go\n');
  expect(await nextLine()).toBe('waiting');
  main.kill('SIGKILL');
  await once(main, 'exit');
  const refused = 'vault.unavailable';
  expect(await nextLine()).toEqual({
    outstanding: [refused, refused, refused],
    late: [refused, refused, refused],
    found: [true, true],
    known: true,
    badge: 'CN-GD',
  });
  holder.close();
});
