import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKeyedHash, createRememberingHash } from '../../src/accounts/keyed-hash.ts';

const key = fc.uint8Array({ minLength: 1, maxLength: 64 });
const text = fc.string({ unit: 'grapheme', maxLength: 600, size: 'max' });

describe('the keyed hash', () => {
  it('is the HMAC of RFC 2104, for short and long texts, whatever was hashed before', () => {
    fc.assert(
      fc.property(key, fc.array(fc.tuple(text, text), { maxLength: 5 }), (secret, pairs) => {
        const hash = createKeyedHash(secret);
        const remembering = createRememberingHash(secret, 2);
        for (const [scope, name] of [...pairs, ...pairs]) {
          const expected = createHmac('sha256', secret).update(`${scope}\0${name}`).digest('latin1');
          expect(hash(scope, name)).toBe(expected);
          expect(remembering(scope, name)).toBe(expected);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('takes the longest account and cookies of any length', () => {
    const secret = Buffer.alloc(32, 7);
    const hash = createKeyedHash(secret);
    for (const length of [0, 1, 507, 508, 509, 510, 5000]) {
      const name = '界'.repeat(length);
      expect(hash('site', name)).toBe(createHmac('sha256', secret).update(`site\0${name}`).digest('latin1'));
    }
    expect(() => createKeyedHash(Buffer.alloc(65))).toThrow(RangeError);
  });
});
