import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openJournal } from '../../src/ledger/journal-store.ts';
import { verifyJournal } from '../../src/ledger/verify-journal.ts';
import { temporaryDirectory } from '../support/directory.ts';

const directory = temporaryDirectory();
const CHILD = fileURLToPath(new URL('./append-child.ts', import.meta.url));

function appender(path: string, actor: string, count: number) {
  const child = spawn(process.execPath, [CHILD, path, actor, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(child, 'close') as Promise<[number | null]>;
  return {
    child,
    ended,
    /** What the process had been told is on disk, by whole lines. */
    acknowledged: () =>
      output
        .slice(0, output.lastIndexOf('\n') + 1)
        .split('\n')
        .filter((line) => line !== ''),
  };
}

describe('several processes', () => {
  it('append one unbroken chain, even when they all make the file', async () => {
    const path = join(directory, 'shared.sqlite');
    const appenders = ['a', 'b', 'c'].map((actor) => appender(path, actor, 100));
    for (const { ended } of appenders) expect((await ended)[0]).toBe(0);
    expect(verifyJournal(path)).toMatchObject({ ok: true, entries: 300, notes: [] });
    const journal = openJournal(path);
    const entries = journal.entries(0, 1000);
    journal.close();
    for (const actor of ['a', 'b', 'c']) {
      const own = entries.filter((entry) => entry.actor === actor);
      expect(own.map(({ body }) => body['number'])).toEqual(Array.from({ length: 100 }, (_, i) => i));
    }
  });

  it('lose nothing that was acknowledged when they are killed', async () => {
    const path = join(directory, 'killed.sqlite');
    const acknowledged: string[] = [];
    for (let round = 0; round < 8; round++) {
      const victim = appender(path, `round-${round}`, 1_000_000);
      while (victim.acknowledged().length === 0) await pause(5);
      await pause(10 + round * 12);
      victim.child.kill('SIGKILL');
      await victim.ended;
      acknowledged.push(...victim.acknowledged());
      expect(verifyJournal(path)).toMatchObject({ ok: true });
    }
    const journal = openJournal(path);
    const stored = new Set(journal.entries(0, 1_000_000).map(({ seq, hash }) => `${seq} ${hash}`));
    journal.close();
    expect(acknowledged.length).toBeGreaterThan(50);
    expect(acknowledged.filter((line) => !stored.has(line))).toEqual([]);
    // Each round may leave at most one entry that was written but not yet told.
    expect(stored.size - acknowledged.length).toBeLessThanOrEqual(8);
  });
});
