import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { open as openFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ConntrackReader } from '../../../src/collectors/linux/conntrack.ts';
import { startConntrack, type LineSource } from '../../../src/collectors/linux/line-source.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { conntrackLine } from './examples.ts';
import { RecordingFeed } from './recording-feed.ts';

const directory = temporaryDirectory();
let files = 0;
const newPath = (): string => join(directory, `lines-${(files += 1)}`);
const text = (...ports: readonly number[]): string =>
  ports.map((port) => `${conntrackLine(port)}\n`).join('');
const PATIENT = { timeout: 10_000, interval: 5 };

const open: LineSource[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((source) => source.stop()));
});

function start(mode: 'file' | 'pipe', path: string) {
  const feed = new RecordingFeed();
  const source = startConntrack({ mode, path, pollMs: 20, feed, reader: new ConntrackReader({ feed }) });
  open.push(source);
  const heard = (): (number | null)[] =>
    feed.messages.flatMap(({ translations }) => translations.map(({ inside }) => inside.port));
  const hears = (...ports: readonly number[]): Promise<void> =>
    vi.waitFor(() => expect(heard()).toEqual(ports), PATIENT);
  const runs = (): Promise<void> => vi.waitFor(() => expect(source.running()).toBe(true), PATIENT);
  return { feed, source, hears, runs, heard };
}

describe('a file that is followed', () => {
  it('is read from its end on, also a line that comes in two parts', async () => {
    const path = newPath();
    writeFileSync(path, text(1, 2));
    const { runs, hears, feed } = start('file', path);
    await runs();
    const line = text(3);
    appendFileSync(path, line.slice(0, 60));
    appendFileSync(path, line.slice(60) + text(4));
    await hears(3, 4);
    expect(feed).toMatchObject({ losses: [], rejections: [] });
  });

  it('is read from the next line on when it ends within one', async () => {
    const path = newPath();
    const line = text(2);
    writeFileSync(path, text(1) + line.slice(0, 60));
    const { runs, hears, feed } = start('file', path);
    await runs();
    appendFileSync(path, line.slice(60) + text(3));
    await hears(3);
    expect(feed.rejections).toEqual([]);
  });

  it('is read from its beginning when it comes later', async () => {
    const path = newPath();
    const { source, hears } = start('file', path);
    await vi.waitFor(() => expect(source.fault()).toBe('ENOENT'), PATIENT);
    expect(source.running()).toBe(false);
    writeFileSync(`${path}.new`, text(1, 2));
    renameSync(`${path}.new`, path);
    await hears(1, 2);
    expect(source.fault()).toBe(null);
  });

  it('that was rotated is read to its end, though its writer notices late', async () => {
    const path = newPath();
    writeFileSync(path, '');
    const { runs, hears, feed } = start('file', path);
    await runs();
    const writer = openSync(path, 'a');
    writeSync(writer, text(1));
    renameSync(path, `${path}.1`);
    writeSync(writer, text(2));
    writeFileSync(path, '');
    writeSync(writer, text(3));
    appendFileSync(path, text(4));
    await hears(1, 2, 3, 4);
    expect(feed).toMatchObject({ losses: [], rejections: [] });
  });

  it('that was truncated is read from its beginning: what was between is missing', async () => {
    const path = newPath();
    writeFileSync(path, text(1, 2));
    const { runs, hears, feed } = start('file', path);
    await runs();
    appendFileSync(path, text(3));
    await hears(3);
    truncateSync(path);
    await vi.waitFor(() => expect(feed.losses).toEqual([0]), PATIENT);
    appendFileSync(path, text(4));
    await hears(3, 4);
  });

  it('waits until what was read is stored', async () => {
    const path = newPath();
    writeFileSync(path, '');
    const { runs, hears, feed, heard } = start('file', path);
    await runs();
    feed.hold();
    const many = Array.from({ length: 1000 }, (_, index) => index + 1);
    appendFileSync(path, text(...many));
    await vi.waitFor(() => expect(heard().length).toBeGreaterThan(0), PATIENT);
    const first = heard().length;
    expect(first).toBeLessThan(500);
    feed.release();
    await hears(...many);
  });

  it.each(['file', 'pipe'] as const)('is no directory (%s)', async (mode) => {
    const path = newPath();
    mkdirSync(path);
    const { source } = start(mode, path);
    await vi.waitFor(() => expect(source.fault()).toBe(`not-a-${mode}`), PATIENT);
    expect(source.running()).toBe(false);
  });

  it('can be left while the feed stores nothing', async () => {
    const path = newPath();
    writeFileSync(path, '');
    const { runs, hears, feed, source } = start('file', path);
    await runs();
    feed.hold();
    appendFileSync(path, text(1));
    await hears(1);
    await source.stop();
    expect(source.running()).toBe(false);
    feed.release();
  });
});

const newPipe = (path = newPath()): string => {
  execFileSync('mkfifo', [path]);
  return path;
};

/** Opens a FIFO without waiting for a reader: without one it fails. */
const writerOf = (path: string): Promise<FileHandle> => openFile(path, 'w');

describe('a pipe', () => {
  it('is read from one writer after the other: what was between them is missing', async () => {
    const path = newPipe();
    const { runs, hears, feed, source } = start('pipe', path);
    await runs();
    // Nobody writes to it yet, so nothing would be told.
    expect(source.isTelling()).toBe(false);
    const first = await writerOf(path);
    await first.write(text(1));
    await hears(1);
    expect(source.isTelling()).toBe(true);
    // It dies within a line.
    await first.write(text(2).slice(0, 90));
    await first.close();
    await vi.waitFor(() => expect(source.starts()).toBe(2), PATIENT);
    expect(source.isTelling()).toBe(false);
    const second = await writerOf(path);
    await second.write(text(3));
    await hears(1, 3);
    expect(feed.losses).toEqual([0]);
    await second.write(text(4));
    await hears(1, 3, 4);
    await second.close();
    expect(feed).toMatchObject({ losses: [0], rejections: ['line-cut 1'] });
  });

  it('loses nothing of writers that come and go quickly', async () => {
    const path = newPipe();
    const { runs, hears } = start('pipe', path);
    await runs();
    const ports = Array.from({ length: 100 }, (_, index) => index + 1);
    for (const port of ports) {
      const writer = await writerOf(path);
      await writer.write(text(port));
      await writer.close();
    }
    await hears(...ports);
  });

  it('without a writer is left at once', async () => {
    const { runs, source } = start('pipe', newPipe());
    await runs();
    await source.stop();
    expect(source.running()).toBe(false);
  });

  it('is opened when it comes later, and again when another one takes its place', async () => {
    const path = newPath();
    const { runs, hears, source } = start('pipe', path);
    await vi.waitFor(() => expect(source.fault()).toBe('ENOENT'), PATIENT);
    newPipe(path);
    await runs();
    const first = await writerOf(path);
    await first.write(text(1));
    await hears(1);
    rmSync(path);
    newPipe(path);
    const second = await writerOf(path);
    await second.write(text(2));
    await hears(1, 2);
    await Promise.all([first.close(), second.close()]);
  });

  it('is no regular file', async () => {
    const path = newPath();
    writeFileSync(path, text(1));
    const { source, heard } = start('pipe', path);
    await vi.waitFor(() => expect(source.fault()).toBe('not-a-pipe'), PATIENT);
    expect(heard()).toEqual([]);
  });
});
