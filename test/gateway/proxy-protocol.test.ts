import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ProxyHeaderReader,
  ProxyProtocolError,
  type ProxyHeader,
} from '../../src/gateway/client/proxy-protocol.ts';
import { canonicalAddress } from '../../src/model/address.ts';
import { crc32c } from './crc32c.ts';
import { addresses, block, tlv, withChecksum } from './proxy-header-writer.ts';
import { SEEDED } from '../support/seed.ts';

const MAX = 600;

interface Outcome {
  readonly header: ProxyHeader | null;
  readonly rest: string;
  readonly fault: string | null;
}

/** Feeds the pieces until the header is whole; everything behind it is in `rest`. */
function feed(pieces: readonly Buffer[], max = MAX): Outcome {
  const reader = new ProxyHeaderReader(max);
  let header: ProxyHeader | null = null;
  const rest: Buffer[] = [];
  try {
    for (const piece of pieces) {
      if (header !== null) {
        rest.push(piece);
        continue;
      }
      const read = reader.push(piece);
      if (read === null) continue;
      ({ header } = read);
      rest.push(read.rest);
    }
  } catch (error) {
    if (!(error instanceof ProxyProtocolError)) throw error;
    return { header: null, rest: '', fault: error.fault };
  }
  return { header, rest: Buffer.concat(rest).toString('hex'), fault: null };
}

const bytewise = (bytes: Buffer): Buffer[] => Array.from(bytes, (byte) => Buffer.from([byte]));
const line = (text: string): Buffer => Buffer.from(text, 'latin1');
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

const V4 = addresses(Buffer.from([192, 0, 2, 7]), Buffer.from([198, 51, 100, 1]), 56_324, 443);
const V6_FROM = hex('2001 0db8 0000 0000 0000 0000 0000 0007');
const V6_TO = hex('2001 0db8 0000 0000 0000 0000 0000 0001');
const V6 = addresses(V6_FROM, V6_TO, 56_324, 443);

describe('PROXY protocol, version 1', () => {
  it.each([
    ['PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n', '192.0.2.7', 56_324, '198.51.100.1', 443],
    ['PROXY TCP6 2001:DB8::7 2001:db8:0:0::1 65535 1\r\n', '2001:db8::7', 65_535, '2001:db8::1', 1],
    ['PROXY TCP6 ::ffff:192.0.2.7 ::ffff:198.51.100.1 1 2\r\n', '192.0.2.7', 1, '198.51.100.1', 2],
    ['PROXY TCP4 255.255.255.255 0.0.0.0 0 0\r\n', '255.255.255.255', null, '0.0.0.0', null],
  ])('reads %j', (text, from, fromPort, to, toPort) => {
    for (const pieces of [[line(`${text}GET /`)], bytewise(line(`${text}GET /`))])
      expect(feed(pieces)).toEqual({
        header: {
          command: 'proxy',
          source: { address: from, port: fromPort },
          destination: { address: to, port: toPort },
          chain: text.trimEnd(),
        },
        rest: line('GET /').toString('hex'),
        fault: null,
      });
  });

  it.each([
    ['PROXY UNKNOWN\r\n', 'PROXY UNKNOWN'],
    ['PROXY UNKNOWN ffff::1 ::1 1 2\r\n', 'PROXY UNKNOWN ffff::1 ::1 1 2'],
    ['PROXY UNKNOWN \n\r\0\xff\r\n', 'PROXY UNKNOWN ????'],
  ])('knows no source after %j', (text, chain) => {
    expect(feed([line(text)]).header).toEqual({ command: 'proxy', source: null, destination: null, chain });
  });

  it.each([
    ['GET / HTTP/1.1\r\n', 'signature'],
    ['proxy TCP4 1.2.3.4 1.2.3.4 1 1\r\n', 'signature'],
    ['PROXX', 'signature'],
    [' PROXY', 'signature'],
    ['PROXY TCP5 1.2.3.4 1.2.3.4 1 1\r\n', 'family'],
    ['PROXY tcp4 1.2.3.4 1.2.3.4 1 1\r\n', 'family'],
    ['PROXY  TCP4 1.2.3.4 1.2.3.4 1 1\r\n', 'family'],
    ['PROXY \r\n', 'family'],
    ['PROXY UNKNOWNS\r\n', 'family'],
    ['PROXY TCP4\r\n', 'line'],
    ['PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n', 'line'],
    ['PROXY TCP4 1.2.3.4 1.2.3.4 1 1 \r\n', 'line'],
    ['PROXY TCP4 1.2.3.4 1.2.3.4 1 1 1\r\n', 'line'],
    ['PROXY TCP4 1.2.3.4  1.2.3.4 1 1\r\n', 'line'],
    ['PROXY TCP4  1.2.3.4 1 1\r\n', 'address'],
    ['PROXY TCP4\t1.2.3.4 1.2.3.4 1 1\r\n', 'family'],
    ['PROXY TCP4 ::1 ::1 1 1\r\n', 'address'],
    ['PROXY TCP6 1.2.3.4 1.2.3.4 1 1\r\n', 'address'],
    ['PROXY TCP6 ::1 1.2.3.4 1 1\r\n', 'address'],
    ['PROXY TCP6 fe80::1%eth0 ::1 1 1\r\n', 'address'],
    ['PROXY TCP6 [::1] ::1 1 1\r\n', 'address'],
    ['PROXY TCP4 01.2.3.4 1.2.3.4 1 1\r\n', 'address'],
    ['PROXY TCP4 1.2.3 1.2.3.4 1 1\r\n', 'address'],
    ['PROXY TCP4 1.2.3.4 1.2.3.4 01 1\r\n', 'port'],
    ['PROXY TCP4 1.2.3.4 1.2.3.4 1 00\r\n', 'port'],
    ['PROXY TCP4 1.2.3.4 1.2.3.4 65536 1\r\n', 'port'],
    ['PROXY TCP4 1.2.3.4 1.2.3.4 +1 1\r\n', 'port'],
    ['PROXY TCP4 1.2.3.4 1.2.3.4 1 1\n\r\n', 'port'],
    ['PROXY TCP4 1.2.3.4 1.2.3.4 1 \r\n', 'port'],
    [`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`, 'length'],
    ['PROXY UNKNOWN'.padEnd(107, ' '), 'length'],
  ])('refuses %j: %s', (text, fault) => {
    expect(feed([line(text)]).fault).toBe(fault);
    expect(feed(bytewise(line(text))).fault).toBe(fault);
  });

  it('takes 107 bytes and not one more, whatever the bound for version 2 is', () => {
    const longest = `PROXY UNKNOWN ${'x'.repeat(91)}\r\n`;
    expect(longest).toHaveLength(107);
    expect(feed([line(longest)]).header).not.toBeNull();
    expect(feed([line(longest)], 106).fault).toBe('length');
  });
});

describe('PROXY protocol, version 2', () => {
  it('reads the bytes of an IPv4 header as the specification lays them out', () => {
    const golden = hex('0d0a0d0a 000d0a51 5549540a 21 11 000c c0000207 c6336401 dc04 01bb 474554');
    for (const pieces of [[golden], bytewise(golden)])
      expect(feed(pieces)).toEqual({
        header: {
          command: 'proxy',
          source: { address: '192.0.2.7', port: 56_324 },
          destination: { address: '198.51.100.1', port: 443 },
          chain: 'PROXY/2 TCP4 192.0.2.7 198.51.100.1 56324 443',
        },
        rest: '474554',
        fault: null,
      });
  });

  it('reads the bytes of an IPv6 header', () => {
    const golden = hex(
      `0d0a0d0a 000d0a51 5549540a 21 21 0024 ${V6_FROM.toString('hex')} ${V6_TO.toString('hex')} dc04 01bb`,
    );
    expect(feed([golden]).header).toEqual({
      command: 'proxy',
      source: { address: '2001:db8::7', port: 56_324 },
      destination: { address: '2001:db8::1', port: 443 },
      chain: 'PROXY/2 TCP6 2001:db8::7 2001:db8::1 56324 443',
    });
  });

  it('ignores all that stands in a LOCAL header, and knows no source of UNSPEC and UNIX', () => {
    const none = { source: null, destination: null };
    const local = { command: 'local', ...none, chain: 'PROXY/2 LOCAL' };
    expect(feed([hex('0d0a0d0a000d0a515549540a 20 00 0000')]).header).toEqual(local);
    expect(feed([block(0x20, 0x11, V4)]).header).toEqual(local);
    expect(feed([block(0x20, 0xff, Buffer.from('garbage'))]).header).toEqual(local);
    expect(feed([block(0x21, 0x00, Buffer.alloc(0))]).header).toEqual({
      command: 'proxy',
      ...none,
      chain: 'PROXY/2 UNSPEC',
    });
    expect(feed([block(0x21, 0x31, Buffer.alloc(216))]).header).toEqual({
      command: 'proxy',
      ...none,
      chain: 'PROXY/2 UNIX',
    });
  });

  it('takes a port of 0 as unknown and a mapped address as its IPv4 address', () => {
    const mapped = Buffer.concat([Buffer.alloc(10), hex('ffff c0000207')]);
    const bytes = block(0x21, 0x21, addresses(mapped, V6_TO, 0, 443));
    expect(feed([bytes]).header?.source).toEqual({ address: '192.0.2.7', port: null });
  });

  const noop = tlv({ type: 4, value: Buffer.alloc(9) });
  const ssl = (inner: Buffer): Buffer => tlv({ type: 0x20, value: Buffer.concat([Buffer.alloc(5), inner]) });
  it.each([
    ['a version of 1', block(0x11, 0x11, V4), 'version'],
    ['a version of 3', block(0x31, 0x11, V4), 'version'],
    ['command 2', block(0x22, 0x11, V4), 'command'],
    ['an IPv4 datagram', block(0x21, 0x12, V4), 'transport'],
    ['an IPv6 datagram', block(0x21, 0x22, V6), 'transport'],
    ['a UNIX datagram', block(0x21, 0x32, Buffer.alloc(216)), 'transport'],
    ['a family without a transport', block(0x21, 0x10, V4), 'family'],
    ['an unknown family', block(0x21, 0x41, V4), 'family'],
    ['IPv4 cut short', block(0x21, 0x11, V4.subarray(1)), 'length'],
    ['IPv6 with IPv4 addresses', block(0x21, 0x21, V4), 'length'],
    ['UNIX cut short', block(0x21, 0x31, Buffer.alloc(215)), 'length'],
    ['more than the bound', block(0x21, 0x11, Buffer.alloc(MAX - 15)), 'length'],
    ['a TLV without a length', block(0x21, 0x11, Buffer.concat([V4, Buffer.from([4, 0])])), 'tlv'],
    ['a TLV beyond the end', block(0x21, 0x11, Buffer.concat([V4, noop.subarray(0, -1)])), 'tlv'],
    ['a stray byte after a TLV', block(0x21, 0x11, Buffer.concat([V4, noop, Buffer.from([4])])), 'tlv'],
    ['TLVs of UNSPEC that are none', block(0x21, 0x00, Buffer.from([1])), 'tlv'],
    [
      'an SSL TLV without its head',
      block(0x21, 0x11, Buffer.concat([V4, tlv({ type: 0x20, value: Buffer.alloc(4) })])),
      'tlv',
    ],
    [
      'an SSL TLV with a broken one inside',
      block(0x21, 0x11, Buffer.concat([V4, ssl(noop.subarray(0, -1))])),
      'tlv',
    ],
    [
      'a checksum of 3 bytes',
      block(0x21, 0x11, Buffer.concat([V4, tlv({ type: 3, value: Buffer.alloc(3) })])),
      'tlv',
    ],
    [
      'a wrong checksum',
      block(0x21, 0x11, Buffer.concat([V4, tlv({ type: 3, value: Buffer.alloc(4) })])),
      'checksum',
    ],
  ])('refuses %s', (_, bytes, fault) => {
    expect(feed([bytes]).fault).toBe(fault);
    expect(feed(bytewise(bytes)).fault).toBe(fault);
  });

  it('takes well-formed TLVs, nested ones and a right checksum', () => {
    const right = withChecksum(0x21, 0x11, Buffer.concat([V4, noop, ssl(noop)]));
    expect(feed([right]).header?.source).toEqual({ address: '192.0.2.7', port: 56_324 });
    const twice = Buffer.concat([right.subarray(16), tlv({ type: 3, value: Buffer.alloc(4) })]);
    expect(feed([block(0x21, 0x11, twice)]).fault).not.toBeNull();
  });

  it('has a CRC32C with the known value of "123456789"', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  });

  it('refuses at the first byte that cannot belong to a header, without waiting for more', () => {
    const reader = new ProxyHeaderReader(MAX);
    expect(reader.push(hex('0d0a0d0a000d0a51'))).toBeNull();
    expect(() => reader.push(hex('56'))).toThrow(ProxyProtocolError);
    const early = new ProxyHeaderReader(MAX);
    expect(() => early.push(hex('0d0a0d0a000d0a515549540a 21 11 ffff'))).toThrow(ProxyProtocolError);
  });
});

const octets = (length: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes));
const port = fc.integer({ min: 0, max: 65_535 });
const tlvs = fc
  .array(
    fc.record({
      type: fc.integer({ min: 4, max: 255 }).filter((type) => type !== 0x20),
      value: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    }),
    { maxLength: 4 },
  )
  .map((list) => Buffer.concat(list.map(tlv)));
const wire = fc.oneof(
  fc.tuple(fc.constantFrom(4, 16), fc.boolean()).chain(([size, sum]) =>
    fc.tuple(octets(size), octets(size), port, port, tlvs).map(([from, to, fromPort, toPort, more]) => {
      const content = Buffer.concat([addresses(from, to, fromPort, toPort), more]);
      return (sum ? withChecksum : block)(0x21, size === 4 ? 0x11 : 0x21, content);
    }),
  ),
  fc
    .tuple(fc.ipV4(), fc.ipV4(), port, port)
    .map(([from, to, fromPort, toPort]) => line(`PROXY TCP4 ${from} ${to} ${fromPort} ${toPort}\r\n`)),
  fc
    .tuple(fc.ipV6(), fc.ipV6(), port, port)
    .map(([from, to, fromPort, toPort]) => line(`PROXY TCP6 ${from} ${to} ${fromPort} ${toPort}\r\n`)),
);

/** Cuts bytes at the given places. */
function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index] ?? 0, end));
}

describe('PROXY protocol, any header', () => {
  it('says again what was written, and leaves what follows untouched', () => {
    fc.assert(
      fc.property(octets(16), octets(16), port, port, tlvs, octets(20), (from, to, a, b, more, rest) => {
        const read = feed([
          Buffer.concat([block(0x21, 0x21, Buffer.concat([addresses(from, to, a, b), more])), rest]),
        ]);
        const text = (bytes: Buffer): string => bytes.toString('hex').replace(/(.{4})(?!$)/g, '$1:');
        expect(read.rest).toBe(rest.toString('hex'));
        expect(read.header?.source).toEqual({
          address: canonicalAddress(text(from)),
          port: a === 0 ? null : a,
        });
        expect(read.header?.destination).toEqual({
          address: canonicalAddress(text(to)),
          port: b === 0 ? null : b,
        });
      }),
      SEEDED,
    );
  });

  it('is read alike however it is cut', () => {
    fc.assert(
      fc.property(wire, fc.array(fc.nat(), { maxLength: 6 }), (bytes, cuts) => {
        const whole = Buffer.concat([bytes, Buffer.from('GET / HTTP/1.1\r\n')]);
        const once = feed([whole]);
        expect(once.header).not.toBeNull();
        expect(once.rest).toBe(Buffer.from('GET / HTTP/1.1\r\n').toString('hex'));
        expect(feed(pieces(whole, cuts))).toEqual(once);
        expect(feed(bytewise(whole))).toEqual(once);
      }),
      SEEDED,
    );
  });

  it('with bytes changed or cut off is read alike however it is cut, or refused, and never waits beyond the bound', () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(
        wire,
        fc.array(change, { maxLength: 3 }),
        fc.array(fc.nat(), { maxLength: 4 }),
        (bytes, changes, cuts) => {
          const mutated = Buffer.from(bytes);
          for (const [at, byte] of changes) mutated.writeUInt8(byte, at % mutated.length);
          const once = feed([mutated]);
          expect(feed(pieces(mutated, cuts))).toEqual(once);
          const padded = feed([Buffer.concat([mutated, Buffer.alloc(MAX)])]);
          expect(padded.header !== null || padded.fault !== null).toBe(true);
          expect(once.header?.chain.length ?? 0).toBeLessThanOrEqual(512);
        },
      ),
      { ...SEEDED, numRuns: 1000 },
    );
  });

  it('any change of a byte under a checksum is noticed', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (place, flip) => {
        const bytes = withChecksum(0x21, 0x11, V4);
        const at = 16 + (place % (bytes.length - 16));
        bytes.writeUInt8(bytes.readUInt8(at) ^ flip, at);
        // A changed type of the checksum's TLV makes it another TLV; nothing else can pass.
        if (at !== bytes.length - 7) expect(feed([bytes]).fault).not.toBeNull();
      }),
      SEEDED,
    );
  });
});
