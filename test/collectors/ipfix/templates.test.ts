import { describe, expect, it } from 'vitest';
import {
  ip4,
  message,
  nat44,
  NAT44,
  optionsTemplate,
  set,
  template,
  uint,
  withdrawal,
  type FieldSpec,
} from './exporter.ts';
import { listen } from './listener.ts';

const CREATED = 'create 6 100.64.0.1:40000 > 192.0.2.1:50000';

describe('templates', () => {
  it('data of a known template is read, padding is not', () => {
    const { decoder, events } = listen();
    decoder.take(message([set(2, [template(256, NAT44)])]));
    decoder.take(message([set(256, [nat44(), nat44({ event: 5 })], 3)]));
    expect(events).toEqual([CREATED, CREATED.replace('create', 'delete')]);
  });

  it('data that precedes its template waits for it, in its order', () => {
    const { decoder, events } = listen();
    decoder.take(message([set(256, [nat44()])]));
    decoder.take(message([set(256, [nat44({ outsidePort: 50_001 })])]));
    expect(events).toEqual([]);
    expect(decoder.status().pending).toBe(2);
    decoder.take(message([set(2, [template(256, NAT44)])]));
    expect(events).toEqual([CREATED, CREATED.replace('50000', '50001')]);
    expect(decoder.status().pending).toBe(0);
  });

  it('what waits for a template is bounded, the oldest goes and is counted', () => {
    const { decoder, events } = listen();
    for (let port = 1; port <= 600; port += 1)
      decoder.take(message([set(256, [nat44({ outsidePort: port })])]));
    expect(decoder.status()).toMatchObject({ pending: 512, rejected: { 'template-never-came': 88 } });
    decoder.take(message([set(2, [template(256, NAT44)])]));
    expect(events.length).toBe(512);
    expect(events[0]).toContain('192.0.2.1:89');
  });

  it('templates of two domains are two', () => {
    const { decoder, events } = listen();
    decoder.take(message([set(2, [template(256, NAT44)])], { domain: 1 }));
    decoder.take(message([set(256, [nat44()])], { domain: 2 }));
    expect(events).toEqual([]);
  });

  it('a template may be defined anew, and withdrawn', () => {
    const { decoder, events } = listen();
    const short: FieldSpec[] = NAT44.slice(0, 7);
    decoder.take(message([set(2, [template(256, NAT44)])]));
    decoder.take(message([set(2, [template(256, short)])]));
    decoder.take(message([set(256, [nat44().subarray(0, 22)])]));
    expect(events).toEqual([CREATED]);
    decoder.take(message([set(2, [withdrawal(256)])]));
    decoder.take(message([set(256, [nat44().subarray(0, 22)])]));
    expect(events.length).toBe(1);
    decoder.take(message([set(2, [template(257, short), withdrawal(2)])]));
    expect(decoder.status().templates).toBe(0);
  });

  it('options templates are known, and their records are no translations', () => {
    const { decoder, events } = listen();
    decoder.take(
      message([
        set(3, [
          optionsTemplate(300, 1, [
            [149, 4],
            [230, 1],
          ]),
        ]),
      ]),
    );
    decoder.take(message([set(300, [Buffer.alloc(5)])]));
    expect(events).toEqual([]);
    expect(decoder.status()).toMatchObject({ records: 1, templates: 0, optionsTemplates: 1, rejected: {} });
  });

  it('numbers may be shorter than they are defined, fields of enterprises are passed over', () => {
    const { decoder, events } = listen();
    const fields: FieldSpec[] = [
      [91, 3, 637],
      [8, 4],
      [225, 4],
      [7, 1],
      [227, 1],
      [230, 2],
      [4, 1],
    ];
    decoder.take(message([set(2, [template(256, fields)])]));
    const record = [
      Buffer.from('xyz'),
      ip4('10.0.0.1'),
      ip4('192.0.2.1'),
      uint(7, 1),
      uint(9, 1),
      uint(4, 2),
    ];
    decoder.take(message([set(256, [...record, uint(17, 1)])]));
    expect(events).toEqual(['create 17 10.0.0.1:7 > 192.0.2.1:9']);
  });

  it('variable fields, short and long, move what stands behind them', () => {
    const { decoder, events } = listen();
    const fields: FieldSpec[] = [
      [230, 1],
      [91, 65_535, 637],
      [8, 4],
      [225, 4],
      [7, 2],
      [227, 2],
    ];
    const record = (name: Buffer, port: number): Buffer =>
      Buffer.concat([uint(4, 1), name, ip4('10.0.0.1'), ip4('192.0.2.1'), uint(port, 2), uint(port, 2)]);
    const short = Buffer.concat([uint(3, 1), Buffer.from('abc')]);
    const long = Buffer.concat([uint(255, 1), uint(300, 2), Buffer.alloc(300, 0x61)]);
    decoder.take(message([set(2, [template(256, fields)])]));
    decoder.take(message([set(256, [record(short, 1000), record(long, 2000), record(short, 3000)])]));
    expect(events).toEqual([
      'create 0 10.0.0.1:1000 > 192.0.2.1:1000',
      'create 0 10.0.0.1:2000 > 192.0.2.1:2000',
      'create 0 10.0.0.1:3000 > 192.0.2.1:3000',
    ]);
    decoder.take(message([set(256, [record(Buffer.concat([uint(255, 1), uint(60_000, 2)]), 1)])]));
    expect(decoder.status().rejected).toEqual({ 'record-cut': 1 });
  });

  it.each([
    ['fields of no length', set(2, [template(256, [[8, 0]])]), 'template-length'],
    ['a number below 256', set(2, [template(255, NAT44)]), 'template-id'],
    ['more fields than it holds', set(2, [template(256, NAT44).subarray(0, 20)]), 'template-cut'],
    [
      '600 fields',
      set(2, [
        template(
          256,
          Array.from({ length: 600 }, (): FieldSpec => [8, 4]),
        ),
      ]),
      'template-fields',
    ],
    ['more scope than fields', set(3, [optionsTemplate(256, 3, [[149, 4]])]), 'template-scope'],
    ['a set that is shorter than its head', Buffer.from([0, 2, 0, 3]), 'set-length'],
    ['a set that is longer than the message', Buffer.from([0, 2, 0, 9]), 'set-cut'],
    ['a reserved set', set(17, [Buffer.alloc(8)]), 'set-reserved'],
  ])('%s is counted', (_name, sent, reason) => {
    const { decoder } = listen();
    decoder.take(message([sent]));
    expect(decoder.status()).toMatchObject({ templates: 0, rejected: { [reason]: 1 } });
  });

  it.each([
    ['nothing', Buffer.alloc(0), 'message-cut'],
    ['another version', uint(5, 24), 'message-version'],
    [
      'a length below its head',
      Buffer.concat([uint(10, 2), uint(15, 2), Buffer.alloc(12)]),
      'message-length',
    ],
    [
      'a length beyond the datagram',
      Buffer.concat([uint(10, 2), uint(17, 2), Buffer.alloc(12)]),
      'message-cut',
    ],
  ])('%s is no message', (_name, bytes, reason) => {
    const { decoder } = listen();
    expect(decoder.take(bytes)).toBeNull();
    expect(decoder.status().rejected).toEqual({ [reason]: 1 });
  });
});
