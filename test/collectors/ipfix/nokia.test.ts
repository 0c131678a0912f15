import { isIPv4, isIPv6 } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressText } from '../../../src/collectors/address-text.ts';
import { readIPv4, readIPv6 } from '../../../src/collectors/ipfix/address-in-text.ts';
import { IpfixExporter } from '../../../src/collectors/ipfix/exporter-session.ts';
import { readSubscriber } from '../../../src/collectors/ipfix/nokia.ts';
import { canonicalAddress } from '../../../src/model/address.ts';
import { holds, PATIENCE } from '../../support/fuzzing.ts';
import { EXPORT_TIME, ip4, message, set, template, uint, type FieldSpec } from './exporter.ts';
import { listen, type Heard } from './listener.ts';
import { heardFeed } from './source-feed.ts';

const NOKIA = 637;
const BEGAN = 152;
const ENDED = 153;

/** The templates of Nokia's manual (Multiservice ISA and ESA Guide, "Template format 1 and format 2"). */
const format1 = (time: number): FieldSpec[] => [
  [148, 8],
  [8, 4],
  [12, 4],
  [7, 2],
  [11, 2],
  [time, 8],
  [4, 1],
  [time === BEGAN ? 210 : 136, 1],
  [91, 2, NOKIA],
  [92, 2, NOKIA],
  [93, 65_535, NOKIA],
];
const format2 = (time: number): FieldSpec[] => [
  [148, 8],
  [225, 4],
  [12, 4],
  [7, 2],
  [227, 2],
  [11, 2],
  [time, 8],
  [4, 1],
  [time === BEGAN ? 210 : 136, 1],
  [91, 2, NOKIA],
  [92, 2, NOKIA],
  [93, 65_535, NOKIA],
];

/** A flow's number as a capture has them: too great to be told. */
const FLOW = uint(0x14_00_00_00_10_9d_cf_76n, 8);
const text = (value: string | Buffer, long = false): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([
    long ? Buffer.concat([uint(255, 1), uint(bytes.length, 2)]) : uint(bytes.length, 1),
    bytes,
  ]);
};
const record = (subscriber: Buffer, ports: readonly number[], service = 10): Buffer =>
  Buffer.concat([
    FLOW,
    ip4('192.0.2.1'),
    ip4('203.0.113.1'),
    ...ports.map((port) => uint(port, 2)),
    uint(443, 2),
    uint(EXPORT_TIME * 1000, 8),
    uint(6, 1),
    uint(0, 1),
    uint(service, 2),
    uint(20, 2),
    subscriber,
  ]);

const templates = (format: (time: number) => FieldSpec[]): Buffer =>
  message([set(2, [template(256, format(BEGAN))]), set(2, [template(257, format(ENDED))])]);

/** What is heard of one create in format 2 whose subscriber is this. */
function heardOf(subscriber: Buffer): Heard {
  const heard = listen();
  heard.decoder.take(templates(format2));
  heard.decoder.take(message([set(256, [record(subscriber, [5, 6])])]));
  return heard;
}

describe("Nokia's formats", () => {
  it('format 2: the inside is in the text, the outside in post-NAT fields', () => {
    const { decoder, events, dialects } = listen();
    decoder.take(templates(format2));
    const subscriber = text('LSN-Host@10.10.10.101');
    decoder.take(
      message([set(256, [record(subscriber, [5, 6])]), set(257, [record(subscriber, [5, 6])])], {
        sequence: 0,
      }),
    );
    expect(events).toEqual([
      'create 6 10.10.10.101:5 > 192.0.2.1:6',
      'delete 6 10.10.10.101:5 > 192.0.2.1:6',
    ]);
    expect(dialects).toEqual(['nokia', 'nokia']);
    expect(decoder.status()).toMatchObject({ records: 2, rejected: {}, tellsTranslations: true });
  });

  it('format 1: sourceIPv4Address is the outside, whose port is not told', () => {
    const { decoder, events, dialects } = listen();
    decoder.take(templates(format1));
    const subscriber = text('LSN-Host@10.10.10.101', true);
    decoder.take(message([set(256, [record(subscriber, [5])]), set(257, [record(subscriber, [5])])]));
    expect(events).toEqual([
      'create 6 10.10.10.101:5 > 192.0.2.1:0',
      'delete 6 10.10.10.101:5 > 192.0.2.1:0',
    ]);
    expect(dialects).toEqual(['nokia', 'nokia']);
    expect(decoder.status()).toMatchObject({ rejected: {}, tellsTranslations: true });
  });

  it('several records of one set each have their own subscriber', () => {
    const { decoder, events } = listen();
    decoder.take(templates(format2));
    const subscribers = [
      'LSN-Host@10.0.0.1',
      'NAT64-Sub@2001:db8:cccc::1',
      'someone',
      'LSN-Host@100.64.200.30',
    ];
    decoder.take(
      message([
        set(
          256,
          subscribers.map((each) => record(text(each), [5, 6])),
        ),
      ]),
    );
    expect(events).toEqual([
      'create 6 10.0.0.1:5 > 192.0.2.1:6',
      'create 6 2001:db8:cccc::1:5 > 192.0.2.1:6',
      'create 6 100.64.200.30:5 > 192.0.2.1:6',
    ]);
    expect(decoder.status().rejected).toEqual({ 'subscriber-name': 1 });
  });

  it('what is handed on has the service of the inside as its realm, and keeps its address', () => {
    const feed = heardFeed();
    const exporter = new IpfixExporter({ feed, dialect: null });
    exporter.datagram(templates(format2));
    const sent = [record(text('DS-lite@2001:DB8::5'), [5, 6]), record(text('LSN44@10.0.0.2'), [7, 8], 0)];
    const data = message([set(256, sent)]);
    const before = Buffer.from(data);
    exporter.datagram(data);
    expect(data).toEqual(before);
    expect(feed.messages[1]?.translations).toMatchObject([
      {
        realm: 'vrf:10',
        inside: { address: '2001:db8::5', port: 5 },
        outside: { address: '192.0.2.1', low: 6, high: 6 },
        remote: { address: '203.0.113.1', port: 443 },
        flow: null,
      },
      {
        realm: '',
        inside: { address: '10.0.0.2', port: 7 },
        outside: { address: '192.0.2.1', low: 8, high: 8 },
      },
    ]);
  });

  it.each([
    ['the manual', 'LSN-Host@10.10.10.101', '10.10.10.101'],
    ['filled up to 8 bytes', 'LSN-Host@10.0.0.5\0\0\0\0\0\0\0', '10.0.0.5'],
    ['the names of accounting', 'LSN44@192.168.0.1', '192.168.0.1'],
    ['DS-Lite', 'DS-lite@2001:db8:0:1::2', '2001:db8:0:1::2'],
    ['NAT64', 'NAT64@2001:db8::1', '2001:db8::1'],
    ['a prefix by its first address', 'NAT64-Sub@2001:db8:cccc::', '2001:db8:cccc::'],
  ])('an address is read: %s', (_name, subscriber, address) => {
    expect(heardOf(text(subscriber)).events).toEqual([`create 6 ${address}:5 > 192.0.2.1:6`]);
  });

  it.each([
    ['the name of a subscriber', 'ipoe-00:11:22'],
    ['a name that looks like an address', '10.0.0.1'],
    ['a name at an address: others may have that address too', 'alice@10.0.0.1'],
    ['another kind', 'L2-Aware@10.0.0.1'],
    ['an address of the other family', 'LSN-Host@2001:db8::1'],
    ['and the other way round', 'DS-lite@10.0.0.1'],
    ['no address behind', 'LSN-Host@'],
    ['something behind the address', 'LSN-Host@10.0.0.1 x'],
    ['something behind a zero', 'LSN-Host@10.0.0.1\0x'],
    ['a prefix length', 'NAT64-Sub@2001:db8::/64'],
    ['a zone', 'NAT64-Sub@fe80::1%1'],
    ['a leading zero', 'LSN-Host@10.0.0.01'],
    ['too great a part', 'LSN-Host@10.0.0.256'],
    ['five parts', 'LSN-Host@10.0.0.1.2'],
    ['nine groups', 'NAT64-Sub@1:2:3:4:5:6:7:8:9'],
    ['digits that are not ASCII', 'LSN-Host@١٠.٠.٠.١'],
    ['letters that are not ASCII', 'lſn-host@10.0.0.1'],
    ['bytes of no text', Buffer.from([0xff, 0xfe, 0x40, 0x00, 0x80])],
    ['too long a text', `LSN-Host@10.0.0.1${'\0'.repeat(64)}`],
  ])('creates nothing, and is counted: %s', (_name, subscriber) => {
    const { decoder, events } = heardOf(text(subscriber));
    expect(events).toEqual([]);
    expect(decoder.status().rejected).toEqual({ 'subscriber-name': 1 });
  });

  it.each([
    ['an empty text', ''],
    ['nothing but filling', '\0\0\0\0\0\0\0\0'],
    ['an address that is unset', 'LSN-Host@0.0.0.0'],
    ['an IPv6 address that is unset', 'NAT64@::'],
  ])('%s is no address', (_name, subscriber) => {
    const { decoder, events } = heardOf(text(subscriber));
    expect(events).toEqual([]);
    expect(decoder.status().rejected).toEqual({ 'no-address': 1 });
  });

  it('a name reaches nothing that is handed on', () => {
    const feed = heardFeed();
    const exporter = new IpfixExporter({ feed, dialect: null });
    exporter.datagram(templates(format2));
    exporter.datagram(message([set(256, [record(text('alice@10.0.0.1'), [5, 6])])]));
    expect(feed.calls).toEqual(['take 0', 'unread subscriber-name 1', 'take 0']);
    expect(JSON.stringify([feed.messages[1]?.translations, exporter.status()])).not.toMatch(
      /alice|10\.0\.0\.1/,
    );
  });

  it('an inside that is the outside is not translated', () => {
    expect(heardOf(text('LSN-Host@192.0.2.1')).events).toEqual(['create 6 192.0.2.1:5 > 192.0.2.1:6']);
    const { decoder } = listen();
    decoder.take(templates(format2));
    decoder.take(message([set(256, [record(text('LSN-Host@192.0.2.1'), [5, 5])])]));
    expect(decoder.status().rejected).toEqual({ identity: 1 });
  });

  it('a text that runs over its set is cut', () => {
    const cut = record(Buffer.concat([uint(200, 1), Buffer.from('LSN-Host@10.0.0.1')]), [5, 6]);
    const { decoder, events } = listen();
    decoder.take(templates(format2));
    decoder.take(message([set(256, [cut])]));
    expect(events).toEqual([]);
    expect(decoder.status().rejected).toEqual({ 'record-cut': 1 });
  });
});

describe('whatever the text is', () => {
  const LSN = 'LSN-Host@';
  const into = Buffer.alloc(16);
  const nearly = (alphabet: string): fc.Arbitrary<string> =>
    fc.array(fc.constantFrom(...Array.from(alphabet)), { maxLength: 45 }).map((letters) => letters.join(''));
  const addresses = fc.oneof(fc.ipV4(), fc.ipV6(), nearly('0125.'), nearly('0aF::'), nearly('1:'));

  it('an address is read as the system reads it', PATIENCE, async () => {
    const seen = { four: 0, six: 0, none: 0 };
    await holds(
      fc.asyncProperty(addresses, (address) => {
        const bytes = Buffer.from(` ${address} `);
        const end = bytes.length - 1;
        expect(readIPv4(bytes, 1, end, into)).toBe(isIPv4(address));
        if (isIPv4(address)) expect(addressText(into, 0, 4)).toBe(address);
        expect(readIPv6(bytes, 1, end, into)).toBe(isIPv6(address) && !address.includes('.'));
        if (isIPv6(address) && !address.includes('.'))
          expect(addressText(into, 0, 16)).toBe(canonicalAddress(address));
        seen[isIPv4(address) ? 'four' : isIPv6(address) ? 'six' : 'none'] += 1;
        return Promise.resolve();
      }),
      2,
    );
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
  });

  it('it is an address or counted, and nothing behind it is read', PATIENCE, async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 80 }).map((value) => Buffer.from(value)),
      fc
        .tuple(fc.constantFrom(LSN, 'NAT64-Sub@', 'DS-lite@', 'x@', ''), addresses)
        .map(([kind, value]) => Buffer.from(kind + value)),
      fc
        .tuple(fc.nat(21), fc.nat(255))
        .map(([place, value]) => Buffer.from(`${LSN}100.64.200.30`).fill(value, place, place + 1)),
    );
    const seen = { read: 0, counted: 0 };
    await holds(
      fc.asyncProperty(bytes, fc.boolean(), (value, long) => {
        const { decoder, events } = heardOf(text(value, long));
        const { rejected, records } = decoder.status();
        expect(records).toBe(1);
        expect(events.length + Object.values(rejected).reduce((sum, count) => sum + count, 0)).toBe(1);
        for (const reason of Object.keys(rejected))
          expect(['subscriber-name', 'no-address']).toContain(reason);
        const whole = Buffer.concat([value, Buffer.from('1')]);
        const alone = readSubscriber(value, 0, value.length, into);
        const address = into.toString('hex');
        expect(readSubscriber(whole, 0, value.length, into)).toBe(alone);
        if (alone !== null && alone !== 0) expect(into.toString('hex')).toBe(address);
        seen[events.length === 1 ? 'read' : 'counted'] += 1;
        return Promise.resolve();
      }),
      2,
    );
    expect(seen.read).toBeGreaterThan(20);
    expect(seen.counted).toBeGreaterThan(20);
  });
});
