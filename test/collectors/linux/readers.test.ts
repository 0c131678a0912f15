import { describe, expect, it } from 'vitest';
import { ConntrackReader } from '../../../src/collectors/linux/conntrack.ts';
import { UlogdReader } from '../../../src/collectors/linux/ulogd.ts';
import { conntrackLine, ULOGD_DESTROY } from './examples.ts';
import { RecordingFeed } from './recording-feed.ts';

const START_MS = 1_764_112_345_678;
const END_MS = 1_764_112_351_002;

describe('a reader of conntrack', () => {
  it('hands each line over as a message of its own', () => {
    const feed = new RecordingFeed();
    const reader = new ConntrackReader({ feed });
    const zoned = `${conntrackLine(40_001, 'DESTROY')} zone=7`;
    reader.line(conntrackLine(40_000));
    reader.line(zoned);
    const told = {
      timeMs: START_MS,
      untilMs: null,
      protocol: 6,
      remote: { address: '203.0.113.5', port: 8080 },
      flow: 2_887_412_345,
    };
    expect(feed.messages).toEqual([
      {
        original: conntrackLine(40_000),
        dialect: 'conntrack',
        sentMs: null,
        translations: [
          {
            ...told,
            event: 'create',
            realm: '',
            inside: { address: '10.0.0.2', port: 40_000 },
            outside: { address: '192.0.2.1', low: 40_000, high: 40_000, step: 1 },
          },
        ],
      },
      {
        original: zoned,
        dialect: 'conntrack',
        sentMs: null,
        translations: [
          {
            ...told,
            event: 'delete',
            realm: 'zone:7',
            inside: { address: '10.0.0.2', port: 40_001 },
            outside: { address: '192.0.2.1', low: 40_001, high: 40_001, step: 1 },
          },
        ],
      },
    ]);
  });

  it('takes the stamp of a live line as when it was sent', () => {
    const feed = new RecordingFeed();
    new ConntrackReader({ feed, live: true }).line(conntrackLine(40_000));
    expect(feed.messages[0]?.sentMs).toBe(START_MS);
  });

  it('has no ports of ICMP', () => {
    const feed = new RecordingFeed();
    new ConntrackReader({ feed }).line(
      '[NEW] icmp 1 30 src=10.0.0.2 dst=203.0.113.5 type=8 code=0 id=77 [UNREPLIED] src=203.0.113.5 dst=192.0.2.1 type=0 code=0 id=77 id=99',
    );
    expect(feed.messages[0]?.translations).toMatchObject([
      { timeMs: null, flow: 99, outside: { address: '192.0.2.1', low: null, high: null } },
    ]);
  });

  it('counts; of what tells of no translation the feed hears, of what makes no sense it sees no address', () => {
    const feed = new RecordingFeed();
    const reader = new ConntrackReader({ feed });
    reader.line(conntrackLine(40_000));
    reader.line(conntrackLine(40_000).replace('dst=192.0.2.1', 'dst=10.0.0.2'));
    reader.line('[UPDATE] tcp 6 60 SYN_RECV src=10.0.0.2 dst=203.0.113.5');
    reader.line(`[NEW] tcp src=10.0.0.2 dst=2001:db8::beef\u0007${'x'.repeat(3000)}`);
    expect(reader.status()).toEqual({
      lines: 4,
      events: 1,
      ignored: { identity: 1, update: 1 },
      rejected: { 'not-conntrack': 1 },
    });
    expect(feed.messages.map(({ translations }) => translations.length)).toEqual([1, 0, 0]);
    expect(feed.rejections).toEqual(['not-conntrack 1']);
    expect(feed.samples).toEqual(['[NEW] tcp src=0.0.0.0 dst=0:x::x?x']);
  });

  it('is settled when all is stored', async () => {
    const feed = new RecordingFeed();
    const reader = new ConntrackReader({ feed });
    await reader.settled();
    feed.hold();
    reader.line(conntrackLine(40_000));
    const order: string[] = [];
    const settled = reader.settled().then(() => order.push('settled'));
    await Promise.resolve();
    order.push('released');
    feed.release();
    await settled;
    expect(order).toEqual(['released', 'settled']);
  });
});

const told = (values: Readonly<Record<string, unknown>>, live = false) => {
  const feed = new RecordingFeed();
  const reader = new UlogdReader({ feed, live });
  reader.line(JSON.stringify(values));
  return { feed, status: reader.status(), message: feed.messages[0] };
};

const { 'flow.start.sec': _sec, 'flow.start.usec': _usec, ...WITHOUT_START } = ULOGD_DESTROY;
const { 'flow.end.sec': _endSec, 'flow.end.usec': _endUsec, ...STARTED } = ULOGD_DESTROY;
const { src_ip: source, dest_ip: destination, ...OWN_NAMES } = ULOGD_DESTROY;

describe("a reader of ulogd2's JSON", () => {
  it('tells of both ends of an entry that was destroyed', () => {
    const { message } = told(ULOGD_DESTROY);
    const both = {
      untilMs: null,
      realm: '',
      protocol: 17,
      inside: { address: '10.0.0.2', port: 40_000 },
      outside: { address: '192.0.2.1', low: 51_234, high: 51_234, step: 1 },
      remote: { address: '203.0.113.5', port: 443 },
      flow: 2_887_412_345,
    };
    expect(message).toEqual({
      original: JSON.stringify(ULOGD_DESTROY),
      dialect: 'ulogd',
      sentMs: null,
      translations: [
        { ...both, event: 'create', timeMs: START_MS },
        { ...both, event: 'delete', timeMs: END_MS },
      ],
    });
  });

  it.each([
    ['a beginning', { ...STARTED, 'ct.event': 1 }, [`create ${START_MS}`]],
    ['an end whose beginning nobody saw', WITHOUT_START, [`delete ${END_MS}`]],
    [
      'a clock that was set back',
      { ...ULOGD_DESTROY, 'flow.start.sec': 1_764_112_400 },
      [`delete ${END_MS}`],
    ],
    ['no time', { ...STARTED, 'ct.event': 1, 'flow.start.sec': 0 }, ['create null']],
    ['an end without its time', STARTED, [`create ${START_MS}`, 'delete null']],
    ['false microseconds', { ...WITHOUT_START, 'flow.end.usec': 1e9 }, ['delete 1764112351000']],
  ])('tells of %s', (_name, values, events) => {
    expect(told(values).message?.translations.map(({ event, timeMs }) => `${event} ${timeMs}`)).toEqual(
      events,
    );
  });

  it('knows addresses by either name', () => {
    const own = { ...OWN_NAMES, 'orig.ip.saddr.str': source, 'orig.ip.daddr.str': destination };
    expect(told(own).message?.translations).toEqual(told(ULOGD_DESTROY).message?.translations);
  });

  it('of a destination NAT: the inside is who replies', () => {
    const values = {
      ...ULOGD_DESTROY,
      src_ip: '198.51.100.9',
      dest_ip: '192.0.2.1',
      'reply.ip.saddr.str': '10.0.0.3',
      'reply.ip.daddr.str': '198.51.100.9',
      'reply.l4.sport': 8443,
      'reply.l4.dport': 40_000,
    };
    expect(told(values).message?.translations[0]).toMatchObject({
      inside: { address: '10.0.0.3', port: 8443 },
      outside: { address: '192.0.2.1', low: 443 },
      remote: { address: '198.51.100.9', port: 40_000 },
    });
  });

  it('takes the last time of a live line as when it was sent', () => {
    expect(told(ULOGD_DESTROY, true).message?.sentMs).toBe(END_MS);
  });

  it.each([
    ['an update', { ...ULOGD_DESTROY, 'ct.event': 2 }, 'update'],
    ['a packet', { 'raw.pktlen': 60, src_ip: '10.0.0.2', dest_ip: '203.0.113.5' }, 'not-flow'],
    [
      'a connection that is not translated',
      { ...ULOGD_DESTROY, 'reply.ip.daddr.str': '10.0.0.2', 'reply.l4.dport': 40_000 },
      'identity',
    ],
  ])('passes over %s', (_name, values, reason) => {
    const { status, message } = told(values);
    expect(status).toEqual({ lines: 1, events: 0, ignored: { [reason]: 1 }, rejected: {} });
    expect(message?.translations).toEqual([]);
  });

  it('rejects lines without addresses, and what is no object, and shows nothing of them', () => {
    const feed = new RecordingFeed();
    const reader = new UlogdReader({ feed });
    for (const line of [
      JSON.stringify(OWN_NAMES),
      JSON.stringify({ ...ULOGD_DESTROY, src_ip: 33_554_442 }),
      '{"ct.event": 4, "src_ip": "10.0.',
      '[1]',
      'null',
      `{"a": "${'x'.repeat(3000)}"}`,
    ])
      reader.line(line);
    expect(feed.rejections).toEqual([
      'ulogd-no-address 1',
      'ulogd-no-address 1',
      ...Array.from({ length: 4 }, () => 'ulogd-not-json 1'),
    ]);
    expect(feed).toMatchObject({ messages: [], samples: [] });
  });
});
