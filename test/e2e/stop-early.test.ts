import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { temporaryDirectory } from '../support/directory.ts';
import { plainConfig, serve } from './serve.ts';

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** The collectors' process, as soon as it is there. */
async function collectorsOf({ pid }: ChildProcess): Promise<number> {
  for (let tries = 0; tries < 2000; tries += 1) {
    const found = read(`/proc/${pid}/task/${pid}/children`)
      .trim()
      .split(' ')
      .find((child) => read(`/proc/${child}/cmdline`).includes('collectors-process.ts'));
    if (found !== undefined) return Number(found);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('there are no collectors');
}

it('shudi serve stops at once, and in order, while its collectors hang at their start', async () => {
  const directory = temporaryDirectory();
  const config = {
    ...plainConfig(directory, 9),
    collectors: { sources: [{ name: 'far', protocol: 'conntrack', input: 'pipe', path: 'none' }] },
  };
  let asked = 0;
  let hung = 0;
  const served = serve(directory, config, (child) => {
    void collectorsOf(child).then((pid) => {
      hung = pid;
      process.kill(pid, 'SIGSTOP');
      asked = performance.now();
      child.kill('SIGTERM');
    });
  });
  await expect(served).rejects.toThrow(/^shudi ended with 0: .*"event":"stopped","signal":"SIGTERM"/s);
  expect(performance.now() - asked).toBeLessThan(10_000);
  expect(read(`/proc/${hung}/cmdline`)).toBe('');
}, 60_000);
