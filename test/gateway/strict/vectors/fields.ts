import { get, H, vectors } from './vector.ts';

const controls = [0x00, 0x01, 0x07, 0x08, 0x0b, 0x0c, 0x0e, 0x1b, 0x1f, 0x7f];
const hex = (code: number): string => `\\x${code.toString(16).padStart(2, '0')}`;
const separators = ['(', ')', ',', '/', ';', '<', '=', '>', '?', '@', '[', '\\', ']', '{', '}', '"'];

/** Lines that are no field lines (RFC 9112, 2.2, 5 and 5.1; RFC 9110, 5.1 and 5.5). */
export const FIELDS = [
  ...vectors({
    'a bare LF after the request line': `GET / HTTP/1.1\n${H}\r\n`,
    'a bare LF after the Host': 'GET / HTTP/1.1\r\nHost: forum.example\n\r\n',
    'a bare LF between two lines': get('X: 1\nY: 2\r\n'),
    'a bare LF at the end of the head': `GET / HTTP/1.1\r\n${H}\n`,
    'two bare LF at the end of the head': 'GET / HTTP/1.1\r\nHost: forum.example\n\n',
    'bare LF everywhere': 'GET / HTTP/1.1\nHost: forum.example\n\n',
    'LF CR instead of CR LF': get('X: 1\n\rY: 2\r\n'),
    'a bare CR in a value': get('X: a\rb\r\n'),
    'a bare CR before the line end': get('X: a\r\r\n'),
    'a bare CR in a name': get('X\rY: a\r\n'),
    'a bare CR at the end of a name': get('X\r: a\r\n'),
    'a bare CR instead of the line end': get('X: a\rY: b\r\n'),
    'a bare CR before the blank line': `GET / HTTP/1.1\r\n${H}\r\r\n\r\n`,
    'a bare CR after the request line': `GET / HTTP/1.1\r${H}\r\n`,
    'a folded line': get('X: 1\r\n folded\r\n'),
    'a line folded with a tab': get('X: 1\r\n\tfolded\r\n'),
    'a folded line of blanks': get('X: 1\r\n  \r\n'),
    'a folded Host': 'GET / HTTP/1.1\r\nHost:\r\n forum.example\r\n\r\n',
    'a blank before the first name': `GET / HTTP/1.1\r\n ${H}\r\n`,
    'a tab before the first name': `GET / HTTP/1.1\r\n\t${H}\r\n`,
    'a line of blanks before the first name': `GET / HTTP/1.1\r\n \r\n${H}\r\n`,
    'a blank before the colon': get('X : 1\r\n'),
    'a tab before the colon': get('X\t: 1\r\n'),
    'a blank before the colon of the Host': 'GET / HTTP/1.1\r\nHost : forum.example\r\n\r\n',
    'a blank in a name': get('X Y: 1\r\n'),
    'no name': get(': 1\r\n'),
    'a colon only': get(':\r\n'),
    'a blank for a name': get(' : 1\r\n'),
    'no colon': get('nonsense\r\n'),
    'a name beyond ASCII': get('X\xe9: 1\r\n'),
    'a name in UTF-8': get('\xe5\xb9\xbf: 1\r\n'),
    'a DEL in a name': get('X\x7f: 1\r\n'),
    'a NUL in a name': get('X\0: 1\r\n'),
    'a NUL before the head’s end': `GET / HTTP/1.1\r\n${H}\0\r\n\r\n`,
    'a second status line in the head': get('HTTP/1.1 200 OK\r\n'),
    'a second request line in the head': get('GET /hidden HTTP/1.1\r\n'),
    'two Authorization lines': get('Authorization: Bearer a\r\nAuthorization: Bearer b\r\n'),
  }),
  ...vectors(
    Object.fromEntries(
      controls.map((code) => [`${hex(code)} in a value`, get(`X: a${String.fromCharCode(code)}b\r\n`)]),
    ),
  ),
  ...vectors(
    Object.fromEntries(
      controls.map((code) => [`${hex(code)} ends a value`, get(`X: a${String.fromCharCode(code)}\r\n`)]),
    ),
  ),
  ...vectors(Object.fromEntries(separators.map((sign) => [`${sign} in a name`, get(`X${sign}Y: 1\r\n`)]))),
  ...vectors(
    {
      'an underscore in a name': get('X_Y: 1\r\n'),
      'an underscore first': get('_X: 1\r\n'),
      'an underscore in the length’s name': `POST / HTTP/1.1\r\n${H}Content_Length: 5\r\n\r\n`,
      'an underscore in the coding’s name': `POST / HTTP/1.1\r\n${H}Transfer_Encoding: chunked\r\n\r\n`,
    },
    { route: { refuseUnderscores: true } },
  ),
];
