import { post, vectors } from './vector.ts';

const chunked = (body: string): string => post('Transfer-Encoding: chunked\r\n', body);

/** A good head, and a chunked body that is none (RFC 9112, 7.1). Each also comes behind one good chunk. */
const BROKEN: Readonly<Record<string, string>> = {
  'an empty size': '\r\nhello\r\n0\r\n\r\n',
  'an extension without a size': ';a=b\r\nhello\r\n0\r\n\r\n',
  'a negative size': '-5\r\nhello\r\n0\r\n\r\n',
  'a plus sign': '+5\r\nhello\r\n0\r\n\r\n',
  '0x': '0x5\r\nhello\r\n0\r\n\r\n',
  'no hexadecimal digit': 'g\r\nhello\r\n0\r\n\r\n',
  'an underscore': '0_5\r\nhello\r\n0\r\n\r\n',
  'a comma': '5,5\r\nhello\r\n0\r\n\r\n',
  'a fraction': '5.0\r\nhello\r\n0\r\n\r\n',
  'in quotes': '"5"\r\nhello\r\n0\r\n\r\n',
  'a blank before the size': ' 5\r\nhello\r\n0\r\n\r\n',
  'a tab before the size': '\t5\r\nhello\r\n0\r\n\r\n',
  'a blank behind the size': '5 \r\nhello\r\n0\r\n\r\n',
  'a tab behind the size': '5\t\r\nhello\r\n0\r\n\r\n',
  'a blank in the size': '0 5\r\nhello\r\n0\r\n\r\n',
  'a vertical tab behind the size': '5\x0b\r\nhello\r\n0\r\n\r\n',
  'a NUL behind the size': '5\0\r\nhello\r\n0\r\n\r\n',
  'a size of 2^64': '10000000000000000\r\nhello\r\n0\r\n\r\n',
  'a size of 2^64 and five': '10000000000000005\r\nhello\r\n0\r\n\r\n',
  'a size of 2^32 times 2^32 and five': '100000000000000000000005\r\nhello\r\n0\r\n\r\n',
  'a size of a thousand zeros and five': `${'0'.repeat(1000)}5\r\nhello\r\n0\r\n\r\n`,
  'a bare LF behind the size': '5\nhello\r\n0\r\n\r\n',
  'a bare CR behind the size': '5\rhello\r\n0\r\n\r\n',
  'two CR behind the size': '5\r\r\nhello\r\n0\r\n\r\n',
  'a bare LF behind the data': '5\r\nhello\n0\r\n\r\n',
  'a bare CR behind the data': '5\r\nhello\r0\r\n\r\n',
  'nothing behind the data': '5\r\nhello0\r\n\r\n',
  'two other bytes behind the data': '5\r\nhelloXX0\r\n\r\n',
  'a byte too much': '4\r\nhello\r\n0\r\n\r\n',
  'a byte too few': '6\r\nhello\r\n0\r\n\r\n',
  'a bare LF behind the last size': '5\r\nhello\r\n0\n\r\n',
  'a bare LF for the last line': '5\r\nhello\r\n0\r\n\n',
  'bare LF for the last lines': '5\r\nhello\r\n0\n\n',
  'a bare LF in an extension': '5;a\nb\r\nhello\r\n0\r\n\r\n',
  'a bare CR in an extension': '5;a\rb\r\nhello\r\n0\r\n\r\n',
  'a NUL in an extension': '5;a\0b\r\nhello\r\n0\r\n\r\n',
  'a control character in an extension': '5;a=\x01\r\nhello\r\n0\r\n\r\n',
  'a bare LF in a quoted extension': '5;a="\n"\r\nhello\r\n0\r\n\r\n',
  'a colon for the semicolon': '5:a\r\nhello\r\n0\r\n\r\n',
  'a trailer without a colon': '5\r\nhello\r\n0\r\nnonsense\r\n\r\n',
  'a trailer with a bare LF': '5\r\nhello\r\n0\r\nX: 1\nY: 2\r\n\r\n',
  'a trailer that ends in a bare LF': '5\r\nhello\r\n0\r\nX: 1\r\n\n',
  'a trailer with a bare CR': '5\r\nhello\r\n0\r\nX: a\rb\r\n\r\n',
  'a trailer with a NUL': '5\r\nhello\r\n0\r\nX: a\0b\r\n\r\n',
  'a folded trailer': '5\r\nhello\r\n0\r\nX: 1\r\n folded\r\n\r\n',
  'a trailer with a blank before the colon': '5\r\nhello\r\n0\r\nX : 1\r\n\r\n',
  'a trailer without a name': '5\r\nhello\r\n0\r\n: 1\r\n\r\n',
  'a trailer whose name is no token': '5\r\nhello\r\n0\r\nX(Y: 1\r\n\r\n',
  'a request for a trailer': '5\r\nhello\r\n0\r\nGET /hidden HTTP/1.1\r\n\r\n',
};

export const CHUNKS = [
  ...vectors(Object.fromEntries(Object.entries(BROKEN).map(([name, body]) => [name, chunked(body)]))),
  ...vectors(
    Object.fromEntries(
      Object.entries(BROKEN).map(([name, body]) => [
        `${name}, behind a good chunk`,
        chunked(`2\r\nhi\r\n${body}`),
      ]),
    ),
  ),
  ...vectors({ 'a size of 2^53': chunked('20000000000000\r\nhello\r\n0\r\n\r\n') }, { status: [400, 413] }),
  ...vectors(
    {
      'a very long extension': chunked(`5;${'a'.repeat(40_000)}\r\nhello\r\n0\r\n\r\n`),
      'a long extension on each of many chunks': chunked(
        `${`1;${'a'.repeat(4000)}\r\nx\r\n`.repeat(100)}0\r\n\r\n`,
      ),
      'a very long quoted extension': chunked(`5;a="${'\\"'.repeat(20_000)}"\r\nhello\r\n0\r\n\r\n`),
      'very long trailers': chunked(`5\r\nhello\r\n0\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`),
      'very many trailers': chunked(`5\r\nhello\r\n0\r\n${'X: y\r\n'.repeat(10_000)}\r\n`),
    },
    { status: [400, 413, 431] },
  ),
];
