import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientPrefix } from '../../../src/gateway/guard/client-prefix.ts';
import { canonicalAddress, type IpAddress } from '../../../src/model/address.ts';
import { SEEDED } from '../../support/seed.ts';

const hextets = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('hex')
    .replace(/(.{4})(?!$)/g, '$1:');

describe('client prefix', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
    ['2001:db8:1:2::', '2001:db8:1:2::'],
    ['2001:db8::1', '2001:db8::'],
    ['2001:db8:0:1::5', '2001:db8:0:1::'],
    ['2001:db8::1:2:3:4:5', '2001:db8:0:1::'],
    ['0:0:1::', '0:0:1::'],
    ['::1:2:3:4:5', '0:0:0:1::'],
    ['::1', '::'],
    ['::', '::'],
    ['1::', '1::'],
    ['::192.0.2.1', '::'],
  ])('of %s is %s', (address, prefix) => {
    expect(clientPrefix(address as IpAddress)).toBe(prefix);
  });

  it('is the canonical first address of the /64, of any address', () => {
    // Zeros are frequent, so that `::` lies everywhere.
    const byte = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(byte, { minLength: 16, maxLength: 16 }), (bytes) => {
        const address = canonicalAddress(hextets(Uint8Array.from(bytes)));
        fc.pre(address?.includes(':') === true);
        const first = canonicalAddress(hextets(Uint8Array.from([...bytes.slice(0, 8), ...Buffer.alloc(8)])));
        expect(clientPrefix(address)).toBe(first);
      }),
      { ...SEEDED, numRuns: 2000 },
    );
  });
});
