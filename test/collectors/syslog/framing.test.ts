import { describe, expect, it } from 'vitest';
import { datagramLines, MOST_BYTES, SyslogFrames } from '../../../src/collectors/syslog/framing.ts';

function collect(): { readonly frames: SyslogFrames; readonly seen: string[] } {
  const seen: string[] = [];
  return { seen, frames: new SyslogFrames((frame) => seen.push(frame.toString('latin1'))) };
}

const counted = (text: string): string => `${text.length} ${text}`;

/** Every way to end a frame, one after the other; a line of IOS XR that begins like a length; one with an LF within. */
const STREAM = [
  counted('<13>one'),
  counted('<13>two\nlines'),
  '<13>three\n',
  '<13>four\r\n',
  '<13>five\0',
  '1 2026 Nov 26 six\n',
  '123456 <seven\n',
  '0 <eight\n',
  '7\n',
  '\r\n\n',
  `${counted('<13>nine\n')}\n`,
  counted('<13>ten'),
].join('');

const FRAMES = [
  '<13>one',
  '<13>two\nlines',
  '<13>three',
  '<13>four',
  '<13>five',
  '1 2026 Nov 26 six',
  '123456 <seven',
  '0 <eight',
  '7',
  '<13>nine',
  '<13>ten',
];

describe('frames of a stream', () => {
  it('are the same wherever the stream is split', () => {
    const bytes = Buffer.from(STREAM, 'latin1');
    for (let at = 0; at <= bytes.length; at += 1) {
      const { frames, seen } = collect();
      expect(frames.data(bytes.subarray(0, at))).toBe(true);
      expect(frames.data(bytes.subarray(at))).toBe(true);
      expect(seen).toEqual(FRAMES);
    }
  });

  it('are the same byte by byte', () => {
    const { frames, seen } = collect();
    for (const byte of Buffer.from(STREAM, 'latin1')) frames.data(Buffer.from([byte]));
    frames.closed();
    expect(seen).toEqual(FRAMES);
    expect(frames.cut).toBe(0);
  });

  it('that have no end when the stream closes are dropped and counted', () => {
    for (const text of ['<13>ports 1024-10', '20 <13>ports 1024-10', '12', '12 ']) {
      const { frames, seen } = collect();
      frames.data(Buffer.from(`<13>whole\n${text}`));
      frames.closed();
      expect(seen).toEqual(['<13>whole']);
      expect(frames.cut).toBe(1);
    }
  });

  it('may have 64 KiB, and no byte more', () => {
    const longest = `<${'x'.repeat(MOST_BYTES - 1)}`;
    for (const text of [`${longest}\n`, counted(longest)]) {
      const { frames, seen } = collect();
      expect(frames.data(Buffer.from(text))).toBe(true);
      expect(seen).toEqual([longest]);
    }
    for (const text of [`${longest}x`, counted(`${longest}x`), '99999 <']) {
      const { frames, seen } = collect();
      expect(frames.data(Buffer.from(text))).toBe(false);
      frames.closed();
      expect(seen).toEqual([]);
      expect(frames.cut).toBe(1);
    }
  });

  it('that come byte by byte cost no more than their bytes', () => {
    const { frames, seen } = collect();
    const begun = performance.now();
    const one = Buffer.from('x');
    for (let count = 0; count < 60_000; count += 1) frames.data(one);
    frames.data(Buffer.from('\n'));
    expect(seen[0]?.length).toBe(60_000);
    expect(performance.now() - begun).toBeLessThan(2000);
  });
});

describe('lines of a datagram', () => {
  it.each([
    ['<13>one', ['<13>one']],
    ['<13>one\n', ['<13>one']],
    ['<13>one\r\n<13>two\n\n<13>three\0', ['<13>one', '<13>two', '<13>three']],
    ['', []],
    ['\n', []],
  ])('%j', (text, lines) => {
    expect(datagramLines(Buffer.from(text)).map(String)).toEqual(lines);
  });
});
