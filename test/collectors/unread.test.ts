import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PacketReading } from '../../src/collectors/import/packets.ts';
import type { SourceOptions } from '../../src/collectors/source.ts';
import { IpfixReceiver } from '../../src/collectors/ipfix/receiver.ts';
import { ConntrackReader } from '../../src/collectors/linux/conntrack.ts';
import { LineSplitter } from '../../src/collectors/linux/line-splitter.ts';
import { UlogdReader } from '../../src/collectors/linux/ulogd.ts';
import { SyslogReceiver } from '../../src/collectors/syslog/receiver.ts';
import { canonicalAddress, type IpAddress } from '../../src/model/address.ts';
import { Vouching } from '../../src/collectors/vouching.ts';
import type { Millis } from '../../src/model/time.ts';
import { NOON } from '../records/items.ts';
import { temporaryDirectory } from '../support/directory.ts';
import {
  EXPORT_TIME,
  message,
  nat44,
  NAT44,
  optionsTemplate,
  set,
  template,
  uint,
  withdrawal,
} from './ipfix/exporter.ts';
import { conntrackLine, ULOGD_DESTROY } from './linux/examples.ts';
import { message as told, openWorld, type World } from './recorded-world.ts';

const FROM = canonicalAddress('192.0.2.1') as IpAddress;

interface Listening extends World {
  readonly ipfix: IpfixReceiver;
  readonly syslog: SyslogReceiver;
  /** The gaps that wait, as `dropped 0-5000 x 2`, from the start. */
  readonly gaps: () => string[];
}

function listening(options: Partial<SourceOptions> = {}): Listening {
  const world = openWorld(options);
  const { source: feed, clock } = world;
  return {
    ...world,
    ipfix: new IpfixReceiver({ clock, sourceOf: () => ({ feed, dialect: null }) }),
    syslog: new SyslogReceiver({ clock, sourceOf: () => ({ feed, vendor: null, zoneMinutes: 0 }) }),
    gaps: () =>
      feed
        .takeGaps()
        .map(({ reason, from, to, count }) => `${reason} ${from - NOON}-${to - NOON} x ${count}`),
  };
}

const TEMPLATES = message([set(2, [template(256, NAT44)])]);
const data = (id: number, records = [nat44()], domain = 1): Buffer => message([set(id, records)], { domain });

describe('what an exporter told and nobody could read is missing since it was last heard', () => {
  it.each([
    ['no message', Buffer.from('not IPFIX at all'), 'message-version'],
    ['a message that was cut', data(256).subarray(0, 40), 'message-cut'],
    ['a set that goes beyond the message', message([uint(256, 2), uint(400, 2)]), 'set-cut'],
    ['a set without a length', message([uint(256, 2), uint(0, 2)]), 'set-length'],
    ['more zeros behind the sets than padding has', message([Buffer.alloc(8)]), 'set-length'],
    ['a word behind the sets that is not zero', message([uint(1, 4)]), 'set-length'],
    ['a set of a kind that there is not', message([set(7, [nat44()])]), 'set-reserved'],
    ['a template that makes no sense', message([set(2, [uint(256, 2), uint(9, 2)])]), 'template-cut'],
    ['an outside port without its address', data(256, [nat44({ outside: '0.0.0.0' })]), 'no-address'],
    ['an event of no known number', data(256, [nat44({ event: 99 })]), 'unknown-event'],
  ])('%s', (_name, bytes, reason) => {
    const { ipfix, to, gaps, source } = listening();
    ipfix.datagram(TEMPLATES, FROM);
    to(5000);
    ipfix.datagram(bytes, FROM);
    expect(source.rejections.counts()).toEqual({ [reason]: 1 });
    expect(gaps()).toEqual(['dropped 0-5000 x 1']);
    // It is in the counts already, and was not stored in vain.
    expect(source.counts.dropped).toBe(0);
  });

  it.each([
    ['a connection without NAT', data(256, [nat44({ outside: '100.64.0.1', outsidePort: 40_000 })])],
    [
      'a connection without NAT whose outside is unset',
      data(256, [nat44({ outside: '0.0.0.0', outsidePort: 0 })]),
    ],
    ['a notice of the device', data(256, [nat44({ event: 3 })])],
    ['zeros behind the sets', message([set(256, []), uint(0, 4)])],
    ['zeros behind the sets of NetFlow v9', message([set(0, []), uint(0, 7)], { version: 9 })],
    [
      'options',
      message([
        set(3, [
          optionsTemplate(300, 1, [
            [149, 4],
            [41, 8],
          ]),
        ]),
        set(300, [uint(1, 12)]),
      ]),
    ],
  ])('but not %s', (_name, bytes) => {
    const { ipfix, to, gaps } = listening();
    ipfix.datagram(TEMPLATES, FROM);
    to(5000);
    ipfix.datagram(bytes, FROM);
    expect(gaps()).toEqual([]);
  });

  it('reaches back a second at least: what it tells happened before it came', () => {
    const { ipfix, to, gaps } = listening();
    to(5000);
    ipfix.datagram(TEMPLATES, FROM);
    to(5001);
    ipfix.datagram(Buffer.from('nonsense'), FROM);
    expect(gaps()).toEqual(['dropped 4001-5001 x 1']);
  });

  it('a stream of it is one gap, also when losses lie between', () => {
    const { ipfix, to, gaps, source } = listening();
    for (let index = 1; index <= 2000; index += 1) {
      to(index * 10);
      ipfix.datagram(Buffer.from('nonsense'), FROM);
      source.lost(1);
    }
    expect(gaps()).toEqual(['dropped -990-20000 x 2000', 'lost 10-20000 x 2000']);
  });

  it('of a file nothing is: it is listened to by nobody', () => {
    const { ipfix, gaps, source } = listening({ live: false });
    ipfix.datagram(Buffer.from('nonsense'), FROM);
    expect(source.rejections.counts()).toEqual({ 'message-version': 1 });
    expect(gaps()).toEqual([]);
  });
});

describe('data whose template does not come are missing from before they came until they came', () => {
  /** Data come five seconds after the last message. */
  function waiting(): Listening {
    const world = listening();
    world.ipfix.datagram(TEMPLATES, FROM);
    world.to(5000);
    world.ipfix.datagram(data(300), FROM);
    expect(world.gaps()).toEqual([]);
    return world;
  }

  it('when others push them out', () => {
    const { ipfix, to, gaps } = waiting();
    to(60_000);
    for (let index = 0; index < 512; index += 1) ipfix.datagram(data(301), FROM);
    expect(gaps()).toEqual(['dropped 0-5000 x 1']);
  });

  it('when the exporter withdraws such a template, or all', () => {
    for (const id of [300, 2]) {
      const { ipfix, to, gaps } = waiting();
      to(60_000);
      ipfix.datagram(message([set(2, [withdrawal(id)])]), FROM);
      expect(gaps()).toEqual(['dropped 0-5000 x 1']);
      ipfix.datagram(message([set(2, [template(300, NAT44)])]), FROM);
      expect(ipfix.status()).toMatchObject([{ pending: 0, events: 0 }]);
    }
  });

  it('after an hour, whatever else the exporter sends', () => {
    const { ipfix, to, gaps } = waiting();
    to(3_605_000);
    ipfix.datagram(TEMPLATES, FROM);
    expect(gaps()).toEqual([]);
    to(3_605_001);
    ipfix.datagram(TEMPLATES, FROM);
    expect(gaps()).toEqual(['dropped 0-5000 x 1']);
  });

  it('several sets each by itself, as what came between was read', () => {
    const { ipfix, to, gaps, source } = waiting();
    for (const [ms, id] of [
      [6000, 300],
      [50_000, 256],
      [60_000, 300],
      [70_000, 256],
    ] as const) {
      to(ms);
      ipfix.datagram(data(id), FROM);
    }
    to(80_000);
    ipfix.close();
    expect(gaps()).toEqual(['dropped 0-6000 x 2', 'dropped 50000-60000 x 1']);
    expect(source.rejections.counts()).toEqual({ 'template-never-came': 3 });
    // Nothing was heard when they were given up.
    expect(source.heard).toBe(NOON + 70_000);
  });

  it('when its exporter or domain is forgotten, and when nobody listens any more', () => {
    const forget: ((ipfix: IpfixReceiver) => void)[] = [
      (ipfix) => {
        for (let domain = 2; domain <= 65; domain += 1) ipfix.datagram(data(256, [], domain), FROM);
      },
      (ipfix) => {
        for (let index = 0; index < 1024; index += 1)
          ipfix.datagram(TEMPLATES, canonicalAddress(`198.18.${index >> 8}.${index & 255}`) as IpAddress);
      },
      (ipfix) => ipfix.close(),
    ];
    for (const does of forget) {
      const { ipfix, to, gaps } = waiting();
      to(60_000);
      does(ipfix);
      expect(gaps()).toEqual(['dropped 0-5000 x 1']);
    }
  });

  it('when the stream that they came in ends', () => {
    const { ipfix, to, gaps } = listening();
    const stream = ipfix.accept(FROM) ?? expect.fail('refused');
    stream.data(TEMPLATES);
    to(5000);
    stream.data(data(300));
    to(60_000);
    stream.closed('ended');
    expect(gaps()).toEqual(['dropped 0-5000 x 1']);
  });

  it('until it comes the receiver says since when they wait, for those who send them', () => {
    const { ipfix, source, to } = waiting();
    expect(ipfix.waitingSince(source)).toBe(NOON);
    to(9000);
    ipfix.accept(FROM)?.data(data(300));
    expect(ipfix.waitingSince(source)).toBe(NOON);
    expect(ipfix.waitingSince(openWorld().source)).toBeNull();
    ipfix.datagram(message([set(2, [template(300, NAT44)])]), FROM);
    expect(ipfix.waitingSince(source)).toBe(NOON + 9000);
    ipfix.datagram(message([set(3, [optionsTemplate(301, 1, [[149, 4]])])]), FROM);
    expect(ipfix.waitingSince(source)).toBe(NOON + 9000);
  });

  it.each([
    ['domain', 7, FROM],
    ['address', 1, canonicalAddress('192.0.2.7') as IpAddress],
  ])('after an hour also when their %s sends nothing more: coverage goes on', async (_name, domain, from) => {
    const { ipfix, source, writer, clock, to, rows } = listening();
    const vouching = new Vouching(writer, clock, () => clock());
    const waitingSince = (): Millis | null => ipfix.waitingSince(source);
    await vouching.begin({ source, silentAfterMs: null, isRunning: () => true, waitingSince });
    ipfix.datagram(TEMPLATES, FROM);
    ipfix.datagram(message([], { domain }), from);
    to(5000);
    ipfix.datagram(data(300, [nat44()], domain), from);
    const said = async (ms: number): Promise<string[]> => {
      to(ms);
      ipfix.datagram(TEMPLATES, FROM);
      await vouching.vouch();
      return [...rows('coverage').slice(1), ...rows('gap')].map(
        ({ type, from: begin, to: end }) => `${type} ${begin - NOON}-${end - NOON}`,
      );
    };
    expect(await said(3_605_000)).toEqual([]);
    expect(await said(3_605_001)).toEqual(['coverage 0-3605001', 'gap 0-5000']);
    await vouching.end();
  });

  it('and not when it comes', () => {
    const { ipfix, gaps } = waiting();
    ipfix.datagram(message([set(2, [template(300, NAT44)])]), FROM);
    ipfix.close();
    expect(gaps()).toEqual([]);
  });
});

it('of a file data wait for their template however much later it was captured', async () => {
  const { source, rows } = openWorld({ live: false });
  const directory = temporaryDirectory();
  const reading = new PacketReading(
    {
      source,
      dialect: null,
      vendor: null,
      zoneMinutes: 0,
      radius: null,
      mapping: null,
      clock: { now: NOON },
    },
    false,
  );
  const packets = [
    data(256),
    message([set(2, [template(256, NAT44)])], { exportTime: EXPORT_TIME + 8 * 3600 }),
  ];
  for (const [index, bytes] of packets.entries()) {
    const path = join(directory, `${index}`);
    writeFileSync(path, bytes);
    await reading.file(path, () => Promise.resolve());
  }
  expect(rows('translation')).toHaveLength(1);
  expect(source.rejections.counts()).toEqual({});
});

describe('lines', () => {
  const ASA =
    '<166>Nov 20 2026 12:00:00: %ASA-6-305011: Built dynamic TCP translation from inside:10.0.0.5/1 to outside:203.0.113.9/2';

  it('of NAT that are not understood are missing; others are not', () => {
    const { syslog, to, gaps, source } = listening();
    void source.take(told([]));
    to(5000);
    syslog.datagram(Buffer.from('<166>sshd: session opened'), FROM);
    syslog.datagram(Buffer.from('<14>CEF:0|A10|TH|4.1|SYSTEM 9|a disk is full|5|msg=x'), FROM);
    expect(gaps()).toEqual([]);
    to(7000);
    syslog.datagram(Buffer.from('<166>%ASA-6-305011: Built what'), FROM);
    expect(gaps()).toEqual(['dropped 5000-7000 x 1']);
  });

  it('of which the end was cut off are read, and what stood there is missing', () => {
    const { syslog, gaps, rows } = listening();
    syslog.datagram(Buffer.from(ASA.replace(/ to /, ` (${'u'.repeat(9000)}) to `)), FROM);
    expect(rows('translation')).toEqual([]);
    expect(gaps()).toEqual(['dropped -1000-0 x 1']);
    const block = 'NAT:20261120120000 3e2d PortBatchV2Allocated: [10.0.0.1 192.0.2.9 1024 1535]';
    syslog.datagram(Buffer.from(`<134>${block}${' '.repeat(8192)}${block}`), FROM);
    expect(gaps()).toEqual(['dropped -1000-0 x 1']);
  });

  it('that a stream did not end, or that are too long, are missing', () => {
    for (const bytes of [ASA, 'x'.repeat(70_000)]) {
      const { syslog, to, gaps } = listening();
      const stream = syslog.accept(FROM) ?? expect.fail('refused');
      stream.data(Buffer.from(`${ASA}\n`));
      to(5000);
      stream.data(Buffer.from(bytes));
      stream.closed('ended');
      expect(gaps()).toContain('dropped 0-5000 x 1');
    }
  });

  it.each([
    ['no line of conntrack', 'conntrack v1.4.7: cannot do it'],
    ['one without the reply', conntrackLine(1).split(' src=203')[0] ?? ''],
    ['no JSON', '{"ct.event": 1, "src_ip'],
    ['JSON without addresses', JSON.stringify({ ...ULOGD_DESTROY, src_ip: undefined })],
    ['one that is too long', 'x'.repeat(2049)],
  ])('of Linux: %s is missing', (_name, line) => {
    const { source: feed, to, gaps } = listening();
    const reader = (text: string): void =>
      (text.startsWith('{') ? new UlogdReader({ feed }) : new ConntrackReader({ feed })).line(text);
    const lines = new LineSplitter(reader, (fault) => feed.unread(fault, 1));
    void feed.take(told([]));
    to(5000);
    lines.push(Buffer.from(`${line}\n`));
    expect(gaps()).toEqual(['dropped 0-5000 x 1']);
  });

  it('of Linux: one whose end never came is missing; an update and a connection without NAT are not', () => {
    const { source: feed, to, gaps } = listening();
    const reader = new ConntrackReader({ feed });
    const lines = new LineSplitter(
      (line) => reader.line(line),
      (fault) => feed.unread(fault, 1),
    );
    lines.push(Buffer.from('[UPDATE] tcp 6 60 src=10.0.0.2 dst=203.0.113.5\n'));
    lines.push(Buffer.from(`${conntrackLine(1).replace('dst=192.0.2.1', 'dst=10.0.0.2')}\n`));
    expect(gaps()).toEqual([]);
    to(5000);
    lines.push(Buffer.from(conntrackLine(2)));
    lines.drop();
    lines.drop();
    expect(gaps()).toEqual(['dropped 0-5000 x 1']);
  });
});
