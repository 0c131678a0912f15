import { describe, expect, it } from 'vitest';
import { canonicalAddress, type IpAddress } from '../../../src/model/address.ts';
import type { Millis } from '../../../src/model/time.ts';
import { SyslogReader } from '../../../src/collectors/syslog/reader.ts';
import { SyslogReceiver } from '../../../src/collectors/syslog/receiver.ts';
import { recordingFeed, toldText, type RecordingFeed } from './recording-feed.ts';

const RECEIVED = Date.UTC(2026, 10, 26, 1, 30, 5) as Millis;
const ASA =
  '<166>Nov 26 2026 01:30:00: %ASA-6-305011: Built dynamic TCP translation from inside:10.0.0.5/1 to outside:203.0.113.9/2';
const HUAWEI =
  '<134>1 2026 Nov 26 01:30:00 192.0.2.1 ne - NAT444:SessionbasedA [17 10.1.1.2 - 203.0.113.9 3 4 -]';
const ASA_TOLD = 'create 6 10.0.0.5:1 > 203.0.113.9:2 @2026-11-26T01:30:00.000Z';
const HUAWEI_TOLD = 'create 17 10.1.1.2:3 > 203.0.113.9:4 @2026-11-26T01:30:00.000Z';

const told = (feed: RecordingFeed): string[] =>
  feed.messages.flatMap(({ translations }) => translations.map(toldText));

describe('a source', () => {
  it('may have devices of several vendors', () => {
    const feed = recordingFeed();
    const reader = new SyslogReader({ feed, vendor: null, zoneMinutes: 0 });
    for (const line of [ASA, HUAWEI, ASA, 'nothing', '<166>%ASA-6-305011: Built what'])
      reader.line(line, RECEIVED);
    expect(told(feed)).toEqual([ASA_TOLD, HUAWEI_TOLD, ASA_TOLD]);
    expect(feed.messages.map(({ dialect, sentMs }) => `${dialect} ${sentMs}`)).toEqual([
      `syslog:asa ${RECEIVED - 5000}`,
      `syslog:huawei ${RECEIVED - 5000}`,
      `syslog:asa ${RECEIVED - 5000}`,
    ]);
    expect(reader.status()).toEqual({ lines: 5, translations: 3, unparsed: 1, vendors: ['asa', 'huawei'] });
    expect(feed.rejections.map(({ reason, count }) => `${reason} ${count}`)).toEqual([
      'not-nat 1',
      'syslog-unparsed 1',
    ]);
  });

  it('with a set vendor is read as that only', () => {
    const feed = recordingFeed();
    const reader = new SyslogReader({ feed, vendor: 'huawei', zoneMinutes: 0 });
    for (const line of [ASA, HUAWEI]) reader.line(line, RECEIVED);
    expect(told(feed)).toEqual([HUAWEI_TOLD]);
    expect(feed.rejections).toEqual([{ reason: 'not-nat', count: 1 }]);
  });

  it('shows no more of a line than its form', () => {
    const feed = recordingFeed();
    const reader = new SyslogReader({ feed, vendor: null, zoneMinutes: 0 });
    reader.line(
      'RT_NAT - RT_SRC_NAT_PBA_ALLOC [internal-ip="100.64.0.7" user="li" x=\'wei\' open="zhang',
      RECEIVED,
    );
    reader.line('in:<pppoe-wang> out:b, NAT (10.0.0.1:1->', RECEIVED);
    reader.line('%ASA-6-305011: Built 10.0.0.5(LOCAL\\zhao) \u0661\u0007', RECEIVED);
    reader.line(`NAT444:SessionbasedA ${'y'.repeat(5000)}`, RECEIVED);
    reader.line('the password is 1234', RECEIVED);
    expect(feed.rejections.map(({ sample }) => sample)).toEqual([
      'RT_NAT - RT_SRC_NAT_PBA_ALLOC [internal-ip="0.0.0.0" user="x" x=\'x\' open="x',
      'in:<pppoe-x> out:x, NAT (0.0.0.0:0->',
      '%ASA-0-0: Built 0.0.0.0(x\\x) x?',
      'NAT000:SessionbasedA x',
      undefined,
    ]);
  });
});

const address = (text: string): IpAddress => canonicalAddress(text) ?? expect.fail(text);
const KNOWN = address('192.0.2.1');

function receiver(): { readonly feed: RecordingFeed; readonly receiver: SyslogReceiver } {
  const feed = recordingFeed();
  const sourceOf = (from: IpAddress): { feed: RecordingFeed; vendor: null; zoneMinutes: number } | null =>
    from.startsWith('203.') ? null : { feed, vendor: null, zoneMinutes: 0 };
  return { feed, receiver: new SyslogReceiver({ sourceOf, clock: () => RECEIVED }) };
}

describe('a receiver', () => {
  it('takes datagrams of one line and of several', () => {
    const heard = receiver();
    heard.receiver.datagram(Buffer.from(ASA), KNOWN);
    heard.receiver.datagram(Buffer.from(`${HUAWEI}\n${ASA}\n`), KNOWN);
    heard.receiver.datagram(Buffer.from([0xff, 0xfe]), KNOWN);
    expect(told(heard.feed)).toEqual([ASA_TOLD, HUAWEI_TOLD, ASA_TOLD]);
    expect(heard.receiver.status().senders.get(KNOWN)?.lines).toBe(4);
  });

  it('takes streams, and counts what was cut off', () => {
    const heard = receiver();
    const handler = heard.receiver.accept(KNOWN) ?? expect.fail('refused');
    expect(handler.data(Buffer.from(`${ASA.length} ${ASA}${HUAWEI}\n${ASA.slice(0, -1)}`))).toBe(true);
    handler.closed('ended');
    expect(told(heard.feed)).toEqual([ASA_TOLD, HUAWEI_TOLD]);
    expect(heard.receiver.status().cut).toBe(1);
  });

  it('refuses unknown senders and remembers a bounded number of known ones', () => {
    const heard = receiver();
    heard.receiver.datagram(Buffer.from(ASA), address('203.0.113.1'));
    expect(heard.receiver.accept(address('203.0.113.2'))).toBeNull();
    for (let count = 0; count < 2000; count += 1)
      heard.receiver.datagram(Buffer.from(ASA), address(`10.0.${count >> 8}.${count & 255}`));
    const status = heard.receiver.status();
    expect(status.unknown).toBe(2);
    expect(status.senders.size).toBe(1024);
    expect(heard.feed.messages.length).toBe(2000);
  });
});
