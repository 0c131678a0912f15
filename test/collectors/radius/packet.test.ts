import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAccounting } from '../../../src/collectors/radius/accounting.ts';
import { readRequest, writeResponse } from '../../../src/collectors/radius/packet.ts';
import { SEEDED } from '../../support/seed.ts';
import { accountingRequest, attribute, number, SECRET, vendor } from './access-server.ts';

const START = [
  attribute(40, number(1)),
  attribute(44, Buffer.from('5f3a')),
  attribute(1, Buffer.from('user@example.net')),
  attribute(31, Buffer.from('02-00-00-00-00-01')),
  attribute(32, Buffer.from('bras-1')),
  attribute(8, Buffer.from([100, 64, 0, 7])),
  attribute(41, number(3)),
  attribute(55, number(1_764_112_345)),
];

const read = (packet: Buffer) => {
  const request = readRequest(packet, SECRET);
  if (typeof request === 'string') throw new Error(request);
  return readAccounting(request);
};

describe('an Accounting-Request', () => {
  it('says who holds which address since when', () => {
    expect(read(accountingRequest(START))).toEqual({
      status: 'start',
      session: '35663361',
      userName: 'user@example.net',
      callingStation: '02-00-00-00-00-01',
      server: 'bras-1',
      eventSeconds: 1_764_112_345,
      delaySeconds: 3,
      held: [{ address: '100.64.0.7', bits: 32 }],
      ports: [],
    });
  });

  it('holds IPv6 prefixes: framed, delegated, and an address', () => {
    const prefix = (bits: number, hex: string): Buffer =>
      Buffer.concat([Buffer.from([0, bits]), Buffer.from(hex, 'hex')]);
    const sent = [
      ...START.slice(0, 2),
      attribute(97, prefix(64, '20010db800010002')),
      attribute(123, prefix(56, '20010db80001ffff')),
      attribute(168, Buffer.from('20010db8000000000000000000000009', 'hex')),
      attribute(97, prefix(129, '20010db8')),
      attribute(97, prefix(64, '20010db8')),
    ];
    expect(read(accountingRequest(sent))).toMatchObject({
      held: [
        { address: '2001:db8:1:2::', bits: 64 },
        { address: '2001:db8:1:ff00::', bits: 56 },
        { address: '2001:db8::9', bits: 128 },
      ],
    });
  });

  it("holds ports: RFC 8045's and Nokia's", () => {
    const range = (alloc: number): Buffer =>
      attribute(
        241,
        Buffer.concat([
          Buffer.from([6]),
          attribute(3, Buffer.from([192, 0, 2, 1])),
          attribute(8, number(alloc)),
          attribute(9, number(1024)),
          attribute(10, number(2047)),
        ]),
      );
    const nokia = vendor(6527, 121, Buffer.from('180.0.1.248 37674-37723 router base'));
    const outside = { outside: '192.0.2.1', low: 1024, high: 2047 };
    expect(read(accountingRequest([...START, range(1), range(2), nokia]))).toMatchObject({
      ports: [
        { ...outside, event: 'create' },
        { ...outside, event: 'delete' },
        { outside: '180.0.1.248', low: 37_674, high: 37_723, event: null },
      ],
    });
  });

  it('is answered so that its sender can verify it', () => {
    const packet = accountingRequest(START, { identifier: 200 });
    const request = readRequest(packet, SECRET);
    if (typeof request === 'string') throw new Error(request);
    const response = writeResponse(request, SECRET);
    const plain = Buffer.concat([response.subarray(0, 4), packet.subarray(4, 20)]);
    expect([...response.subarray(0, 4)]).toEqual([5, 200, 0, 20]);
    expect(response.subarray(4)).toEqual(createHash('md5').update(plain).update(SECRET).digest());
  });

  it('with a Message-Authenticator is verified twice', () => {
    const packet = accountingRequest(START, { signed: true });
    expect(typeof readRequest(packet, SECRET)).toBe('object');
    const forged = accountingRequest([...START, attribute(80, Buffer.alloc(16, 1))]);
    expect(readRequest(forged, SECRET)).toBe('message-authenticator');
  });

  it.each([
    ['another secret', accountingRequest(START, { secret: Buffer.from('other') }), 'authenticator'],
    ['an empty datagram', Buffer.alloc(0), 'length'],
    ['a cut datagram', accountingRequest(START).subarray(0, 40), 'length'],
    ['an Access-Request', Buffer.concat([Buffer.from([1]), accountingRequest(START).subarray(1)]), 'code'],
    ['an attribute without a length', accountingRequest([Buffer.from([1, 0])]), 'attribute'],
    ['an attribute beyond the end', accountingRequest([Buffer.from([1, 9, 1])]), 'attribute'],
  ])('of %s is refused', (_name, packet, fault) => {
    expect(readRequest(packet, SECRET)).toBe(fault);
  });

  it.each([
    ['no status', START.slice(1), 'no-status'],
    ['a status that nobody knows', [attribute(40, number(99)), ...START.slice(1)], 'unknown-status'],
    ['no session', [START[0] ?? Buffer.alloc(0)], 'no-session'],
  ])('with %s says nothing', (_name, attributes, fault) => {
    expect(read(accountingRequest(attributes))).toBe(fault);
  });

  it('with any attributes is read or refused', () => {
    const bytes = fc.uint8Array({ maxLength: 253 }).map((value) => Buffer.from(value));
    const any = fc.array(fc.tuple(fc.nat(255), bytes), { maxLength: 14 });
    fc.assert(
      fc.property(any, (list) => {
        const request = readRequest(
          accountingRequest(list.map(([type, value]) => attribute(type, value))),
          SECRET,
        );
        if (typeof request !== 'string') readAccounting(request);
        else expect(['message-authenticator', 'length']).toContain(request);
      }),
      SEEDED,
    );
  });
});
