import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Millis } from '../../model/time.ts';
import { ConntrackReader } from '../linux/conntrack.ts';
import { UlogdReader } from '../linux/ulogd.ts';
import { SyslogReader } from '../syslog/reader.ts';
import type { Reading, ReadingOptions } from './reading.ts';

/** The longest line that is read; more of it is cut off. */
const MOST_CHARACTERS = 16_384;

/** Text logs, also compressed with gzip. */
export class LineReading implements Reading {
  readonly #clock: ReadingOptions['clock'];
  readonly #take: (line: string, received: Millis) => void;
  #lines = 0;

  constructor(options: ReadingOptions, format: 'syslog' | 'conntrack') {
    this.#clock = options.clock;
    this.#take = format === 'syslog' ? syslogTaker(options) : conntrackTaker(options);
  }

  async file(path: string, turn: (bytesRead: number) => Promise<void>): Promise<void> {
    const { stream, written, read } = await openText(path);
    // A stamp without a year is of the year that brings it nearest to when the file was written.
    this.#clock.now = written;
    for await (const line of linesOf(stream)) {
      if (line.trim() === '') continue;
      this.#lines += 1;
      this.#take(line, written);
      await turn(read());
    }
  }

  records(): number {
    return this.#lines;
  }

  pending(): number {
    return 0;
  }
}

function syslogTaker({
  source,
  vendor,
  zoneMinutes,
}: ReadingOptions): (line: string, received: Millis) => void {
  const reader = new SyslogReader({ feed: source, vendor, zoneMinutes });
  return (line, received) => reader.line(line, received);
}

function conntrackTaker({ source }: ReadingOptions): (line: string) => void {
  const conntrack = new ConntrackReader({ feed: source, live: false });
  const ulogd = new UlogdReader({ feed: source, live: false });
  return (line) => (line.startsWith('{') ? ulogd : conntrack).line(line);
}

const GZIP = [0x1f, 0x8b] as const;

/** A file's text, unpacked when it is packed. */
export async function openText(
  path: string,
): Promise<{ readonly stream: Readable; readonly written: Millis; readonly read: () => number }> {
  const handle = await open(path, 'r');
  const head = Buffer.alloc(2);
  await handle.read(head, 0, 2, 0);
  const { mtimeMs } = await handle.stat();
  await handle.close();
  const raw = createReadStream(path);
  const packed = head[0] === GZIP[0] && head[1] === GZIP[1];
  const stream = packed ? raw.pipe(createGunzip()) : raw;
  if (packed) raw.on('error', (error) => stream.destroy(error));
  return { stream, written: Math.round(mtimeMs) as Millis, read: () => raw.bytesRead };
}

/** The lines of a stream, none longer than the bound; what is no UTF-8 becomes U+FFFD. */
export async function* linesOf(stream: Readable): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  for await (const part of stream) {
    const lines = (rest + decoder.decode(part as Buffer, { stream: true })).split('\n');
    rest = (lines.pop() ?? '').slice(0, MOST_CHARACTERS);
    for (const line of lines) yield withoutReturn(line);
  }
  rest += decoder.decode();
  if (rest !== '') yield withoutReturn(rest);
}

const withoutReturn = (line: string): string =>
  (line.endsWith('\r') ? line.slice(0, -1) : line).slice(0, MOST_CHARACTERS);
