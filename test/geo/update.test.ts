import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openRegions, type RegionStore } from '../../src/geo/reader.ts';
import { loadCandidate, type RegionUpdate, type RegionWatcher, watchRegions } from '../../src/geo/update.ts';
import { parseAddress } from '../../src/model/address.ts';
import { buildFixture, FIXTURE_ENTRIES, fixtureBytes, type FixtureEntry } from './fixture.ts';

const OTHER = parseAddress('133.1.1.1', 'test');
const HOUR = 3_600_000;
/** The same file but for one country. */
const changed = fixtureBytes({
  entries: FIXTURE_ENTRIES.map((entry) => (entry.region === 'JP' ? { ...entry, region: 'KR' } : entry)),
});

let directory: string;
let path: string;
let store: RegionStore;
let updates: RegionUpdate[];
let watcher: RegionWatcher;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'shudi-update-'));
  path = buildFixture(directory);
  store = await openRegions(path);
  updates = [];
  watcher = watchRegions(store, { intervalMs: HOUR, onUpdate: (update) => updates.push(update) });
});
afterEach(() => {
  watcher.stop();
  rmSync(directory, { recursive: true });
});

/** As `shudi geo build` does it. */
function replace(bytes: Uint8Array): void {
  writeFileSync(`${path}.new`, bytes);
  renameSync(`${path}.new`, path);
}

describe('hot swap', () => {
  test('a file that is the same is left alone', async () => {
    expect(await watcher.check()).toBeNull();
    expect(updates).toEqual([]);
  });

  test('a better file takes over, and is reported', async () => {
    expect(store.lookup(OTHER).code).toBe('JP');
    replace(changed);
    expect(await watcher.check()).toMatchObject({ kind: 'swapped', records: store.data.records });
    expect(store.lookup(OTHER).code).toBe('KR');
    expect(updates).toHaveLength(1);
    expect(await watcher.check()).toBeNull();
  });

  test('a half-written file is refused, the previous one stays, and the whole one is taken later', async () => {
    writeFileSync(path, changed.subarray(0, changed.length / 2));
    expect(await watcher.check()).toMatchObject({ kind: 'refused', code: 'region.damaged' });
    expect(store.lookup(OTHER).code).toBe('JP');
    expect(await watcher.check()).toBeNull();
    writeFileSync(path, changed);
    expect(await watcher.check()).toMatchObject({ kind: 'swapped' });
    expect(store.lookup(OTHER).code).toBe('KR');
  });

  test('a file that vanishes is reported once; when it is back it is looked at', async () => {
    copyFileSync(path, `${path}.aside`);
    rmSync(path);
    expect(await watcher.check()).toMatchObject({ kind: 'refused', code: 'region.missing' });
    expect(await watcher.check()).toBeNull();
    expect(store.lookup(OTHER).code).toBe('JP');
    renameSync(`${path}.aside`, path);
    expect(await watcher.check()).toMatchObject({ kind: 'swapped' });
  });

  test('the refusal tells code, what and where, without a stack', async () => {
    replace(Buffer.from('nonsense'));
    const update = await watcher.check();
    if (update?.kind !== 'refused') throw new Error('not refused');
    expect(update.line).toContain(path);
    expect(update.line).toContain('region.damaged');
    expect(update.line).not.toMatch(/\bat .*\.ts:\d/);
  });

  test('the timer looks by itself, and a listener that throws stops nothing', async () => {
    const seen: string[] = [];
    const fast = watchRegions(store, {
      intervalMs: 5,
      onUpdate: (update) => {
        seen.push(update.kind);
        throw new Error('listener');
      },
    });
    replace(Buffer.from('nonsense'));
    await vi.waitFor(() => expect(seen).toEqual(['refused']));
    replace(changed);
    await vi.waitFor(() => expect(seen).toEqual(['refused', 'swapped']));
    fast.stop();
    expect(store.lookup(OTHER).code).toBe('KR');
  });

  test('looks that overlap are one look', async () => {
    replace(changed);
    const [first, second] = await Promise.all([watcher.check(), watcher.check()]);
    expect(first).toBe(second);
    expect(updates).toHaveLength(1);
  });

  test('the watch does not keep a process alive', () => {
    const script = `
      const { openRegions } = await import(${JSON.stringify(new URL('../../src/geo/reader.ts', import.meta.url).href)});
      const { watchRegions } = await import(${JSON.stringify(new URL('../../src/geo/update.ts', import.meta.url).href)});
      watchRegions(await openRegions(${JSON.stringify(path)}), { intervalMs: 20000, onUpdate() {} });
      console.log('open');`;
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 15_000,
    });
    expect(out).toBe('open\n');
  });
});

describe('a candidate', () => {
  const write = (entries: readonly FixtureEntry[]): string => {
    const file = join(directory, 'candidate.mmdb');
    writeFileSync(file, fixtureBytes({ entries }));
    return file;
  };

  test('that gets a known address wrong is refused, at the start, too', async () => {
    for (const [sentinel, wrong] of [
      ['CN-GD', 'CN-BJ'],
      ['CN-ZJ', 'CN'],
      ['CN-HK', 'CN-GD'],
      ['US', 'CA'],
    ]) {
      const file = write(
        FIXTURE_ENTRIES.map((entry) =>
          entry.region === sentinel ? { ...entry, region: wrong ?? '' } : entry,
        ),
      );
      await expect(loadCandidate(file)).rejects.toMatchObject({ code: 'region.sentinel', where: file });
      await expect(openRegions(file)).rejects.toMatchObject({ code: 'region.sentinel' });
    }
    await expect(loadCandidate(write([]))).rejects.toMatchObject({ code: 'region.sentinel' });
  });

  test('that has lost or gained too many records is refused, unless the limit is raised', async () => {
    const more = Array.from({ length: 60 }, (_, index): FixtureEntry => ({
      network: `5.${index * 2}.0.0/16`,
      region: 'FR',
      source: 0,
    }));
    const large = await loadCandidate(write([...FIXTURE_ENTRIES, ...more]));
    const small = write(FIXTURE_ENTRIES);
    await expect(loadCandidate(small, large)).rejects.toMatchObject({ code: 'region.delta' });
    await expect(loadCandidate(small, large, { maxRecordChange: 1 })).resolves.toMatchObject({
      ipVersion: 6,
    });
    await expect(loadCandidate(write([...FIXTURE_ENTRIES, ...more]), store.data)).rejects.toMatchObject({
      code: 'region.delta',
    });
  });

  test('with a code that is none, or a source that is none, is refused', async () => {
    await expect(
      loadCandidate(write([...FIXTURE_ENTRIES, { network: '5.0.0.0/8', region: 'XX', source: 0 }])),
    ).rejects.toMatchObject({ code: 'region.damaged' });
    await expect(
      loadCandidate(write([...FIXTURE_ENTRIES, { network: '5.0.0.0/8', region: 'FR', source: 9 }])),
    ).rejects.toMatchObject({ code: 'region.damaged' });
  });
});
