import { post, vectors } from './vector.ts';

const length = (text: string): string => post(`Content-Length: ${text}\r\n`, 'hello');
const lines = (...all: string[]): string => post(`${all.join('\r\n')}\r\n`, 'hello');

/** A length that is not one decimal number given once (RFC 9112, 6.3; RFC 9110, 8.6). */
const MALFORMED = vectors({
  'twice, equal': lines('Content-Length: 5', 'Content-Length: 5'),
  'twice, differing': lines('Content-Length: 5', 'Content-Length: 6'),
  'twice, zero first': lines('Content-Length: 0', 'Content-Length: 5'),
  'twice, zero last': lines('Content-Length: 5', 'Content-Length: 0'),
  'twice, one empty': lines('Content-Length: 5', 'Content-Length:'),
  'twice, apart': lines('Content-Length: 5', 'X: 1', 'Content-Length: 5'),
  'CVE-2026-1525: twice in odd letters': lines('Content-Length: 5', 'content-length: 0'),
  'CVE-2026-1525: twice in odd letters, equal': lines('CONTENT-LENGTH: 5', 'content-length: 5'),
  'three times': lines('Content-Length: 5', 'Content-Length: 5', 'Content-Length: 5'),
  'a list, equal': length('5, 5'),
  'a list without a blank': length('5,5'),
  'a list, differing': length('5, 6'),
  'a comma behind': length('5,'),
  'a comma before': length(',5'),
  'a plus sign': length('+5'),
  'a minus sign': length('-5'),
  'minus zero': length('-0'),
  hexadecimal: length('0x5'),
  octal: length('0o5'),
  'a hexadecimal digit': length('5a'),
  'a fraction': length('5.0'),
  'an exponent': length('5e0'),
  'an underscore': length('1_0'),
  'in quotes': length('"5"'),
  'a semicolon behind': length('5;'),
  'two numbers': length('5 5'),
  'a blank inside': length('1 5'),
  'a tab inside': length('1\t5'),
  'a vertical tab before': length('\x0b5'),
  'a form feed behind': length('5\x0c'),
  'a NUL behind': length('5\0'),
  'a no-break space before': length('\xa05'),
  'digits of another script': length('\xd9\xa5'),
  empty: length(''),
  'only blanks': length('   '),
  'a word': length('five'),
  '2^64 and five': length('18446744073709551621'),
  'twenty digits': length('99999999999999999999'),
  'twenty-three digits': length('00000000000000000000005x'),
  'a blank before the colon': lines('Content-Length : 5'),
  'a tab before the colon': lines('Content-Length\t: 5'),
  folded: lines('Content-Length:', ' 5'),
  'a folded second number': lines('Content-Length: 5', ' 0'),
  'hidden behind a bare CR': lines('X: 1\rContent-Length: 5'),
  'hidden behind a bare LF': lines('X: 1\nContent-Length: 5'),
  'a blank before the name': lines('X: 1', ' Content-Length: 5'),
});

/** A number that no body can have: refused as malformed, or as too large. */
const HUGE = vectors({ '2^53': length('9007199254740992') }, { status: [400, 413] });

export const CONTENT_LENGTH = [...MALFORMED, ...HUGE];
