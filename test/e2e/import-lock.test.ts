import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryDirectory } from '../support/directory.ts';
import { shudi } from './command.ts';
import { ROOT } from './serve.ts';

const root = temporaryDirectory();
const data = join(root, 'data');
const table = join(root, 'a.csv');
writeFileSync(table, 'time,inside,outside\n2026-03-01T08:00:00Z,10.0.0.5,203.0.113.7\n');

const HOLDER = join(ROOT, 'test/e2e/import-holder.ts');

it(
  'a second import is refused while the first runs, and not when that has died',
  { timeout: 60_000 },
  async () => {
    const load = () => shudi(['import', '--source', 'nat', '--format', 'csv', '--data', data, table]);
    expect(await load()).toMatchObject({ status: 0, err: '' });
    const first = spawn(process.execPath, [HOLDER, data], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      expect(await Promise.race([once(first.stdout, 'data'), once(first, 'exit')])).toEqual([
        Buffer.from('opened'),
      ]);
      const second = await load();
      expect(second.status).toBe(2);
      expect(second.err).toContain('import.running');
    } finally {
      first.kill('SIGKILL');
      await once(first, 'exit');
    }
    const after = await load();
    expect(after.status).toBe(0);
    expect(after.err).toContain('imported before');
  },
);
