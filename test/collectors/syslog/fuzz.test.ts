import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalAddress } from '../../../src/model/address.ts';
import type { ToldTranslation } from '../../../src/collectors/feed.ts';
import { SyslogFrames } from '../../../src/collectors/syslog/framing.ts';
import { SyslogReader } from '../../../src/collectors/syslog/reader.ts';
import { VENDORS } from '../../../src/collectors/syslog/vendors/index.ts';
import { holds, PATIENCE } from '../../support/fuzzing.ts';
import { EXAMPLES } from './examples.ts';
import { recordingFeed } from './recording-feed.ts';

const RECEIVED = Date.UTC(2026, 10, 26, 1, 30, 5);
const LINES = Object.values(EXAMPLES).flatMap((examples) => examples.map(({ line }) => line));
const PIECES = [
  ' ',
  '"',
  '[',
  ']',
  '(',
  '->',
  ':',
  '-',
  ', NAT (',
  '[UserbasedA ',
  ' to ',
  '\\',
  '0',
  '65536',
  '1.2.3.4',
  '::1',
  '\uFEFF',
  '#',
  'x',
  '\t ',
];

/** An example with pieces put in the place of others, and cut. */
const mutated = fc
  .tuple(
    fc.constantFrom(...LINES),
    fc.array(
      fc.tuple(fc.nat(400), fc.nat(4), fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 6 }))),
      { maxLength: 6 },
    ),
    fc.integer({ min: 0, max: 600 }),
  )
  .map(([line, changes, end]) => {
    let text = line;
    for (const [place, removed, piece] of changes) {
      const at = place % (text.length + 1);
      text = text.slice(0, at) + piece + text.slice(at + removed);
    }
    return end > 300 ? text : text.slice(0, end);
  });

const isPort = (port: number | null): boolean =>
  port === null || (Number.isInteger(port) && port >= 1 && port <= 65_535);

function expectSound({ event, timeMs, untilMs, protocol, inside, outside, remote }: ToldTranslation): void {
  for (const point of [inside, remote, outside])
    if (point !== null) expect(canonicalAddress(point.address)).toBe(point.address);
  expect([inside.port, remote?.port ?? null, outside?.low ?? null, outside?.high ?? null].every(isPort)).toBe(
    true,
  );
  expect((outside?.low ?? 0) <= (outside?.high ?? 0)).toBe(true);
  expect(timeMs === null || Number.isSafeInteger(timeMs)).toBe(true);
  expect(event === 'flow' ? untilMs === timeMs : untilMs === null).toBe(true);
  expect(protocol === null || (protocol >= 0 && protocol <= 255)).toBe(true);
  expect(outside !== null || event === 'delete').toBe(true);
}

describe('whatever a line says', () => {
  it('it is read or counted, and what it tells is sound', PATIENCE, async () => {
    const seen = { translations: 0, unparsed: 0 };
    const vendor = fc.option(fc.constantFrom(...VENDORS.map(({ name }) => name)), { nil: null });
    const lines = fc.array(fc.oneof(mutated, fc.string({ maxLength: 300, unit: 'binary' })), {
      minLength: 1,
      maxLength: 20,
    });
    await holds(
      fc.asyncProperty(lines, vendor, fc.integer({ min: -720, max: 840 }), (texts, set, zoneMinutes) => {
        const feed = recordingFeed();
        const reader = new SyslogReader({ feed, vendor: set, zoneMinutes });
        for (const text of texts) reader.line(text, RECEIVED);
        expect(feed.messages.length + feed.rejections.length).toBe(texts.length);
        for (const { translations } of feed.messages) for (const told of translations) expectSound(told);
        for (const { sample = '' } of feed.rejections) {
          expect(sample.length).toBeLessThanOrEqual(200);
          expect(sample).not.toMatch(/[1-9]/);
        }
        seen.translations += reader.status().translations;
        seen.unparsed += reader.status().unparsed;
        return Promise.resolve();
      }),
      2,
    );
    expect(seen.translations).toBeGreaterThan(100);
    expect(seen.unparsed).toBeGreaterThan(100);
  });

  it('frames do not depend on how the stream is split', PATIENCE, async () => {
    const part = fc.oneof(
      mutated,
      mutated.map((text) => `${Buffer.byteLength(text)} ${text}`),
      fc.constantFrom('\n', '\r\n', '\0', '1 ', '12 <', '70000 <'),
    );
    await holds(
      fc.asyncProperty(
        fc.array(part, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 40 }),
        (parts, cuts) => {
          const bytes = Buffer.from(parts.join(''));
          const framed = (sizes: readonly number[]): string[] => {
            const seen: string[] = [];
            const frames = new SyslogFrames((frame) => seen.push(frame.toString('latin1')));
            let at = 0;
            for (const size of [...sizes, bytes.length]) {
              if (!frames.data(bytes.subarray(at, at + size))) return seen;
              at += size;
            }
            return seen;
          };
          expect(framed(cuts)).toEqual(framed([]));
          return Promise.resolve();
        },
      ),
      1,
    );
  });

  it('10,000 long lines take little time', { timeout: 60_000 }, () => {
    const random = fc.sample(fc.nat(0xff_ff_ff_ff), { numRuns: 10_000, seed: 7 });
    const reader = new SyslogReader({ feed: recordingFeed(), vendor: null, zoneMinutes: 0 });
    const texts = random.map((number, index) => {
      const line = LINES[index % LINES.length] ?? '';
      const piece = PIECES[number % PIECES.length] ?? '';
      const at = number % line.length;
      const filling = index % 2 === 0 ? piece : line.slice(at, at + 40);
      return (line.slice(0, at) + filling.repeat(8192) + line.slice(at)).slice(0, 1024 + (number % 7168));
    });
    const begun = process.cpuUsage();
    for (const text of texts) reader.line(text, RECEIVED);
    const took = process.cpuUsage(begun).user / 1000;
    expect(reader.status().lines).toBe(10_000);
    expect(took).toBeLessThan(6000);
  });
});
