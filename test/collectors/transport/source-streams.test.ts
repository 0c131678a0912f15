import { describe, expect, it } from 'vitest';
import { IpfixReceiver } from '../../../src/collectors/ipfix/receiver.ts';
import { SyslogReceiver } from '../../../src/collectors/syslog/receiver.ts';
import { SourceStreams, type WatchedStream } from '../../../src/collectors/transport/source-streams.ts';
import type { IpAddress } from '../../../src/model/address.ts';
import { NOON } from '../../records/items.ts';
import { heardFeed } from '../ipfix/source-feed.ts';
import { openWorld, type World } from '../recorded-world.ts';

interface Watched extends World {
  readonly streams: SourceStreams;
  /** A stream that is opened at once. */
  readonly open: () => WatchedStream;
  /** What is missing since the last call, as `0-5000`, ms after the start. */
  readonly missing: () => string[];
}

function watched(): Watched {
  const world = openWorld();
  const streams = new SourceStreams(world.clock);
  return {
    ...world,
    streams,
    open: () => {
      const stream = streams.accept(world.source) ?? expect.fail('refused');
      stream.opened();
      return stream;
    },
    missing: () =>
      world.source.takeGaps().map(({ reason, from, to }) => {
        expect(reason).toBe('lost');
        return `${from - NOON}-${to - NOON}`;
      }),
  };
}

/** A message comes on a stream. */
function hear({ source, to }: Watched, stream: WatchedStream, ms: number): void {
  to(ms);
  source.hear(null);
  stream.heard();
}

describe('what is missing of a source of streams', () => {
  it('is the time before its first connection', () => {
    const world = watched();
    world.to(5000);
    world.open();
    expect(world.missing()).toEqual(['0-5000']);
  });

  it('is the time without a connection, after one that ended in order', () => {
    const world = watched();
    const stream = world.open();
    world.missing();
    hear(world, stream, 10_000);
    world.to(12_000);
    stream.closed('ended');
    expect(world.missing()).toEqual([]);
    world.to(60_000);
    world.open();
    expect(world.missing()).toEqual(['10000-60000']);
  });

  it('begins with what a connection told last when it broke, and what others told since changes nothing', () => {
    const world = watched();
    const [broken, other] = [world.open(), world.open()];
    world.missing();
    hear(world, broken, 10_000);
    hear(world, other, 20_000);
    world.to(21_000);
    broken.closed('broken');
    expect(world.missing()).toEqual(['10000-21000']);
    hear(world, other, 30_000);
    // Then it comes again.
    world.open();
    expect(world.missing()).toEqual(['21000-30000']);
    world.to(40_000);
    world.open();
    expect(world.missing()).toEqual([]);
  });

  it('ends with the connection that took the place of one that is found broken later', () => {
    const world = watched();
    const halfOpen = world.open();
    hear(world, halfOpen, 10_000);
    world.to(20_000);
    world.open();
    world.missing();
    world.to(90_000);
    halfOpen.closed('broken');
    expect(world.missing()).toEqual(['10000-90000']);
    world.to(900_000);
    world.open();
    expect(world.missing()).toEqual([]);
  });

  it('is nothing of a connection that ends in order while another is open, or that never stood', () => {
    const world = watched();
    const first = world.open();
    world.missing();
    world.to(5000);
    world.open();
    first.closed('ended');
    world.streams.accept(world.source)?.closed('broken');
    world.to(9000);
    world.open();
    expect(world.missing()).toEqual([]);
    expect(world.streams.isTelling(world.source, false)).toBe(true);
  });

  it('that sends datagrams too is only what a connection held that broke', () => {
    const world = watched();
    world.streams.datagram(world.source);
    world.to(5000);
    const stream = world.open();
    expect(world.missing()).toEqual([]);
    hear(world, stream, 6000);
    world.to(7000);
    stream.closed('broken');
    expect(world.missing()).toEqual(['6000-7000']);
    world.to(90_000);
    world.open();
    expect(world.missing()).toEqual([]);
  });

  it('is no less because of one datagram long ago, which may have been stray', () => {
    const world = watched();
    const stream = world.open();
    world.missing();
    world.streams.datagram(world.source);
    hear(world, stream, 400_000);
    stream.closed('ended');
    expect(world.streams.isTelling(world.source, true)).toBe(false);
    world.to(500_000);
    world.open();
    expect(world.missing()).toEqual(['400000-500000']);
  });

  it('ends also when datagrams come', () => {
    const world = watched();
    const stream = world.open();
    world.missing();
    hear(world, stream, 10_000);
    stream.closed('ended');
    world.to(20_000);
    world.streams.datagram(world.source);
    world.streams.datagram(world.source);
    expect(world.missing()).toEqual(['10000-20000']);
    expect(world.streams.isTelling(world.source, true)).toBe(true);
  });

  it('is nothing of a connection that we stop: the coverage of the source ends with it', () => {
    const world = watched();
    const stream = world.open();
    world.missing();
    world.to(5000);
    stream.closed('stopped');
    expect(world.missing()).toEqual([]);
    expect(world.streams.isTelling(world.source, false)).toBe(true);
  });
});

it.each(['ipfix', 'syslog'] as const)(
  '%s: who sends datagrams all the time needs no stream, however late one comes',
  (protocol) => {
    const { source, clock, to } = openWorld();
    const receiver =
      protocol === 'ipfix'
        ? new IpfixReceiver({ clock, sourceOf: () => ({ feed: source, dialect: null }) })
        : new SyslogReceiver({ clock, sourceOf: () => ({ feed: source, vendor: null, zoneMinutes: 0 }) });
    const from = '192.0.2.1' as IpAddress;
    for (let second = 0; second <= 900; second += 100) {
      to(second * 1000);
      receiver.datagram(Buffer.from('<14>anything'), from);
      if (second !== 400) continue;
      const stream = receiver.accept(from) ?? expect.fail('refused');
      stream.opened();
      stream.closed('ended');
    }
    expect(receiver.streams.isTelling(source, true)).toBe(true);
    expect(source.takeGaps().filter(({ reason }) => reason === 'lost')).toEqual([]);
  },
);

describe('a source', () => {
  it('of streams tells while it has one open; of one that may send datagrams that is seen when it has had one', () => {
    const { source, streams } = watched();
    expect([streams.isTelling(source, false), streams.isTelling(source, true)]).toEqual([false, true]);
    const stream = streams.accept(source);
    expect(streams.isTelling(source, false)).toBe(false);
    stream?.opened();
    expect([streams.isTelling(source, false), streams.isTelling(source, true)]).toEqual([true, true]);
    stream?.closed('ended');
    expect([streams.isTelling(source, false), streams.isTelling(source, true)]).toEqual([false, false]);
    streams.datagram(source);
    expect(streams.isTelling(source, true)).toBe(true);
  });

  it('has no more than 64 streams, also before they are opened; another has its own', () => {
    const world = watched();
    const held = Array.from({ length: 64 }, () => world.streams.accept(world.source) ?? expect.fail());
    expect(world.streams.accept(world.source)).toBeNull();
    expect(world.source.rejections.counts()).toEqual({ 'too-many-streams': 1 });
    // What it would have told is missing.
    expect(world.source.takeGaps()).toMatchObject([
      { reason: 'dropped', from: NOON - 1000, to: NOON, count: 1 },
    ]);
    world.to(60_000);
    expect(world.streams.accept(world.source)).toBeNull();
    expect(world.source.takeGaps()).toMatchObject([{ reason: 'dropped', from: NOON, to: NOON + 60_000 }]);
    expect(world.streams.accept(openWorld().source)).not.toBeNull();
    held[7]?.closed('broken');
    expect(world.streams.accept(world.source)).not.toBeNull();
    expect(world.streams.accept(world.source)).toBeNull();
  });

  it('cannot take the streams of another, of either protocol, from however many addresses it comes', () => {
    const [hostile, other] = [heardFeed('hostile'), heardFeed('other')];
    const feedOf = (from: IpAddress) => (from.startsWith('10.') ? hostile : other);
    const ipfix = new IpfixReceiver({ sourceOf: (from) => ({ feed: feedOf(from), dialect: null }) });
    const syslog = new SyslogReceiver({
      clock: () => NOON,
      sourceOf: (from) => ({ feed: feedOf(from), vendor: null, zoneMinutes: 0 }),
    });
    for (const receiver of [ipfix, syslog]) {
      hostile.calls.length = 0;
      const accepted = Array.from({ length: 200 }, (_, index) =>
        receiver.accept(`10.0.0.${index}` as IpAddress),
      );
      expect(accepted.filter((stream) => stream !== null)).toHaveLength(64);
      expect(hostile.calls).toEqual(Array.from({ length: 136 }, () => 'unread too-many-streams 1'));
      expect(receiver.accept('192.0.2.1' as IpAddress)).not.toBeNull();
      for (const stream of accepted) stream?.closed('ended');
      expect(receiver.accept('10.0.0.1' as IpAddress)).not.toBeNull();
    }
  });
});
