import { describe, expect, it } from 'vitest';
import { Decoder } from '../../../src/collectors/ipfix/decoder.ts';
import { DAY_MS } from '../../../src/model/time.ts';
import { EXPORT_TIME, ip4, message, nat44, NAT44, set, template, uint, type FieldSpec } from './exporter.ts';
import { listen } from './listener.ts';

const block = (end: readonly FieldSpec[]): FieldSpec[] => [
  [323, 8],
  [230, 1],
  [8, 4],
  [225, 4],
  [361, 2],
  ...end,
];
const blockRecord = (event: number, low: number, rest: readonly Buffer[]): Buffer =>
  Buffer.concat([
    uint(EXPORT_TIME * 1000, 8),
    uint(event, 1),
    ip4('100.64.0.1'),
    ip4('192.0.2.1'),
    uint(low, 2),
    ...rest,
  ]);

describe('dialects', () => {
  it.each([
    ['rfc8158', [4, 5, 16], 'rfc8158'],
    ['a device that only sends NAT44 sessions', [4, 5], 'rfc8158'],
    ['high-speed logging', [1, 2, 3], 'hsl'],
    ['the draft numbering', [1, 2, 4], 'juniper-mx'],
  ])('%s is recognised by its event numbers', (_name, numbers, dialect) => {
    const { decoder } = listen();
    decoder.take(message([set(2, [template(256, NAT44)])]));
    decoder.take(
      message([
        set(
          256,
          numbers.map((event) => nat44({ event })),
        ),
      ]),
    );
    expect(decoder.status().dialects).toEqual([dialect]);
  });

  it('14 and 15 are blocks in the draft numbering, and address bindings in RFC 8158', () => {
    const draft = listen();
    draft.decoder.take(message([set(2, [template(256, block([[362, 2]]))])]));
    draft.decoder.take(
      message([set(256, [blockRecord(14, 1024, [uint(2047, 2)]), blockRecord(15, 1024, [uint(2047, 2)])])]),
    );
    expect(draft.events).toEqual([
      'create 0 100.64.0.1:0 > 192.0.2.1:1024-2047',
      'delete 0 100.64.0.1:0 > 192.0.2.1:1024-2047',
    ]);
    expect(draft.decoder.status().dialects).toEqual(['juniper-mx']);
    const binding = listen();
    const fields: FieldSpec[] = [
      [323, 8],
      [230, 1],
      [8, 4],
      [225, 4],
    ];
    binding.decoder.take(message([set(2, [template(256, fields)])]));
    binding.decoder.take(message([set(256, [blockRecord(14, 0, []).subarray(0, 17)])]));
    expect(binding.events).toEqual(['create 0 100.64.0.1:0 > 192.0.2.1:0']);
    expect(binding.decoder.status().dialects).toEqual(['rfc8158']);
  });

  it('blocks are told by their end, by step and count, or by their start alone', () => {
    const { decoder, events } = listen();
    decoder.take(
      message([
        set(2, [
          template(256, block([[362, 2]])),
          template(
            257,
            block([
              [363, 2],
              [364, 2],
            ]),
          ),
          template(258, block([])),
        ]),
      ]),
    );
    decoder.take(message([set(256, [blockRecord(16, 1024, [uint(1535, 2)])])]));
    decoder.take(message([set(257, [blockRecord(16, 1024, [uint(1, 2), uint(512, 2)])])]));
    decoder.take(message([set(257, [blockRecord(16, 1024, [uint(8, 2), uint(64, 2)])])]));
    decoder.take(message([set(258, [blockRecord(17, 1024, [])])]));
    expect(events.map((event) => event.split(' > ')[1])).toEqual([
      '192.0.2.1:1024-1535',
      '192.0.2.1:1024-1535',
      '192.0.2.1:1024-1528/8',
      '192.0.2.1:1024',
    ]);
    decoder.take(message([set(256, [blockRecord(16, 1535, [uint(1024, 2)])])]));
    decoder.take(message([set(257, [blockRecord(16, 60_000, [uint(8, 2), uint(60_000, 2)])])]));
    expect(decoder.status().rejected).toEqual({ 'bad-block': 2 });
  });

  it('ASR 9000: the template is the event, a delete tells the inside only', () => {
    const { decoder, events, dialects } = listen();
    const add: FieldSpec[] = [
      [234, 4],
      [8, 4],
      [225, 4],
      [7, 2],
      [227, 2],
      [4, 1],
    ];
    const remove: FieldSpec[] = [
      [234, 4],
      [8, 4],
      [7, 2],
      [4, 1],
    ];
    decoder.take(message([set(2, [template(256, add), template(257, remove)])]));
    const inside = [uint(7, 4), ip4('10.0.0.1')];
    decoder.take(message([set(256, [...inside, ip4('192.0.2.1'), uint(5, 2), uint(6, 2), uint(17, 1)])]));
    decoder.take(message([set(257, [...inside, uint(5, 2), uint(17, 1)])]));
    expect(events).toEqual(['create 17 10.0.0.1:5 > 192.0.2.1:6', 'delete 17 10.0.0.1:5 > -:0']);
    expect(dialects).toEqual(['asr9k', 'asr9k']);
  });

  it('Nokia: a template with a beginning creates, one with an end deletes', () => {
    const { decoder, events, dialects } = listen();
    const fields = (time: number): FieldSpec[] => [
      [time, 8],
      [8, 4],
      [225, 4],
      [7, 2],
      [227, 2],
      [4, 1],
    ];
    const record = Buffer.concat([
      uint(EXPORT_TIME * 1000, 8),
      ip4('10.0.0.1'),
      ip4('192.0.2.1'),
      uint(5, 2),
      uint(6, 2),
      uint(6, 1),
    ]);
    decoder.take(message([set(2, [template(300, fields(152)), template(301, fields(153))])]));
    decoder.take(message([set(300, [record]), set(301, [record])]));
    expect(events).toEqual(['create 6 10.0.0.1:5 > 192.0.2.1:6', 'delete 6 10.0.0.1:5 > 192.0.2.1:6']);
    expect(dialects).toEqual(['nokia', 'nokia']);
  });

  it('NSEL: what was denied and what was not translated create nothing', () => {
    const { decoder, events } = listen();
    const fields: FieldSpec[] = [
      [323, 8],
      [233, 1],
      [8, 4],
      [7, 2],
      [40_001, 4],
      [40_003, 2],
      [4, 1],
    ];
    const record = (event: number, outside: string, port: number): Buffer =>
      Buffer.concat([
        uint(EXPORT_TIME * 1000, 8),
        uint(event, 1),
        ip4('10.0.0.1'),
        uint(5, 2),
        ip4(outside),
        uint(port, 2),
        uint(6, 1),
      ]);
    const v9 = { version: 9 } as const;
    decoder.take(message([set(0, [template(256, fields)])], v9));
    const sent = [
      record(1, '192.0.2.1', 6),
      record(3, '192.0.2.1', 6),
      record(1, '10.0.0.1', 5),
      record(2, '192.0.2.1', 6),
    ];
    decoder.take(message([set(256, sent)], { ...v9, sequence: 1 }));
    expect(events).toEqual(['create 6 10.0.0.1:5 > 192.0.2.1:6', 'delete 6 10.0.0.1:5 > 192.0.2.1:6']);
    expect(decoder.status().rejected).toEqual({ notice: 1, identity: 1 });
  });

  it('a create whose outside is unset is of no translation; without its fields, or with a destination after, it may be', () => {
    const fields: FieldSpec[] = [
      [230, 1],
      [8, 4],
      [225, 4],
      [226, 4],
    ];
    const record = (event: number, outside: string, remote: string): Buffer =>
      Buffer.concat([uint(event, 1), ip4('10.0.0.1'), ip4(outside), ip4(remote)]);
    const read = (template_: readonly FieldSpec[], ...records: Buffer[]) => {
      const { decoder, events } = listen();
      decoder.take(message([set(2, [template(256, template_)]), set(256, records)]));
      return [events.length, decoder.status().rejected];
    };
    const unset = '0.0.0.0';
    expect(read(fields, record(4, unset, unset))).toEqual([0, { identity: 1 }]);
    expect(read(fields, record(5, unset, unset))).toEqual([1, {}]);
    expect(read(fields, record(4, unset, '10.0.0.9'))).toEqual([0, { 'no-address': 1 }]);
    const block: FieldSpec[] = [
      [230, 1],
      [8, 4],
      [361, 2],
      [362, 2],
    ];
    const bare = Buffer.concat([uint(4, 1), ip4('10.0.0.1'), uint(0, 4)]);
    expect(read(block, bare)).toEqual([0, { 'no-address': 1 }]);
  });

  it('NAT64: an inside IPv6 host has an outside IPv4 endpoint', () => {
    const { decoder, events } = listen();
    const fields: FieldSpec[] = [
      [230, 1],
      [27, 16],
      [225, 4],
      [7, 2],
      [227, 2],
      [4, 1],
    ];
    const inside = Buffer.from('20010db8000000000000000000000001', 'hex');
    decoder.take(message([set(2, [template(256, fields)])]));
    decoder.take(
      message([set(256, [uint(6, 1), inside, ip4('192.0.2.1'), uint(5, 2), uint(6, 2), uint(6, 1)])]),
    );
    expect(events).toEqual(['create 6 2001:db8::1:5 > 192.0.2.1:6']);
  });

  it('DS-Lite: of an inside with both, the address of the softwire is the customer', () => {
    const { decoder, events } = listen();
    const fields: FieldSpec[] = [
      [230, 1],
      [8, 4],
      [27, 16],
      [225, 4],
      [7, 2],
      [227, 2],
      [4, 1],
    ];
    const record = (softwire: Buffer): Buffer =>
      Buffer.concat([
        uint(4, 1),
        ip4('192.168.1.2'),
        softwire,
        ip4('192.0.2.1'),
        uint(5, 2),
        uint(6, 2),
        uint(6, 1),
      ]);
    const softwire = Buffer.from('20010db8000000000000000000000001', 'hex');
    decoder.take(message([set(2, [template(256, fields)])]));
    decoder.take(message([set(256, [record(softwire), record(Buffer.alloc(16))])]));
    expect(events).toEqual(['create 6 2001:db8::1:5 > 192.0.2.1:6', 'create 6 192.168.1.2:5 > 192.0.2.1:6']);
  });

  it('of a field that stands twice the first is the event', () => {
    const times: number[] = [];
    const decoder = new Decoder({
      dialect: null,
      onEvent: ({ timeMs }) => times.push(timeMs),
      onLost: () => undefined,
      onRestart: () => undefined,
    });
    const twice: FieldSpec[] = [...NAT44.slice(0, 7), [323, 8]];
    const [event, allocation] = [EXPORT_TIME * 1000 + 5, EXPORT_TIME * 1000 - 90_000];
    decoder.take(message([set(2, [template(256, twice)])]));
    decoder.take(message([set(256, [nat44({ at: event }).subarray(0, 22), uint(allocation, 8)])]));
    expect(times).toEqual([event]);
  });

  it('a time by the uptime of NetFlow v9 lies before its message, also when the uptime wrapped since', () => {
    const times: number[] = [];
    const decoder = new Decoder({
      dialect: null,
      onEvent: ({ timeMs, untilMs }) => times.push(timeMs - EXPORT_TIME * 1000, untilMs - EXPORT_TIME * 1000),
      onLost: () => undefined,
      onRestart: () => undefined,
    });
    const fields: FieldSpec[] = [
      [1, 4],
      [22, 4],
      [21, 4],
      [8, 4],
      [225, 4],
    ];
    const record = (began: number, ended: number): Buffer =>
      Buffer.concat([uint(1, 4), uint(began, 4), uint(ended, 4), ip4('10.0.0.1'), ip4('192.0.2.1')]);
    const v9 = (sets: Buffer[], uptime: number): number | null =>
      decoder.take(message(sets, { version: 9, uptime }));
    v9([set(0, [template(256, fields)])], 1_000_000);
    v9([set(256, [record(940_000, 999_000)])], 1_000_000);
    v9([set(256, [record(2 ** 32 - 20_000, 9000)])], 10_000);
    v9([set(256, [record(10_000 - 26 * DAY_MS + 2 ** 32, 10_005)])], 10_000);
    expect(times).toEqual([-60_000, -1000, -30_000, -1000, -26 * DAY_MS, 5]);
  });

  it('a dialect that was set is kept to, and what it has no number for is counted', () => {
    const { decoder, events } = listen('hsl');
    decoder.take(message([set(2, [template(256, NAT44)])]));
    decoder.take(message([set(256, [nat44({ event: 4 }), nat44({ event: 1 })])]));
    expect(events.length).toBe(1);
    expect(decoder.status().rejected).toEqual({ 'unknown-event': 1 });
  });
});

describe('flow records', () => {
  const FLOW: readonly FieldSpec[] = [
    [1, 4],
    [8, 4],
    [7, 2],
    [12, 4],
    [11, 2],
    [4, 1],
    [225, 4],
    [227, 2],
    [226, 4],
    [228, 2],
  ];
  const record = (fields: readonly (readonly [string, number])[]): Buffer => {
    const [source, destination, postSource, postDestination] = fields.map(([address, port]) =>
      Buffer.concat([ip4(address), uint(port, 2)]),
    );
    const none = Buffer.alloc(6);
    return Buffer.concat([
      uint(1, 4),
      source ?? none,
      destination ?? none,
      uint(6, 1),
      postSource ?? none,
      postDestination ?? none,
    ]);
  };
  const unset = ['0.0.0.0', 0] as const;
  it.each([
    [
      'outbound',
      [['10.0.0.1', 1], ['203.0.113.1', 443], ['192.0.2.1', 2], unset],
      ['flow 6 10.0.0.1:1 > 192.0.2.1:2'],
    ],
    [
      'inbound as FortiGate tells it',
      [['203.0.113.1', 443], ['10.0.0.1', 1], unset, ['192.0.2.1', 2]],
      ['flow 6 10.0.0.1:1 > 192.0.2.1:2'],
    ],
    [
      'inbound as SonicWall tells it',
      [['203.0.113.1', 443], ['192.0.2.1', 2], unset, ['10.0.0.1', 1]],
      ['flow 6 10.0.0.1:1 > 192.0.2.1:2'],
    ],
    ['untranslated', [['10.0.0.1', 1], ['203.0.113.1', 443], unset, unset], []],
    [
      'identity',
      [
        ['10.0.0.1', 1],
        ['203.0.113.1', 443],
        ['10.0.0.1', 1],
        ['203.0.113.1', 443],
      ],
      [],
    ],
  ] as const)('%s', (_name, fields, expected) => {
    const { decoder, events } = listen();
    decoder.take(message([set(2, [template(256, FLOW)])]));
    decoder.take(message([set(256, [record(fields)])]));
    expect(events).toEqual(expected);
  });

  it('a port in a field that is wider than a port is none', () => {
    const { decoder, events } = listen();
    const wide = FLOW.map(([element, length]): FieldSpec => [element, element === 227 ? 4 : length]);
    const flow = (port: number): Buffer =>
      Buffer.concat([
        record([]).subarray(0, 4),
        ip4('10.0.0.1'),
        uint(1, 2),
        ip4('203.0.113.1'),
        uint(443, 2),
        uint(6, 1),
        ip4('192.0.2.1'),
        uint(port, 4),
        Buffer.alloc(6),
      ]);
    decoder.take(message([set(2, [template(256, wide)]), set(256, [flow(2), flow(65_538)])]));
    expect(events).toEqual(['flow 6 10.0.0.1:1 > 192.0.2.1:2']);
    expect(decoder.status().rejected).toEqual({ 'bad-block': 1 });
  });
});
