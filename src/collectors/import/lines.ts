import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ShudiError } from '../../model/errors.ts';
import type { Millis } from '../../model/time.ts';
import { ConntrackReader } from '../linux/conntrack.ts';
import { UlogdReader } from '../linux/ulogd.ts';
import { SyslogReader } from '../syslog/reader.ts';
import type { Reading, ReadingOptions } from './reading.ts';

/** The longest line that is held; more of it is cut off. */
const MOST_CHARACTERS = 65_536;

/** Text logs, also compressed with gzip. */
export class LineReading implements Reading {
  readonly #clock: ReadingOptions['clock'];
  readonly #source: ReadingOptions['source'];
  readonly #take: (line: string, received: Millis) => void;
  #lines = 0;

  constructor(options: ReadingOptions, format: 'syslog' | 'conntrack') {
    this.#clock = options.clock;
    this.#source = options.source;
    this.#take = format === 'syslog' ? syslogTaker(options) : conntrackTaker(options);
  }

  async file(path: string, turn: (bytesRead: number) => Promise<void>): Promise<void> {
    const { stream, written, read } = await openText(path);
    // A stamp without a year lies before the file was written last.
    this.#clock.now = written;
    for await (const { text, hasEnd } of linesOf(stream, path)) {
      if (text.trim() === '') continue;
      this.#lines += 1;
      // Perhaps half a line: half a port would be another's.
      if (hasEnd) this.#take(text, written);
      else this.#source.unread('line-cut', 1);
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
  const reader = new SyslogReader({ feed: source, vendor, zoneMinutes, years: 'before' });
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
  if (packed) {
    raw.on('error', (error) => stream.destroy(error));
    stream.on('close', () => raw.destroy());
  }
  return { stream, written: Math.round(mtimeMs) as Millis, read: () => raw.bytesRead };
}

export interface TextLine {
  readonly text: string;
  /** Whether its end was there: the last line of a file that is still being written may be half a line. */
  readonly hasEnd: boolean;
  /** It was longer than the bound: what is beyond it is not there. */
  readonly isCut: boolean;
}

/**
 * The lines of a stream; what is no UTF-8 becomes U+FFFD.
 * @throws ShudiError import.damaged after the lines before it, when a packed file is cut or damaged
 */
export async function* linesOf(stream: Readable, path: string): AsyncGenerator<TextLine> {
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  for await (const part of partsOf(stream, path)) {
    const lines = (rest + decoder.decode(part, { stream: true })).split('\n');
    // One more than the bound tells that there was more.
    rest = (lines.pop() ?? '').slice(0, MOST_CHARACTERS + 1);
    for (const line of lines) yield textLine(line, true);
  }
  rest += decoder.decode();
  if (rest !== '') yield textLine(rest, false);
}

function textLine(line: string, hasEnd: boolean): TextLine {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  return { text: text.slice(0, MOST_CHARACTERS), hasEnd, isCut: text.length > MOST_CHARACTERS };
}

async function* partsOf(stream: Readable, path: string): AsyncGenerator<Buffer> {
  try {
    for await (const part of stream) yield part as Buffer;
  } catch (error) {
    // Codes of zlib: Z_BUF_ERROR at an end that came too early, Z_DATA_ERROR in what makes no sense.
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))
      throw new ShudiError('import.damaged', 'The packed file is cut or damaged.', path, error);
    throw error;
  }
}
