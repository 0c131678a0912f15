import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readAccounting } from '../../../src/collectors/radius/accounting.ts';
import { readRequest } from '../../../src/collectors/radius/packet.ts';
import { toldAccounting } from '../../../src/collectors/radius/told.ts';
import type { ToldAccounting } from '../../../src/collectors/lease-feed.ts';
import { accountingRequest, attribute, number, SECRET, vendor } from './access-server.ts';

const RECEIVED_MS = 1_764_112_350_250;
const EVENT = 1_764_112_345;

const status = (value: number): Buffer => attribute(40, number(value));
const NAS = attribute(32, Buffer.from('bras-1'));
const SESSION = attribute(44, Buffer.from('02-00-00-00-00-01#5'));
const ADDRESS = attribute(8, Buffer.from([100, 64, 0, 7]));
const PREFIX = attribute(123, Buffer.from('003820010db80001ff00', 'hex'));
const EVENT_TIME = attribute(55, number(EVENT));
const DELAY = attribute(41, number(3));
const NAMES = [
  attribute(1, Buffer.from('anna@example.net')),
  attribute(31, Buffer.from('02-00-00-00-00-01')),
];

function told(...attributes: readonly Buffer[]): ToldAccounting {
  const packet = accountingRequest(attributes);
  const request = readRequest(packet, SECRET);
  if (typeof request === 'string') throw new Error(request);
  const accounting = readAccounting(request);
  if (typeof accounting === 'string') throw new Error(accounting);
  return toldAccounting(accounting, packet, RECEIVED_MS);
}

describe('what an Accounting-Request says', () => {
  it('is a lease for each address and prefix; its session number does not show the id', () => {
    const session = createHash('sha256').update('bras-1\x0002-00-00-00-00-01#5').digest('hex').slice(0, 16);
    const both = {
      event: 'start',
      timeMs: EVENT * 1000,
      session,
      server: 'bras-1',
      userName: 'anna@example.net',
      callingStation: '02-00-00-00-00-01',
    };
    const message = told(status(1), NAS, SESSION, ADDRESS, PREFIX, EVENT_TIME, DELAY, ...NAMES);
    expect(message).toMatchObject({
      sentMs: (EVENT + 3) * 1000,
      translations: [],
      restarted: null,
    });
    expect(message.leases).toEqual([
      { ...both, address: '100.64.0.7', bits: 32 },
      { ...both, address: '2001:db8:1:ff00::', bits: 56 },
    ]);
    expect(Buffer.from(message.original).length).toBeGreaterThan(20);
  });

  it.each([
    ['its own time and how long it tried', [EVENT_TIME, DELAY], EVENT * 1000, (EVENT + 3) * 1000],
    ['its own time', [EVENT_TIME], EVENT * 1000, EVENT * 1000],
    ['how long it tried', [DELAY], RECEIVED_MS - 3000, null],
    ['neither', [], RECEIVED_MS, null],
    ['the time of a clock that was never set', [attribute(55, number(0))], RECEIVED_MS, null],
    ['that with how long it tried', [attribute(55, number(0)), DELAY], RECEIVED_MS - 3000, null],
    ['an endless trying', [attribute(41, number(0xff_ff_ff_ff))], 0, null],
  ])('of a server that tells %s has these times', (_name, attributes, timeMs, sentMs) => {
    const message = told(status(3), NAS, SESSION, ADDRESS, ...attributes);
    expect([message.leases[0]?.timeMs, message.sentMs]).toEqual([timeMs, sentMs]);
    expect(message.byOurClock).toBe(sentMs === null);
  });

  it.each([
    [1, 'start'],
    [2, 'stop'],
    [3, 'interim'],
  ])('with the status %i is a %s', (value, event) => {
    expect(told(status(value), SESSION, ADDRESS).leases[0]).toMatchObject({ event, server: '' });
  });

  it.each([7, 8])('with the status %i is a restart of that server alone', (value) => {
    expect(told(status(value), NAS, ADDRESS, EVENT_TIME)).toMatchObject({
      leases: [],
      translations: [],
      restarted: { server: 'bras-1' },
      sentMs: EVENT * 1000,
    });
  });

  it('of an address that nobody holds is no lease', () => {
    const unset = [
      attribute(8, Buffer.alloc(4)),
      attribute(8, Buffer.alloc(4, 0xff)),
      attribute(168, Buffer.alloc(16)),
      attribute(97, Buffer.from([0, 0])),
    ];
    expect(told(status(1), SESSION, ...unset).leases).toEqual([]);
  });
});

const range = (...parts: readonly Buffer[]): Buffer =>
  attribute(241, Buffer.concat([Buffer.from([6]), ...parts]));
const OUTSIDE = attribute(3, Buffer.from([192, 0, 2, 1]));
const alloc = (value: number): Buffer => attribute(8, number(value));
const BLOCK = [attribute(9, number(1024)), attribute(10, number(2047))];
const nokia = (text: string): Buffer => vendor(6527, 121, Buffer.from(text));
const nokiaAddress = vendor(6527, 141, Buffer.from([203, 0, 113, 9]));
const huaweiAddress = vendor(2011, 161, Buffer.from([203, 0, 113, 7]));
const huawei = (low: number, high: number): Buffer =>
  Buffer.concat([huaweiAddress, vendor(2011, 162, number(low)), vendor(2011, 163, number(high))]);

/** `interim 192.0.2.1 1024-2047`, an address alone as `- -`. */
const ports = (value: number, ...attributes: readonly Buffer[]): string[] =>
  told(status(value), NAS, SESSION, ADDRESS, EVENT_TIME, ...attributes).translations.map(
    ({ event, outside }) => `${event} ${outside?.address} ${outside?.low ?? ''}-${outside?.high ?? ''}`,
  );

describe('outside ports in an Accounting-Request', () => {
  it('belong to its IPv4 address, for any protocol', () => {
    const message = told(status(1), SESSION, ADDRESS, PREFIX, EVENT_TIME, range(OUTSIDE, alloc(1), ...BLOCK));
    expect(message.translations).toEqual([
      {
        event: 'create',
        timeMs: EVENT * 1000,
        untilMs: null,
        realm: '',
        protocol: null,
        inside: { address: '100.64.0.7', port: null },
        outside: { address: '192.0.2.1', low: 1024, high: 2047, step: 1 },
        remote: null,
        flow: null,
      },
    ]);
    expect(told(status(1), SESSION, PREFIX, range(OUTSIDE, ...BLOCK)).translations).toEqual([]);
  });

  it.each([
    ['RFC 8045: allocated', 3, [range(OUTSIDE, alloc(1), ...BLOCK)], ['create 192.0.2.1 1024-2047']],
    ['RFC 8045: freed', 3, [range(OUTSIDE, alloc(2), ...BLOCK)], ['delete 192.0.2.1 1024-2047']],
    ['a start', 1, [range(OUTSIDE, ...BLOCK)], ['interim 192.0.2.1 1024-2047']],
    ['an interim', 3, [range(OUTSIDE, ...BLOCK)], ['interim 192.0.2.1 1024-2047']],
    ['a stop', 2, [range(OUTSIDE, ...BLOCK)], ['delete 192.0.2.1 1024-2047']],
    ['no outside address', 3, [range(...BLOCK)], []],
    ['no end', 3, [range(OUTSIDE, attribute(9, number(1024)))], []],
    ['a port 0', 3, [range(OUTSIDE, attribute(9, number(0)), attribute(10, number(9)))], []],
    ['another attribute of 241', 3, [attribute(241, Buffer.concat([Buffer.from([5]), ...BLOCK]))], []],
    [
      'Nokia: several ranges',
      3,
      [nokia('203.0.113.4 37674-37723,38507-38556 router base')],
      ['interim 203.0.113.4 37674-37723', 'interim 203.0.113.4 38507-38556'],
    ],
    ['Nokia: nonsense', 3, [nokia('203.0.113.4 9-1,x,70000-70001 router'), nokia('300.0.113.4 1-2')], []],
    ['Nokia: its address alone', 3, [nokiaAddress], ['interim 203.0.113.9 -']],
    ['Nokia: its address for a block', 3, [nokiaAddress, range(...BLOCK)], ['interim 203.0.113.9 1024-2047']],
    ['Huawei', 2, [huawei(5056, 9087)], ['delete 203.0.113.7 5056-9087']],
    ['Huawei: its address alone', 3, [huaweiAddress], ['interim 203.0.113.7 -']],
    ['Huawei: half a block', 3, [huaweiAddress, vendor(2011, 162, number(5056))], []],
    ['Huawei: backwards', 3, [huawei(9087, 5056)], []],
  ])('%s', (_name, value, attributes, expected) => {
    expect(ports(value, ...attributes)).toEqual(expected);
  });
});
