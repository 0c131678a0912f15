import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskedSample, SHOWN_WORDS } from '../../src/collectors/sample.ts';
import { holds, PATIENCE } from '../support/fuzzing.ts';
import { conntrackLine } from './linux/examples.ts';
import { EXAMPLES } from './syslog/examples.ts';

const LINES = [
  ...Object.values(EXAMPLES).flatMap((examples) => examples.map(({ line }) => line)),
  conntrackLine(40_001),
  conntrackLine(40_001, 'DESTROY'),
];

const wordsOf = (text: string): string[] => text.match(/[^\0-/:-@[-`{-\x7f]+/g) ?? [];

/** What stands in a sample for what was masked. */
const MASKS = new Set(['x', '0', '0T0', '0Z']);

const WITHOUT_DIGITS = new Set([...SHOWN_WORDS].map((word) => word.replace(/\d/g, '0')));

const isShown = (word: string): boolean =>
  MASKS.has(word) || WITHOUT_DIGITS.has(word.toLowerCase().replace(/\d/g, '0'));

describe('a masked sample', () => {
  it.each([
    ['a plain user name', 'user=alice logged in', 'user=x x in'],
    ['a name in brackets', '(zhang.san) User alice', '(x.x) User x'],
    ['a Chinese name', '用户 张三 user=李四', 'x x user=x'],
    ['a name of other signs', 'user=zoë\u{1f600} üü', 'user=x x'],
    ['a host name', 'dst=bras-1.example.net', 'dst=x-0.x.x'],
    [
      'an address of Ethernet',
      'src fc:f2:9f:e9:0f:d0, fcf29fe90fd0, fcf2.9fe9.0fd0',
      'src x:x:x:x:x:x, x, x.x.x',
    ],
    ['IPv6 with a tail of IPv4 or a zone', '::ffff:192.0.2.1 fe80::1%eth0', '::x:0.0.0.0 x::0%x'],
    ['hex digits of an address', '2001:db8:dead:beef:fade:cafe:fed:ace', '0:x:x:x:x:x:x:x'],
    ['percent signs', 'user=zhang%20san%E5%BC%A0', 'user=x%x%x%x%x'],
    ['base64', 'user=YWxpY2U= Z+a/b==', 'user=x= x+x/x=='],
    ['a number of a telephone', '13800138000 +86-138', '0 +0-0'],
    ['digits of another script', '\u0661\u0662', 'x'],
    [
      'a time',
      '<14>1 2026-11-26T09:30:00.5+08:00 2026-11-26T01:30:00Z',
      '<0>0 0-0-0T0:0:0.0+0:0 0-0-0T0:0:0Z',
    ],
    ['control characters', 'NAT\u0007\tto\u007f', 'NAT??to?'],
  ])('hides %s', (_name, line, sample) => {
    expect(maskedSample(line)).toBe(sample);
  });

  it('still shows the format of each line', () => {
    const shown = (line: string): string[] => wordsOf(maskedSample(line)).filter((word) => !MASKS.has(word));
    for (const [vendor, examples] of Object.entries(EXAMPLES))
      for (const { line, told } of examples)
        if (told !== 'not-nat') expect(shown(line).length, `${vendor}: ${line}`).toBeGreaterThan(0);
    expect(maskedSample(EXAMPLES['junos']?.[0]?.line ?? '')).toBe(
      '<0>0 0-0-0T0:0:0.0+0:0 x RT_NAT - RT_SRC_NAT_PBA_ALLOC [junos@0.0.0.0.0.0 internal-ip="0.0.0.0" block-used="0" ' +
        'block-port-low="0" block-port-high="0" reflexive-ip="0.0.0.0" nat-pool-name="x" epoch-tim',
    );
    expect(maskedSample(EXAMPLES['asa']?.[0]?.line ?? '')).toBe(
      '<0>x 0 0 0:0:0 x : %ASA-0-0: Built dynamic TCP translation from inside:0.0.0.0/0 to outside:0.0.0.0/0',
    );
    expect(maskedSample(conntrackLine(40_001))).toBe(
      '[0.0]?    [NEW] tcp      0 0 SYN_SENT src=0.0.0.0 dst=0.0.0.0 sport=0 dport=0 [UNREPLIED] src=0.0.0.0 dst=0.0.0.0 ' +
        'sport=0 dport=0 id=0',
    );
  });

  it('is short, and a word that was cut off is no word', () => {
    expect(maskedSample(`${'- '.repeat(498)}user${'name'.repeat(9)}`)).toHaveLength(200);
    // Of the first thousand characters `user` is the last.
    expect(maskedSample(`${'y'.repeat(995)} username`)).toBe('x x');
    expect(maskedSample(`${'y'.repeat(994)} user name`)).toBe('x user ');
    expect(maskedSample('y'.repeat(100_000))).toBe('x');
  });

  it('none of its words could be a group of an address', () => {
    for (const word of SHOWN_WORDS) {
      expect(word).toMatch(/^[a-z][a-z0-9]+$/);
      expect(word).not.toMatch(/^[0-9a-f]+$/);
    }
  });

  const letters = (alphabet: string) =>
    fc.string({ unit: fc.constantFrom(...Array.from(alphabet)), minLength: 1, maxLength: 20 });
  const group = fc.nat(0xffff).map((value) => value.toString(16));
  const name = fc.oneof(
    letters('abcdefghijklmnopqrstuvwxyz'),
    letters('abcXYZ019-_.@\\'),
    letters('0123456789abcdef'),
    letters('张三李四王五éßøж'),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }),
    fc.ipV4(),
    fc.ipV6(),
    fc.domain(),
    fc.emailAddress(),
    fc.base64String({ minLength: 4, maxLength: 24 }),
    letters('张三é').map((text) => encodeURIComponent(text)),
    fc.tuple(group, group, fc.ipV4()).map(([one, two, four]) => `${one}::${two}:${four}`),
    fc.tuple(group, fc.domain()).map(([one, zone]) => `fe80::${one}%${zone}`),
  );

  it('shows nothing of a name or address, whatever it is and wherever it stands', PATIENCE, async () => {
    let hidden = 0;
    await holds(
      fc.asyncProperty(
        fc.constantFrom(...LINES),
        name,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom('', ' ', '"', '=', '(', ':', '\t'),
        (line, secret, place, beside) => {
          const at = Math.floor(place * line.length);
          const sample = maskedSample(`${line.slice(0, at)}${beside}${secret}${beside}${line.slice(at)}`);
          const words = wordsOf(sample);
          // The last one may be cut.
          for (const word of sample.length < 200 ? words : words.slice(0, -1))
            expect(isShown(word), word).toBe(true);
          const telling = wordsOf(secret).filter((word) => !isShown(word) && word.length > 1);
          if (telling.length === 0) return Promise.resolve();
          for (const word of telling) expect(words.slice(0, -1)).not.toContain(word);
          hidden += 1;
          return Promise.resolve();
        },
      ),
      1,
    );
    expect(hidden).toBeGreaterThan(200);
  });
});
