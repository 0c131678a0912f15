import * as fc from 'fast-check';
import { BlockList, isIPv4 } from 'node:net';
import { describe, expect, it } from 'vitest';
import { addressList, addressLookup } from '../../src/collectors/address-list.ts';
import { canonicalAddress, type IpAddress } from '../../src/model/address.ts';
import { SEEDED } from '../support/seed.ts';

const address = (text: string): IpAddress => canonicalAddress(text) ?? expect.fail(text);

/** Of a few groups only, so that one is often within another. */
const v4 = fc
  .array(fc.constantFrom(0, 1, 127, 128, 255), { minLength: 4, maxLength: 4 })
  .map((parts) => parts.join('.'));
const v6 = fc
  .array(fc.constantFrom('0', '1', '7fff', '8000', 'ffff'), { minLength: 8, maxLength: 8 })
  .map((parts) => parts.join(':'));
const host = fc.oneof(
  v4,
  v6,
  v4.map((text) => `::ffff:${text}`),
  v4.map((text) => `::${text}`),
);
const network = fc
  .tuple(host, fc.nat(128))
  .map(([text, bits]) => `${text}/${isIPv4(text) ? bits % 33 : bits}`);

const family = (text: string): 'ipv4' | 'ipv6' => (isIPv4(text) ? 'ipv4' : 'ipv6');

describe('a list of addresses and CIDRs', () => {
  it('holds what Node says that it holds', () => {
    let held = 0;
    fc.assert(
      fc.property(
        fc.array(fc.oneof(host, network), { maxLength: 6 }),
        fc.array(host, { minLength: 20, maxLength: 20 }),
        (texts, asked) => {
          const blocks = new BlockList();
          for (const text of texts) {
            const [start = '', bits] = text.split('/');
            if (bits === undefined) blocks.addAddress(start, family(start));
            else blocks.addSubnet(start, Number(bits), family(start));
          }
          const holds = addressList(texts);
          for (const text of asked) {
            const own = address(text);
            expect(holds(own), `${text} in ${texts.join(' ')}`).toBe(blocks.check(own, family(own)));
            if (holds(own)) held += 1;
          }
        },
      ),
      { numRuns: 2000, ...SEEDED },
    );
    expect(held).toBeGreaterThan(1000);
  });

  it.each(['', 'cgn', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/-1', '::/129', '10.0.0.0/a', '10.0.0/8'])(
    'refuses what is none: %s',
    (text) => {
      expect(() => addressList(['192.0.2.1', text])).toThrow(RangeError);
    },
  );

  it('finds whose an address is, among ten thousand, in little time also for strangers', () => {
    const lists = Array.from({ length: 1000 }, (_, value) => ({
      value,
      texts: Array.from({ length: 10 }, (_each, at) => `10.${value >> 8}.${value & 255}.${at * 16}/28`),
    }));
    const find = addressLookup(lists);
    expect(
      ['10.0.0.159', '10.0.0.160', '10.3.231.0', '9.255.255.255', '::1'].map((text) => find(address(text))),
    ).toEqual([0, null, 999, null, null]);
    const stranger = address('198.51.100.7');
    const begun = performance.now();
    for (let times = 0; times < 50_000; times += 1) find(stranger);
    // One after the other takes half a minute and more.
    expect(performance.now() - begun).toBeLessThan(5000);
  });
});
