import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { ShudiError } from '../model/errors.ts';
import { syncDirectory } from '../platform/files.ts';
import { splitRange } from './address-prefixes.ts';
import { loadRegionFile } from './load.ts';
import { keyOf, type MergedRegions, type MergeTally, mergeRegions } from './merge.ts';
import type { MmdbValue } from './mmdb-encode.ts';
import { makeMmdbWriter } from './mmdb-write.ts';
import { aboutValue, DATABASE_TYPE, recordValue, sealRegionFile } from './region-file.ts';
import { checkBuilt } from './self-check.ts';
import { openSources, type RegionSources, sourceError, type SourceInfo } from './sources.ts';

export interface BuildOptions {
  /** The file to write; the directory must exist. */
  readonly output: string;
  /** The directory whose node_modules holds the data packages. */
  readonly dataDirectory: string;
  /**
   * Unix seconds for the file's build_epoch; the country data's own date when left out. Never "now": the same
   * inputs must give the same bytes. `shudi geo build` passes SOURCE_DATE_EPOCH.
   */
  readonly buildEpoch?: number;
}

export interface BuildSummary {
  readonly output: string;
  readonly bytes: number;
  /** Prefixes in the file that have a region. */
  readonly records: number;
  readonly buildEpoch: number;
  readonly sources: readonly SourceInfo[];
  /** IPv4 addresses by how the sources agree. */
  readonly addresses: MergeTally;
  readonly milliseconds: number;
}

/**
 * Compiles the region file: merges the sources, writes a temporary file, reads that back and compares it with
 * what went in, and only then puts it in the place of the old one.
 *
 * @throws ShudiError region.source | region.output | region.damaged | region.sentinel
 */
export async function buildRegionFile(options: BuildOptions): Promise<BuildSummary> {
  const started = performance.now();
  // Before the work, not after it. The dot makes a directory that is a file fail.
  output(options.output, () => accessSync(`${dirname(options.output)}/.`, constants.W_OK));
  const sources = openSources(options.dataDirectory);
  const merged = merge(sources, options.dataDirectory);
  const buildEpoch = options.buildEpoch ?? sources.countryInfo.date;
  const file = compile(merged, sources, buildEpoch);
  const records = await replaceFile(options.output, file, async (temporary) => {
    const candidate = await loadRegionFile(temporary);
    checkBuilt(candidate, merged);
    return candidate.records;
  });
  return {
    output: options.output,
    bytes: file.length,
    records,
    buildEpoch,
    sources: [sources.countryInfo, sources.provinceInfo],
    addresses: merged.tally,
    milliseconds: Math.round(performance.now() - started),
  };
}

function merge(sources: RegionSources, where: string): MergedRegions {
  try {
    return mergeRegions(sources.country, sources.province);
  } catch (error) {
    throw sourceError(error, where);
  }
}

function compile(merged: MergedRegions, sources: RegionSources, buildEpoch: number): Buffer {
  const writer = makeMmdbWriter();
  const values = new Map<string, MmdbValue>();
  const valueOf = (code: string, byProvince: boolean): MmdbValue => {
    const name = `${code} ${byProvince}`;
    const value = values.get(name) ?? recordValue(code, byProvince ? 1 : 0);
    values.set(name, value);
    return value;
  };
  for (const { first, last, code, byProvince } of merged.v4) {
    const value = valueOf(code, byProvince);
    splitRange(first, last, (at, length) => writer.insert(keyOf([0, 0, 0, at]), 96 + length, value));
  }
  for (const { key, length, code } of merged.v6) writer.insert(key, length, valueOf(code, false));
  const { countryInfo, provinceInfo } = sources;
  const file = writer.finish({
    databaseType: DATABASE_TYPE,
    description: `IP regions for Shudi. Countries: ${countryInfo.credit} (${countryInfo.licence}). Mainland provinces (IPv4): ${provinceInfo.credit} (${provinceInfo.licence}).`,
    buildEpoch,
    extra: aboutValue([countryInfo, provinceInfo], {
      ranges_v4: merged.v4.length,
      prefixes_v6: merged.v6.length,
    }),
  });
  return sealRegionFile(file);
}

/** Writes beside the target, checks what the disk then holds, and renames; a failure leaves the old file. */
async function replaceFile<T>(
  path: string,
  content: Buffer,
  check: (temporary: string) => Promise<T>,
): Promise<T> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    output(path, () => writeDurably(temporary, content));
    const checked = await check(temporary);
    output(path, () => {
      renameSync(temporary, path);
      syncDirectory(dirname(path));
    });
    return checked;
  } finally {
    discard(temporary);
  }
}

/** What is left of a failed write. If even that cannot be removed, the first error is the one to tell. */
function discard(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Such as a target in a directory that is none.
  }
}

function writeDurably(path: string, content: Buffer): void {
  const handle = openSync(path, 'w', 0o644);
  try {
    writeFileSync(handle, content);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function output(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new ShudiError('region.output', 'The file cannot be written.', path, error);
  }
}
