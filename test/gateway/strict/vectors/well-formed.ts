import { H, type WellFormed } from './vector.ts';

const get = (name: string, target: string, seen = target, host?: string): WellFormed => ({
  name,
  bytes: `GET ${target} HTTP/1.1\r\n${H}\r\n`,
  method: 'GET',
  target: seen,
  ...(host === undefined ? {} : { host }),
});

const hosted = (host: string): WellFormed => ({
  name: `Host: ${host}`,
  bytes: `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
  method: 'GET',
  target: '/',
  host,
});

const post = (name: string, lines: string, wire: string, body: string): WellFormed => ({
  name,
  bytes: `POST /up HTTP/1.1\r\n${H}${lines}\r\n${wire}`,
  method: 'POST',
  target: '/up',
  body,
});

const lined = (name: string, lines: string): WellFormed => ({
  name,
  bytes: `GET / HTTP/1.1\r\n${H}${lines}\r\n`,
  method: 'GET',
  target: '/',
});

const method = (name: string): WellFormed => ({
  name: `${name} is a method`,
  bytes: `${name} /x HTTP/1.1\r\n${H}Content-Length: 2\r\n\r\nhi`,
  method: name,
  target: '/x',
  body: 'hi',
});

const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
const ALL_BYTES = Array.from({ length: 256 }, (_none, code) => String.fromCharCode(code)).join('');

/** What must pass, to the letter: a gateway that refuses everything would hold all the other tables. */
export const WELL_FORMED: readonly WellFormed[] = [
  get('a plain target', '/'),
  get('a query', '/a?b=c&d=e'),
  get('an empty query', '/?'),
  get('percent-encoded bytes', '/%E5%B9%BF%00%2F'),
  get('dots and slashes', '/../a/./b//c'),
  get('sub-delimiters', "/!$&'()*+,;=:@-._~"),
  get('a target with an asterisk', '/*'),
  get('a target that looks like another', '/http://other.example/'),
  get('a long target', `/${'a'.repeat(2000)}`),
  get('absolute form', 'http://forum.example/a?b', '/a?b', 'forum.example'),
  get('absolute form with another authority: it counts', 'http://other.example/a', '/a', 'other.example'),
  get('absolute form with a port', 'http://other.example:8080/', '/', 'other.example:8080'),
  get('absolute form with an address', 'http://[2001:db8::1]:8080/', '/', '[2001:db8::1]:8080'),
  get('absolute form without a path', 'http://other.example', '/', 'other.example'),
  get('absolute form with a query only', 'http://other.example?x', '/?x', 'other.example'),
  get('absolute form, scheme in capitals', 'HTTP://other.example/', '/', 'other.example'),
  ...[
    'forum.example',
    'forum.example:80',
    'FORUM.example',
    '127.0.0.1',
    '127.0.0.1:65535',
    'a-b.example.',
  ].map(hosted),
  ...['[::1]', '[2001:db8::1]:8080', '[::ffff:192.0.2.1]', 'xn--jlq.example'].map(hosted),
  { name: 'OPTIONS *', bytes: `OPTIONS * HTTP/1.1\r\n${H}\r\n`, method: 'OPTIONS', target: '*' },
  { name: 'HEAD', bytes: `HEAD / HTTP/1.1\r\n${H}\r\n`, method: 'HEAD', target: '/' },
  ...['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'REPORT', 'MKCOL', 'SEARCH'].map(method),
  { name: 'HTTP/1.0 with a Host', bytes: `GET /x HTTP/1.0\r\n${H}\r\n`, method: 'GET', target: '/x' },
  post('a body of known length', 'Content-Length: 5\r\n', 'hello', 'hello'),
  post('an empty body', 'Content-Length: 0\r\n', '', ''),
  post('no length at all', '', '', ''),
  post('blanks around the length', 'Content-Length:   5  \r\n', 'hello', 'hello'),
  post('no blank before the length', 'Content-Length:5\r\n', 'hello', 'hello'),
  post('a body that is a request', `Content-Length: ${SMUGGLED.length}\r\n`, SMUGGLED, SMUGGLED),
  post('every byte in a body', 'Content-Length: 256\r\n', ALL_BYTES, ALL_BYTES),
  post('chunked', CHUNKED, '5\r\nhello\r\n0\r\n\r\n', 'hello'),
  post('chunked in capitals', 'TRANSFER-ENCODING: CHUNKED\r\n', '5\r\nhello\r\n0\r\n\r\n', 'hello'),
  post('chunked in mixed letters', 'transfer-Encoding: Chunked\r\n', '5\r\nhello\r\n0\r\n\r\n', 'hello'),
  post('blanks around chunked', 'Transfer-Encoding:  chunked \r\n', '5\r\nhello\r\n0\r\n\r\n', 'hello'),
  post('no chunk but the last', CHUNKED, '0\r\n\r\n', ''),
  post('several chunks', CHUNKED, '2\r\nhe\r\n1\r\nl\r\n2\r\nlo\r\n0\r\n\r\n', 'hello'),
  post('a size in small letters', CHUNKED, `a\r\n${'x'.repeat(10)}\r\n0\r\n\r\n`, 'x'.repeat(10)),
  post('a size in capitals', CHUNKED, `A\r\n${'x'.repeat(10)}\r\n0\r\n\r\n`, 'x'.repeat(10)),
  post('an extension', CHUNKED, '5;a\r\nhello\r\n0\r\n\r\n', 'hello'),
  post('an extension with a value', CHUNKED, '5;a=b;c=d\r\nhello\r\n0;e\r\n\r\n', 'hello'),
  post('an extension with a quoted value', CHUNKED, '5;a="b;c"\r\nhello\r\n0\r\n\r\n', 'hello'),
  post(
    'a chunk that is a request',
    CHUNKED,
    `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`,
    SMUGGLED,
  ),
  post('a chunk that is the last one', CHUNKED, '5\r\n0\r\n\r\n\r\n0\r\n\r\n', '0\r\n\r\n'),
  post('line ends in a chunk', CHUNKED, '4\r\n\r\n\r\n\r\n0\r\n\r\n', '\r\n\r\n'),
  post('a trailer', CHUNKED, '5\r\nhello\r\n0\r\nX-Checksum: 1\r\n\r\n', 'hello'),
  post(
    'an announced trailer',
    `Trailer: X-Checksum\r\n${CHUNKED}`,
    '5\r\nhello\r\n0\r\nX-Checksum: 1\r\n\r\n',
    'hello',
  ),
  {
    name: 'a GET with a body',
    bytes: `GET /x HTTP/1.1\r\n${H}Content-Length: 5\r\n\r\nhello`,
    method: 'GET',
    target: '/x',
    body: 'hello',
  },
  lined('no other line', ''),
  lined('an empty value', 'X-Empty:\r\n'),
  lined('a value of blanks', 'X-Empty:   \r\n'),
  lined('tabs around a value', 'X:\t1\t\r\n'),
  lined('a tab inside a value', 'X: a\tb\r\n'),
  lined('bytes beyond ASCII in a value', 'X: \xe9\xff\x80\r\n'),
  lined('colons in a value', 'X: a:b::c\r\n'),
  lined('every letter of a token', "x!#$%&'*+-.^`|~0aZ: 1\r\n"),
  lined('a name of one letter', 'X: 1\r\n'),
  lined('lines given twice', 'X: 1\r\nX: 2\r\n'),
  lined('keep-alive', 'Connection: keep-alive\r\n'),
  lined('close', 'Connection: close\r\n'),
  lined('several Connection lines', 'Connection: keep-alive\r\nConnection: X-Hop\r\nX-Hop: 1\r\n'),
  lined('a Cookie and an Authorization', 'Cookie: a=1; b=2\r\nAuthorization: Bearer x.y.z\r\n'),
  lined('an underscore, where the route says nothing of it', 'X_Y: 1\r\n'),
];
