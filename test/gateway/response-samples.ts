import * as fc from 'fast-check';

/** What is compared between parsers. */
export interface Parsed {
  readonly interim: readonly number[];
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly string[];
  readonly body: string;
}

const names = fc.constantFrom(
  'X-A',
  'set-cookie',
  'Server',
  "x!#$%&'*+-.^_`|~0",
  'Date',
  'ETag',
  'Vary',
  'Keep-Alive',
);
const values = fc
  .string({ unit: fc.constantFrom(...'abc 019\t"=;,/\xe9\xff~!:'.split('')), maxLength: 12 })
  .map((text) => text.replace(/^[\t ]+|[\t ]+$/g, ''));
const fields = fc
  .array(fc.tuple(names, fc.constantFrom(' ', '', '\t', '  '), values), { maxLength: 4 })
  .map((list) => list.map(([name, blank, value]) => `${name}:${blank}${value}\r\n`).join(''));
const bodies = fc.string({ unit: fc.constantFrom(...'ab\r\n0;:HTP/1. '.split('')), maxLength: 40 });
const reasons = fc.constantFrom('OK', 'Not Found', '', 'Strange thing', 'x\ty');
const statuses = fc.constantFrom(200, 201, 206, 301, 404, 418, 500, 599);
const extensions = fc.constantFrom('', '', ';a', ';a=b', ';a="b"', ';a=b;c=d');

const chunks = fc
  .array(
    fc.tuple(
      bodies.filter((text) => text !== ''),
      extensions,
      fc.boolean(),
    ),
    { maxLength: 4 },
  )
  .map((list) =>
    list
      .map(
        ([text, extension, upper]) =>
          `${upper ? text.length.toString(16).toUpperCase() : text.length.toString(16)}${extension}\r\n${text}\r\n`,
      )
      .join(''),
  );

const framed = fc.oneof(
  bodies.map((body) => ({ line: `Content-Length: ${body.length}\r\n`, body })),
  fc.tuple(chunks, fields).map(([body, trailer]) => ({
    line: 'Transfer-Encoding: chunked\r\n',
    body: `${body}0\r\n${trailer}\r\n`,
  })),
  bodies.map((body) => ({ line: 'Connection: close\r\n', body })),
  bodies.map((body) => ({ line: '', body })),
);
const interims = fc
  .array(
    fc.constantFrom('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', 'HTTP/1.1 102 Processing\r\n\r\n'),
    { maxLength: 2 },
  )
  .map((list) => list.join(''));

/** Valid responses to a GET, as bytes in latin1. */
export const responses = fc
  .tuple(interims, statuses, reasons, fields, framed, fields)
  .map(
    ([interim, status, reason, before, { line, body }, after]) =>
      `${interim}HTTP/1.1 ${status} ${reason}\r\n${before}${line}${after}\r\n${body}`,
  );

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
  ':',
  ';',
  ',',
  '0',
  '1',
  '-',
  '+',
  'x',
  '"',
  '\\',
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.0',
  'Content-Length: 1\r\n',
  'Content-Length: 0, 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip\r\n',
  'Transfer-Encoding:\r\n',
  'Connection: close\r\n',
  'Connection: upgrade\r\nUpgrade: x\r\n',
  'chunked',
  ', chunked',
  '0\r\n\r\n',
  '\r\n\r\n',
  ' folded\r\n',
  '\xe9',
  '1xx',
  '204',
  '304',
  '100',
  '\r\nX : y',
);

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const change = fc.oneof(
  fc.tuple(place, poison).map(
    ([at, text]) =>
      (sample: string) =>
        splice(sample, at, 0, text),
  ),
  fc.tuple(place, fc.integer({ min: 1, max: 4 })).map(
    ([at, count]) =>
      (sample: string) =>
        splice(sample, at, count, ''),
  ),
  fc.tuple(place, poison).map(
    ([at, text]) =>
      (sample: string) =>
        splice(sample, at, 1, text),
  ),
  poison.map((text) => (sample: string) => sample.replace('\r\n', `\r\n${text}`)),
  poison.map(
    (text) => (sample: string) => sample.replace(/(Content-Length|Transfer-Encoding): /, `$1: ${text}`),
  ),
  fc
    .constantFrom('\n', '\r', '\r\r\n', '\n\r')
    .map((text) => (sample: string) => sample.replace('\r\n', text)),
);

function splice(text: string, at: number, count: number, insert: string): string {
  const index = Math.floor(at * text.length);
  return text.slice(0, index) + insert + text.slice(index + count);
}

/** Responses with one or two such changes. */
export const mutations = fc
  .tuple(responses, fc.array(change, { minLength: 1, maxLength: 2 }))
  .map(([sample, changes]) => changes.reduce((text, apply) => apply(text), sample));
