import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SourceFeed } from '../../../src/collectors/feed.ts';
import { ConntrackReader } from '../../../src/collectors/linux/conntrack.ts';
import { LineSplitter } from '../../../src/collectors/linux/line-splitter.ts';
import { UlogdReader } from '../../../src/collectors/linux/ulogd.ts';
import { canonicalAddress } from '../../../src/model/address.ts';
import { holds, PATIENCE } from '../../support/fuzzing.ts';
import { conntrackLine, ULOGD_DESTROY } from './examples.ts';
import { RecordingFeed } from './recording-feed.ts';

const mutated = (line: string): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.nat(line.length), fc.nat(6), fc.string({ maxLength: 4 })), { maxLength: 4 }),
      fc.nat(line.length),
    )
    .map(([changes, end]) => {
      let text = line;
      for (const [place, removed, added] of changes)
        text = text.slice(0, place) + added + text.slice(place + removed);
      return end < line.length / 4 ? text.slice(end) : text;
    });

const conntrack = fc.oneof(mutated(`${conntrackLine(40_000)} zone=3`), fc.string({ maxLength: 300 }));
const values = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constant('10.0.0.7'), fc.nat(70_000));
const ulogd = fc.oneof(
  mutated(JSON.stringify(ULOGD_DESTROY)),
  fc
    .dictionary(fc.constantFrom(...Object.keys(ULOGD_DESTROY)), values, { maxKeys: 6 })
    .map((some) => JSON.stringify({ ...ULOGD_DESTROY, ...some })),
);

function expectSound(feed: RecordingFeed): number {
  const port = (value: number | null): void => {
    if (value !== null) expect(Number.isInteger(value) && value >= 1 && value <= 65_535).toBe(true);
  };
  let events = 0;
  for (const { translations } of feed.messages)
    for (const { timeMs, inside, outside, remote, flow, protocol } of translations) {
      events += 1;
      for (const address of [inside.address, outside?.address, remote?.address])
        expect(canonicalAddress(address ?? '')).toBe(address);
      for (const each of [inside.port, outside?.low ?? null, outside?.high ?? null, remote?.port ?? null])
        port(each);
      if (timeMs !== null) expect(Number.isSafeInteger(timeMs) && timeMs >= 0).toBe(true);
      if (flow !== null) expect(flow >= 0 && flow < 2 ** 32).toBe(true);
      if (protocol !== null) expect(protocol >= 0 && protocol <= 255).toBe(true);
      expect(`${inside.address} ${inside.port}`).not.toBe(`${outside?.address} ${outside?.low}`);
    }
  return events;
}

describe('whatever a line says', () => {
  it.each([
    ['conntrack', conntrack, (feed: SourceFeed) => new ConntrackReader({ feed })],
    ['ulogd', ulogd, (feed: SourceFeed) => new UlogdReader({ feed })],
  ])('%s: it is a sound translation, or none', PATIENCE, async (_name, lines, create) => {
    const seen = { events: 0, rejected: 0 };
    await holds(
      fc.asyncProperty(lines, (line) => {
        const feed = new RecordingFeed();
        create(feed).line(line);
        expect(feed.messages.length + feed.rejections.length).toBe(1);
        seen.events += expectSound(feed);
        seen.rejected += feed.rejections.length;
        return Promise.resolve();
      }),
      1,
    );
    expect(seen.events).toBeGreaterThan(20);
    expect(seen.rejected).toBeGreaterThan(20);
  });
});

describe('a stream of bytes', () => {
  const parts = fc.array(
    fc.oneof(fc.string({ maxLength: 40 }), fc.constant('\n'), fc.constant('x'.repeat(1500))),
    { maxLength: 12 },
  );

  it(
    'is split into the same lines however it comes; one that is too long is left out and counted',
    PATIENCE,
    async () => {
      const seen = { long: 0, lines: 0 };
      await holds(
        fc.asyncProperty(parts, fc.array(fc.nat(4000), { maxLength: 8 }), (texts, cuts) => {
          const bytes = Buffer.from(texts.join(''));
          const whole = bytes.toString().split('\n').slice(0, -1);
          const fits = whole.filter((line) => line !== '' && Buffer.byteLength(line) <= 2048);
          const lines: string[] = [];
          let long = 0;
          const splitter = new LineSplitter(
            (line) => lines.push(line),
            () => {
              long += 1;
            },
          );
          let start = 0;
          for (const cut of [...cuts.sort((a, b) => a - b), bytes.length]) {
            splitter.push(bytes.subarray(start, Math.max(start, cut)));
            start = Math.max(start, cut);
          }
          splitter.push(Buffer.from('\n'));
          const last = bytes.toString().split('\n').at(-1) ?? '';
          const ended = last !== '' && Buffer.byteLength(last) <= 2048 ? [last] : [];
          expect(lines).toEqual([...fits, ...ended]);
          expect(long).toBe([...whole, last].filter((line) => Buffer.byteLength(line) > 2048).length);
          seen.long += long;
          seen.lines += lines.length;
          return Promise.resolve();
        }),
        1,
      );
      expect(seen.long).toBeGreaterThan(20);
      expect(seen.lines).toBeGreaterThan(100);
    },
  );
});
