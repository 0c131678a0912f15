import { describe, expect, it } from 'vitest';
import { IpfixReceiver } from '../../../src/collectors/ipfix/receiver.ts';
import { IpfixExporter } from '../../../src/collectors/ipfix/exporter-session.ts';
import type { IpAddress } from '../../../src/model/address.ts';
import { EXPORT_TIME, ip4, message, nat44, NAT44, set, template, uint, type FieldSpec } from './exporter.ts';
import { heardFeed, type HeardFeed } from './source-feed.ts';

const templates = (sequence = 0): Buffer => message([set(2, [template(256, NAT44)])], { sequence });

function started(): { feed: HeardFeed; exporter: IpfixExporter } {
  const feed = heardFeed();
  return { feed, exporter: new IpfixExporter({ feed, dialect: null }) };
}

describe('an exporter', () => {
  it('hands over each datagram as one message with all that it says', () => {
    const { feed, exporter } = started();
    const datagrams = [
      templates(),
      message([set(256, [nat44(), nat44({ event: 5, at: EXPORT_TIME * 1000 + 7, outsidePort: 0 })])]),
    ];
    for (const datagram of datagrams) exporter.datagram(datagram);
    const common = { untilMs: null, realm: '', protocol: 6, flow: null } as const;
    const inside = { address: '100.64.0.1', port: 40_000 };
    const remote = { address: '203.0.113.1', port: 443 };
    const outside = { address: '192.0.2.1', low: 50_000, high: 50_000, step: 1 };
    expect(feed.messages).toEqual([
      { original: datagrams[0], dialect: 'ipfix', sentMs: EXPORT_TIME * 1000, translations: [] },
      {
        original: datagrams[1],
        dialect: 'ipfix:rfc8158',
        sentMs: EXPORT_TIME * 1000,
        translations: [
          { ...common, event: 'create', timeMs: EXPORT_TIME * 1000, inside, outside, remote },
          {
            ...common,
            event: 'delete',
            timeMs: EXPORT_TIME * 1000 + 7,
            inside,
            outside: { ...outside, low: null, high: null },
            remote,
          },
        ],
      },
    ]);
  });

  it('a delete without an outside, a realm, and no time of its own', () => {
    const { feed, exporter } = started();
    const remove: FieldSpec[] = [
      [234, 4],
      [8, 4],
      [7, 2],
      [4, 1],
    ];
    const record = [uint(7, 4), ip4('10.0.0.1'), uint(0, 2), uint(0, 1)];
    exporter.datagram(message([set(2, [template(257, remove)]), set(257, record)]));
    expect(feed.messages.map(({ dialect }) => dialect)).toEqual(['ipfix:asr9k']);
    expect(feed.messages[0]?.translations).toEqual([
      {
        event: 'delete',
        timeMs: null,
        untilMs: null,
        realm: 'vrf:7',
        protocol: null,
        inside: { address: '10.0.0.1', port: null },
        outside: null,
        remote: null,
        flow: null,
      },
    ]);
  });

  it('a block, a session number, and a flow with its end', () => {
    const { feed, exporter } = started();
    const block: FieldSpec[] = [
      [323, 8],
      [230, 1],
      [8, 4],
      [225, 4],
      [361, 2],
      [363, 2],
      [364, 2],
      [148, 8],
    ];
    const flow: FieldSpec[] = [
      [8, 4],
      [7, 2],
      [225, 4],
      [227, 2],
      [152, 8],
      [153, 8],
      [12, 4],
      [226, 4],
      [1, 4],
    ];
    const at = EXPORT_TIME * 1000;
    exporter.datagram(
      message([
        set(2, [template(300, block), template(301, flow)]),
        set(300, [
          uint(at, 8),
          uint(16, 1),
          ip4('100.64.0.9'),
          ip4('192.0.2.9'),
          ...[1024, 8, 64].map((each) => uint(each, 2)),
          uint(77, 8),
        ]),
        set(301, [
          ip4('10.0.0.1'),
          uint(1, 2),
          ip4('192.0.2.1'),
          uint(2, 2),
          uint(at - 5000, 8),
          uint(at - 1000, 8),
          ip4('203.0.113.1'),
          ip4('203.0.113.1'),
          uint(1, 4),
        ]),
      ]),
    );
    const [told] = feed.messages;
    expect(told?.dialect).toBe('ipfix:flow+rfc8158');
    expect(told?.translations).toMatchObject([
      {
        event: 'create',
        flow: 77,
        outside: { address: '192.0.2.9', low: 1024, high: 1528, step: 8 },
        inside: { port: null },
        untilMs: null,
      },
      {
        event: 'flow',
        timeMs: at - 5000,
        untilMs: at - 1000,
        inside: { address: '10.0.0.1', port: 1 },
        outside: { address: '192.0.2.1', low: 2, high: 2, step: 1 },
      },
    ]);
  });

  it('what waited for its template has the time of the message that it came in', () => {
    const { feed, exporter } = started();
    const bare: FieldSpec[] = [
      [234, 4],
      [8, 4],
      [225, 4],
      [7, 2],
      [227, 2],
      [4, 1],
    ];
    const record = Buffer.concat([
      uint(0, 4),
      ip4('10.0.0.1'),
      ip4('192.0.2.1'),
      uint(5, 2),
      uint(6, 2),
      uint(17, 1),
    ]);
    exporter.datagram(message([set(256, [record])]));
    exporter.datagram(
      message([set(2, [template(256, bare)]), set(256, [record])], { exportTime: EXPORT_TIME + 30 }),
    );
    expect(feed.calls).toEqual(['take 0', 'take 2']);
    expect(feed.messages[1]?.sentMs).toBe((EXPORT_TIME + 30) * 1000);
    expect(feed.messages[1]?.translations.map(({ timeMs }) => timeMs)).toEqual([EXPORT_TIME * 1000, null]);
  });

  it('a loss is told before the message that shows it, and nonsense once', () => {
    const { feed, exporter } = started();
    exporter.datagram(templates());
    exporter.datagram(message([set(256, [nat44()])], { sequence: 4 }));
    exporter.datagram(Buffer.from('not IPFIX at all'));
    exporter.datagram(message([set(256, [nat44({ event: 99 }), nat44({ event: 99 })])], { sequence: 5 }));
    exporter.datagram(message([set(256, [nat44()])], { sequence: 7 }));
    expect(feed.calls).toEqual([
      'take 0',
      'lost 4',
      'take 1',
      'unread message-version 1',
      'unread unknown-event 2',
      'take 0',
      'take 1',
    ]);
    expect(exporter.status()).toMatchObject({ messages: 4, events: 2, lost: 4, tellsTranslations: true });
  });

  it('a restart is told before what came after it', () => {
    const { feed, exporter } = started();
    const v9 = (uptime: number, exportTime: number, sequence: number): Buffer =>
      message([set(0, [template(256, NAT44)]), set(256, [nat44()], 2)], {
        version: 9,
        uptime,
        exportTime,
        sequence,
      });
    exporter.datagram(v9(1_000_000, EXPORT_TIME, 1));
    exporter.datagram(v9(1000, EXPORT_TIME + 60, 0));
    expect(feed.calls).toEqual(['take 1', 'restarted', 'take 1']);
  });
});

it('a restart of one exporter, or domain, of several ends nothing: what it held is not known', () => {
  const feed = heardFeed();
  const receiver = new IpfixReceiver({ sourceOf: () => ({ feed, dialect: null }) });
  const send = (from: string, domain: number, uptime: number, exportTime: number): void =>
    receiver.datagram(
      message([set(0, [template(256, NAT44)])], { version: 9, domain, uptime, exportTime, sequence: 0 }),
      from as IpAddress,
    );
  const restart = (from: string, domain: number): string[] => {
    feed.calls.length = 0;
    send(from, domain, 1_000_000, EXPORT_TIME);
    send(from, domain, 1000, EXPORT_TIME + 60);
    return feed.calls.filter((call) => !call.startsWith('take'));
  };
  expect(restart('192.0.2.1', 1)).toEqual(['restarted']);
  expect(restart('192.0.2.1', 2)).toEqual(['lost 0']);
  expect(restart('192.0.2.2', 1)).toEqual(['lost 0']);
});
