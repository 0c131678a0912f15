import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { configurationPage } from '../../tools/configuration-page.ts';
import { errorsPage } from '../../tools/errors-page.ts';

const root = new URL('../../', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, root), 'utf8');

describe('documentation', () => {
  it('docs/configuration.md is current (npm run docs)', () => {
    expect(read('docs/configuration.md')).toBe(configurationPage());
  });

  it('docs/errors.md is current (npm run docs)', () => {
    expect(read('docs/errors.md')).toBe(errorsPage());
  });

  it('every dependency is justified in one line', () => {
    const manifest: { dependencies: Record<string, string>; devDependencies: Record<string, string> } =
      JSON.parse(read('package.json'));
    const page = read('docs/dependencies.md');
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }))
      expect(page, name).toMatch(new RegExp(`^\\| \`${name.replaceAll('/', '\\/')}\` +\\| \\S`, 'm'));
  });

  it('every dependency is pinned exactly', () => {
    for (const file of ['package.json', 'geo-data/package.json']) {
      const manifest: { dependencies?: Record<string, string>; devDependencies?: Record<string, string> } =
        JSON.parse(read(file));
      for (const version of Object.values({ ...manifest.dependencies, ...manifest.devDependencies }))
        expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });

  it('the README stays within 150 lines', () => {
    expect(read('README.md').split('\n').length).toBeLessThanOrEqual(150);
  });

  it('links between pages lead somewhere', () => {
    for (const page of [
      'README.md',
      'CONTRIBUTING.md',
      'docs/architecture.md',
      'docs/guarantees.md',
      'docs/trace.md',
      'docs/disclosure.md',
      'docs/regions.md',
      'docs/configuration.md',
      'docs/gateway.md',
      'docs/collectors.md',
      'docs/monitoring.md',
      'docs/from-nginx.md',
      'docs/performance.md',
      'bench/README.md',
    ]) {
      const base = new URL(page, root);
      for (const [, target = ''] of read(page).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g))
        expect(() => readFileSync(new URL(target, base)), `${page} -> ${target}`).not.toThrow(/ENOENT/);
    }
  });
});
