import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cookieValue,
  onlyFirstCookie,
  rawCookieValue,
  setCookie,
} from '../../../src/gateway/identity/cookies.ts';
import { SEEDED } from '../../support/seed.ts';

describe('the value of a cookie', () => {
  it.each([
    ['sid=abc', 'abc'],
    ['a=1; sid=abc; b=2', 'abc'],
    ['a=1;sid=abc', 'abc'],
    ['sid = abc ', 'abc'],
    ['sid="abc"', 'abc'],
    ['sid=a=b', 'a=b'],
    ['sid=first; sid=second', 'first'],
    ['sid=; sid=second', null],
    ['sid; sid=abc', 'abc'],
    ['SID=abc', null],
    ['xsid=abc', null],
    ['sid=""', null],
    ['', null],
    [undefined, null],
  ])('in %j is %j', (header, value) => {
    expect(cookieValue(header, 'sid')).toBe(value);
  });

  it('can be had with its quotes', () => {
    expect(rawCookieValue('sid="abc"', 'sid')).toBe('"abc"');
    expect(rawCookieValue('sid=', 'sid')).toBeNull();
  });
});

describe('a header with only the first cookie of a name', () => {
  it.each([
    ['sid=a; sid=b', 'sid=a'],
    ['x=1; sid=a; y=2; sid=b; z=3', 'x=1; sid=a; y=2; z=3'],
    ['sid=a', 'sid=a'],
    ['x=1; y=2', 'x=1; y=2'],
    ['sid; sid=a; sid = b', 'sid=a'],
    ['sid=; sid=b', 'sid='],
    ['sid', ''],
  ])('of %j is %j', (header, kept) => {
    expect(onlyFirstCookie(header, 'sid')).toBe(kept);
  });

  it('has the same value to who takes the first and to who takes the last, and leaves the others alone', () => {
    const part = fc.tuple(
      fc.constantFrom('sid', 'sid ', ' sid', 'x', 'y'),
      fc.constantFrom('', '=', '=a', '= b'),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const header = parts.map(([name, rest]) => `${name}${rest}`).join('; ');
        const kept = onlyFirstCookie(header, 'sid');
        const reversed = kept.split(';').toReversed().join(';');
        expect(cookieValue(kept, 'sid')).toBe(cookieValue(header, 'sid'));
        expect(cookieValue(reversed, 'sid')).toBe(cookieValue(header, 'sid'));
        for (const name of ['x', 'y']) expect(cookieValue(kept, name)).toBe(cookieValue(header, name));
      }),
      SEEDED,
    );
  });
});

describe('Set-Cookie', () => {
  const now = Date.parse('2026-11-20T12:00:00Z');
  it.each([
    [['sid=abc; Path=/'], { value: 'abc' }],
    [['sid=a', 'sid=b'], { value: 'b' }],
    [['other=a'], null],
    [[], null],
    [['sid='], { value: null }],
    [['sid=abc; Max-Age=0'], { value: null }],
    [['sid=abc; Max-Age=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT'], { value: 'abc' }],
    [['sid=abc; Expires=Thu, 01 Jan 1970 00:00:00 GMT; max-age=-5'], { value: null }],
    [['sid=abc; expires=Fri, 20 Nov 2026 12:00:00 GMT'], { value: null }],
    [['sid=abc; expires=Fri, 20 Nov 2026 12:00:01 GMT'], { value: 'abc' }],
  ])('%j does %j', (headers, expected) => {
    expect(setCookie(headers, 'sid', now)).toEqual(expected);
  });
});
