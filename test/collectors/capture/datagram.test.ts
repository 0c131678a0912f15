import { describe, expect, it } from 'vitest';
import { datagramIn } from '../../../src/collectors/capture/datagram.ts';

const PAYLOAD = Buffer.from('a datagram');
const UDP = Buffer.concat([Buffer.from([0x13, 0x88, 0x08, 0x07, 0, 8 + PAYLOAD.length, 0, 0]), PAYLOAD]);

/** @param flags  the two bytes of flags and fragment offset */
function ipv4(flags = 0, protocol = 17): Buffer {
  const head = Buffer.from([
    0x45,
    0,
    0,
    20 + UDP.length,
    0,
    0,
    0,
    0,
    64,
    protocol,
    0,
    0,
    10,
    0,
    0,
    1,
    10,
    0,
    0,
    2,
  ]);
  head.writeUInt16BE(flags, 6);
  return Buffer.concat([head, UDP]);
}

const SOURCE6 = Buffer.from('20010db8000000000000000000000001', 'hex');

/** @param before  headers that stand before UDP, and the number of the first */
function ipv6(before = Buffer.alloc(0), next = 17): Buffer {
  const head = Buffer.concat([
    Buffer.from([0x60, 0, 0, 0, 0, before.length + UDP.length, next, 64]),
    SOURCE6,
    SOURCE6,
  ]);
  return Buffer.concat([head, before, UDP]);
}

const raw = (bytes: Buffer) => datagramIn({ atMs: 5, linkType: 101, bytes });

describe('a frame', () => {
  it.each([
    ['IPv4', ipv4(), Buffer.from([10, 0, 0, 1])],
    ['IPv4 that must not be cut', ipv4(0x4000), Buffer.from([10, 0, 0, 1])],
    ['IPv6', ipv6(), SOURCE6],
    ['IPv6 behind hop-by-hop options', ipv6(Buffer.from([17, 0, 0, 0, 0, 0, 0, 0]), 0), SOURCE6],
  ])('of %s gives its datagram', (_name, bytes, source) => {
    expect(raw(bytes)).toEqual({
      atMs: 5,
      source,
      sourcePort: 5000,
      destinationPort: 2055,
      payload: PAYLOAD,
    });
  });

  it.each([
    ['the first fragment of several', ipv4(0x2000), 'fragment'],
    ['a later fragment', ipv4(0x00b9), 'fragment'],
    ['a fragment of IPv6', ipv6(Buffer.alloc(8), 44), 'fragment'],
    ['TCP', ipv4(0, 6), 'not-udp'],
    ['a cut datagram', ipv4().subarray(0, 35), 'cut'],
    ['a cut head', ipv4().subarray(0, 12), 'cut'],
    ['another network', Buffer.alloc(40, 0x10), 'not-ip'],
  ])('of %s gives none', (_name, bytes, fault) => {
    expect(raw(bytes)).toBe(fault);
  });

  it('of another link is left alone, and one behind Linux cooked capture is read', () => {
    expect(datagramIn({ atMs: 0, linkType: 147, bytes: ipv4() })).toBe('link-type');
    const cooked = Buffer.concat([Buffer.alloc(14), Buffer.from([8, 0]), ipv4()]);
    expect(datagramIn({ atMs: 0, linkType: 113, bytes: cooked })).toMatchObject({ payload: PAYLOAD });
    const second = Buffer.concat([Buffer.from([8, 0]), Buffer.alloc(18), ipv4()]);
    expect(datagramIn({ atMs: 0, linkType: 276, bytes: second })).toMatchObject({ payload: PAYLOAD });
  });
});
