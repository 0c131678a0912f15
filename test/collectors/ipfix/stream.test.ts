import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IpfixStream } from '../../../src/collectors/ipfix/exporter-session.ts';
import { StreamCutter } from '../../../src/collectors/ipfix/stream-cutter.ts';
import { holds, PATIENCE } from '../../support/fuzzing.ts';
import { message, nat44, NAT44, set, template, uint } from './exporter.ts';
import { heardFeed, type HeardFeed } from './source-feed.ts';

const MESSAGES = [
  message([set(2, [template(256, NAT44)])]),
  message([set(256, [nat44(), nat44({ insidePort: 2 })])]),
  message([]),
  message([set(256, [nat44({ event: 5 })])], { sequence: 2 }),
];
const STREAM = Buffer.concat(MESSAGES);

/** What the account of its source is told goes to `ends`: `heard`, and how it ended. */
const streamOf = (feed: HeardFeed, ends: string[] = []): IpfixStream =>
  new IpfixStream(
    { feed, dialect: null },
    {
      opened: () => ends.push('opened'),
      heard: () => ends.push('heard'),
      closed: (end) => ends.push(end),
    },
  );

describe('a stream of messages', () => {
  it('is cut the same, wherever its bytes are parted', () => {
    const parted = [
      ...Array.from({ length: STREAM.length + 1 }, (_, at) => [STREAM.subarray(0, at), STREAM.subarray(at)]),
      Array.from(STREAM, (byte) => Buffer.from([byte])),
      [STREAM],
    ];
    for (const parts of parted) {
      const feed = heardFeed();
      const stream = streamOf(feed);
      expect(parts.every((part) => stream.data(part))).toBe(true);
      stream.closed('ended');
      expect(feed.messages.map(({ original }) => original)).toEqual(MESSAGES);
      expect(feed.calls).toEqual(['take 0', 'take 2', 'take 0', 'take 1']);
    }
  });

  it('messages are copies: the bytes that they came in may be used again', () => {
    const feed = heardFeed();
    const bytes = Buffer.from(STREAM);
    streamOf(feed).data(bytes);
    bytes.fill(0);
    expect(feed.messages.map(({ original }) => original)).toEqual(MESSAGES);
  });

  it.each([
    ['another version', Buffer.concat([uint(9, 2), uint(20, 2)]), 'message-version'],
    ['a length that holds no head', Buffer.concat([uint(10, 2), uint(15, 2)]), 'message-length'],
  ])('%s ends it, and what came before stands', (_name, nonsense, reason) => {
    const feed = heardFeed();
    const stream = streamOf(feed);
    expect(stream.data(Buffer.concat([STREAM, nonsense, STREAM]))).toBe(false);
    expect(stream.data(STREAM)).toBe(false);
    stream.closed('ended');
    expect(feed.calls).toEqual(['take 0', 'take 2', 'take 0', 'take 1', `unread ${reason} 1`]);
  });

  it('a message that never came to its end is counted', () => {
    const feed = heardFeed();
    const stream = streamOf(feed);
    expect(stream.data(STREAM.subarray(0, -1))).toBe(true);
    stream.closed('ended');
    expect(feed.calls.at(-1)).toBe('unread message-cut 1');
  });

  it.each([
    ['between two messages', STREAM, 'ended', 'ended'],
    ['within one', STREAM.subarray(0, -1), 'ended', 'broken'],
    ['after nonsense', Buffer.concat([STREAM, Buffer.alloc(9)]), 'ended', 'broken'],
    ['by a reset', STREAM, 'broken', 'broken'],
    ['by us within one', STREAM.subarray(0, -1), 'stopped', 'stopped'],
  ] as const)('that ends %s tells so', (_name, bytes, end, told) => {
    const ends: string[] = [];
    const stream = streamOf(heardFeed(), ends);
    stream.opened();
    stream.data(bytes);
    stream.closed(end);
    const whole = bytes.length < STREAM.length ? 3 : 4;
    expect(ends).toEqual(['opened', ...Array.from({ length: whole }, () => 'heard'), told]);
  });

  it('a new stream knows no template of the one before', () => {
    const feed = heardFeed();
    streamOf(feed).data(STREAM);
    const second = streamOf(feed);
    second.data(MESSAGES[1] ?? STREAM);
    expect(feed.calls.at(-1)).toBe('take 0');
    expect(second.status()).toMatchObject({ templates: 0, pending: 1 });
  });

  it('whatever comes, it throws nothing and holds one message at most', PATIENCE, async () => {
    const seen = { messages: 0, ended: 0 };
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom(...MESSAGES),
      fc.nat(65_535).map((length) => Buffer.concat([uint(10, 2), uint(length, 2), Buffer.alloc(12)])),
      fc.nat(70_000).map((length) => Buffer.alloc(length, STREAM)),
    );
    await holds(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const feed = heardFeed();
        const stream = streamOf(feed);
        let isOpen = true;
        for (const bytes of pieces) {
          const goesOn = stream.data(bytes);
          expect(goesOn && !isOpen).toBe(false);
          isOpen = goesOn;
          expect(stream.waiting).toBeLessThan(65_535);
        }
        stream.closed('ended');
        seen.messages += feed.messages.length;
        if (!isOpen) seen.ended += 1;
        return Promise.resolve();
      }),
      1,
    );
    expect(seen.messages).toBeGreaterThan(100);
    expect(seen.ended).toBeGreaterThan(100);
  });

  it('the longest message is 65,535 bytes', () => {
    const longest = Buffer.concat([uint(10, 2), uint(65_535, 2), Buffer.alloc(65_531, 1)]);
    const lengths: number[] = [];
    const cutter = new StreamCutter(({ length }) => lengths.push(length));
    expect(cutter.push(longest.subarray(0, 65_534))).toBe(null);
    expect([lengths, cutter.waiting]).toEqual([[], 65_534]);
    cutter.push(longest.subarray(65_534));
    expect([lengths, cutter.waiting]).toEqual([[65_535], 0]);
  });
});
