import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SRC = join(ROOT, 'src');

/** What each folder of src may import besides itself. Imports point one way; siblings meet in model. */
const BASE = ['model', 'platform'];
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  model: [],
  platform: ['model'],
  gateway: BASE,
  collectors: BASE,
  records: BASE,
  geo: BASE,
  accounts: BASE,
  ledger: BASE,
  trace: [...BASE, 'records', 'ledger'],
  disclosure: [...BASE, 'records', 'ledger', 'accounts', 'trace'],
  api: [...BASE, 'records', 'ledger', 'accounts', 'geo', 'trace', 'disclosure'],
  console: [],
  app: [
    ...BASE,
    'gateway',
    'collectors',
    'records',
    'geo',
    'accounts',
    'ledger',
    'trace',
    'disclosure',
    'api',
  ],
};

function filesUnder(directory: string): string[] {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    return statSync(path).isDirectory() ? filesUnder(path) : [path];
  });
}

const sources = filesUnder(SRC).filter((path) => path.endsWith('.ts'));

function importsOf(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  const found = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'|new URL\('([^']+\.ts)'/g)];
  return found.map((match) => match[1] ?? match[2] ?? '');
}

describe('layout', () => {
  it('imports point one way, and siblings never import each other', () => {
    const wrong: string[] = [];
    for (const path of sources) {
      const folder = relative(SRC, path).split('/')[0] ?? '';
      if (folder === 'main.ts') continue;
      for (const target of importsOf(path).filter((name) => name.startsWith('.'))) {
        const place = relative(SRC, resolve(dirname(path), target)).split('/')[0] ?? '';
        // A command may be started as a process of its own by naming main.ts; nothing imports it.
        const allowed =
          place === folder ||
          MAY_IMPORT[folder]?.includes(place) === true ||
          (folder === 'app' && (place === 'main.ts' || place === '..'));
        if (!allowed) wrong.push(`${relative(ROOT, path)} -> ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('only the disclosure reads the private half of the disclosure key', () => {
    const readers = sources
      .filter((path) => /readDisclosureKey|openIdentity\(/.test(readFileSync(path, 'utf8')))
      .map((path) => relative(SRC, path).split('/')[0]);
    expect(new Set(readers)).toEqual(new Set(['disclosure']));
  });

  it('only main.ts reads argv and the environment', () => {
    const readers = sources
      .filter((path) => /process\.(?:argv|env)\b/.test(readFileSync(path, 'utf8')))
      .map((path) => relative(SRC, path));
    expect(readers).toEqual(['main.ts']);
  });

  it('no file is longer than 450 lines', () => {
    const long = [...sources, ...filesUnder(join(ROOT, 'test')), ...filesUnder(join(ROOT, 'bench'))]
      .filter((path) => path.endsWith('.ts') && readFileSync(path, 'utf8').split('\n').length > 450)
      .map((path) => relative(ROOT, path));
    expect(long).toEqual([]);
  });

  it('no check is switched off and no type is any', () => {
    const off = sources.filter((path) =>
      /@ts-(?:ignore|expect-error|nocheck)|oxlint-disable|eslint-disable|\bas any\b|: any\b/.test(
        readFileSync(path, 'utf8'),
      ),
    );
    expect(off.map((path) => relative(ROOT, path))).toEqual([]);
  });
});
