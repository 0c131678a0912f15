import * as fc from 'fast-check';

/** Streams of pipelined requests for the property tests, as bytes in latin1. */

const SMUGGLED = [
  'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
  '0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\nX-Nonce: s\r\n\r\n',
  '0\r\n\r\n',
  '\r\n',
  '\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
];

const bodies = fc.oneof(
  fc.constantFrom(...SMUGGLED),
  fc.string({ unit: fc.constantFrom(...'ab\r\n0;:GETHP/1. \0\xff'.split('')), maxLength: 40 }),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
);
const names = fc.constantFrom(
  'X-A',
  'x-b',
  'Accept',
  'X-Content-Length',
  'X-Transfer-Encoding',
  'User-Agent',
);
const values = fc
  .string({ unit: fc.constantFrom(...'abc 019\t"=;,/\xe9\xff~!:'.split('')), maxLength: 12 })
  .map((text) => text.replace(/^[\t ]+|[\t ]+$/g, ''));
const lines = fc
  .array(fc.tuple(names, fc.constantFrom(' ', '', '\t', '  '), values, fc.constantFrom('', ' ')), {
    maxLength: 3,
  })
  .map((list) =>
    list.map(([name, before, value, behind]) => `${name}:${before}${value}${behind}\r\n`).join(''),
  );

const chunked = fc
  .array(fc.tuple(bodies, fc.constantFrom('', '', '', ';a', ';a=b', ';a="b;c"'), fc.boolean()), {
    maxLength: 3,
  })
  .map((list) => {
    const chunks = list
      .filter(([body]) => body !== '')
      .map(([body, extension, upper]) => {
        const size = body.length.toString(16);
        return `${upper ? size.toUpperCase() : size}${extension}\r\n${body}\r\n`;
      });
    return `${chunks.join('')}0\r\n\r\n`;
  });

const framed = fc.oneof(
  fc.constant({ line: '', wire: '' }),
  bodies.map((body) => ({ line: `Content-Length: ${body.length}\r\n`, wire: body })),
  bodies.map((body) => ({ line: `content-length:${body.length} \r\n`, wire: body })),
  chunked.map((wire) => ({ line: 'Transfer-Encoding: chunked\r\n', wire })),
  chunked.map((wire) => ({ line: 'transfer-encoding:Chunked\r\n', wire })),
);
const methods = fc.constantFrom('GET', 'GET', 'POST', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH');

/** One request; it carries its number in its target and in `X-Nonce`. */
const requests = fc.tuple(methods, lines, framed, lines).map(
  ([method, before, { line, wire }, behind]) =>
    (nonce: number): string =>
      `${method} /${nonce} HTTP/1.1\r\nHost: forum.example\r\n${before}${line}X-Nonce: ${nonce}\r\n${behind}\r\n${wire}`,
);

/** One to five well-formed requests, one behind the other. */
export const streams = fc
  .array(requests, { minLength: 1, maxLength: 5 })
  .map((list) => list.map((request, index) => request(index + 1)).join(''));

/** What breaks parsers: pieces that mean something to some of them. */
const poison = fc.constantFrom(
  '\r\n',
  '\n',
  '\r',
  ' ',
  '\t',
  '\0',
  '\x0b',
  '\x7f',
  '\xe9',
  ':',
  ';',
  ',',
  '"',
  '\\',
  '_',
  '#',
  '@',
  '/',
  '0',
  '1',
  '-',
  '+',
  'x',
  'chunked',
  ', chunked',
  'gzip, ',
  '0\r\n\r\n',
  '\r\n\r\n',
  ' folded\r\n',
  '1.0',
  'Content-Length: 1\r\n',
  'Content-Length: 0\r\n',
  'Content-Length: 3, 3\r\n',
  'Content-Length:\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: identity\r\n',
  'Transfer-Encoding:\r\n',
  'Transfer-Encoding : chunked\r\n',
  'Host: b\r\n',
  'Host:\r\n',
  'Connection: close\r\n',
  'Expect: x\r\n',
  'Connection: content-length\r\n',
  'Connection: transfer-encoding\r\n',
  'Connection: upgrade\r\nUpgrade: x\r\n',
  'X : y\r\n',
  'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
);
type Change = (stream: string) => string;
const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

const splice = (text: string, at: number, count: number, insert: string): string => {
  const index = Math.floor(at * text.length);
  return text.slice(0, index) + insert + text.slice(index + count);
};

/** Changes the line that lies at a fraction of the text. */
const line = (at: number, change: (line: string) => string): Change => {
  return (text) => {
    const all = text.split(/(?<=\r\n)/);
    const index = Math.floor(at * all.length);
    return all.map((each, number) => (number === index ? change(each) : each)).join('');
  };
};

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(place, fc.nat(255)).map(
    ([at, code]): Change =>
      (text) =>
        splice(text, at, 1, String.fromCharCode(code)),
  ),
  fc.tuple(place, fc.nat(7)).map(
    ([at, bit]): Change =>
      (text) =>
        splice(text, at, 1, String.fromCharCode(text.charCodeAt(Math.floor(at * text.length)) ^ (1 << bit))),
  ),
  fc.tuple(place, poison).map(
    ([at, piece]): Change =>
      (text) =>
        splice(text, at, 0, piece),
  ),
  fc.tuple(place, poison).map(
    ([at, piece]): Change =>
      (text) =>
        splice(text, at, 1, piece),
  ),
  fc.tuple(place, fc.integer({ min: 1, max: 6 })).map(
    ([at, count]): Change =>
      (text) =>
        splice(text, at, count, ''),
  ),
  place.map((at) => line(at, () => '')),
  place.map((at) => line(at, (each) => each + each)),
  fc.tuple(place, poison).map(([at, piece]) => line(at, (each) => piece + each)),
  fc
    .tuple(place, fc.constantFrom('\n', '\r', '\n\r', '\r\r\n', '\r\n\r\n', '\r\n '))
    .map(([at, end]) => line(at, (each) => each.replace('\r\n', end))),
  fc
    .tuple(place, poison)
    .map(([at, piece]) =>
      line(at, (each) => each.replace(/^([^:]*): ?/, `$1: ${piece.replaceAll('$', '$$$$')}`)),
    ),
  fc
    .tuple(
      fc.constantFrom(/content-length: ?/i, /transfer-encoding: ?/i, /HTTP\/1/, /\r\n0\r\n/, /Host: /),
      poison,
    )
    .map(
      ([where, piece]): Change =>
        (text) =>
          text.replace(where, (found) => found + piece),
    ),
  fc.tuple(fc.constantFrom(/\d+\r\n/, /chunked/i, /GET|POST/, /1\.1/), poison).map(
    ([where, piece]): Change =>
      (text) =>
        text.replace(where, () => piece),
  ),
);

/** Streams with one to three such changes. */
export const mutatedStreams = fc
  .tuple(streams, fc.array(change, { minLength: 1, maxLength: 3 }))
  .map(([stream, changes]) => changes.reduce((text, apply) => apply(text), stream))
  .filter((text) => text !== '');

/** Where a stream is cut into packets, as fractions. */
export const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });

/** Cuts a text at places given as fractions; no piece is empty. */
export function cutAt(text: string, places: readonly number[]): string[] {
  const at = [
    ...new Set([0, ...places.map((fraction) => Math.floor(fraction * text.length)), text.length]),
  ].sort((a, b) => a - b);
  return at.slice(1).map((end, index) => text.slice(at[index] ?? 0, end));
}
