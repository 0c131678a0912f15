import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../../src', import.meta.url));

/** All modules that a module loads, by following its imports; those of types alone are not loaded. */
function loadedBy(entry: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  const text = readFileSync(entry, 'utf8');
  for (const match of text.matchAll(/^(?:import|export)\s+(?!type\b)[^;]*?from\s+'(\.[^']+)'/gms)) {
    loadedBy(join(dirname(entry), match[1] ?? ''), seen);
  }
  return seen;
}

const names = (entry: string): string[] => [...loadedBy(join(SRC, entry))].map((path) => relative(SRC, path));

describe('the private disclosure key (R6)', () => {
  it('is out of reach of the control server: the code that reads it is not even loaded there', () => {
    const loaded = names('api/control-api.ts');
    expect(loaded).toContain('disclosure/paper-trail.ts');
    expect(loaded).not.toContain('disclosure/disclosure-key.ts');
    expect(loaded).not.toContain('disclosure/execution.ts');
    expect(names('disclosure/executor.ts')).not.toContain('disclosure/disclosure-key.ts');
  });

  it('is read by the process that executes a grant', () => {
    expect(names('disclosure/execute-process.ts')).toContain('disclosure/disclosure-key.ts');
  });
});
