import { describe, expect, it } from 'vitest';
import { openRig, type Rig } from './harness.ts';
import { OK } from './raw-upstream.ts';

const H = 'Host: forum.example\r\n';
const CASES: Readonly<Record<string, string>> = {
  'Content-Length and Transfer-Encoding': `POST / HTTP/1.1\r\n${H}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'Transfer-Encoding and Content-Length': `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
  'chunked twice': `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'chunked, chunked': `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`,
  'gzip, chunked': `POST / HTTP/1.1\r\n${H}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  'chunked, identity': `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
  'Transfer-Encoding: xchunked': `POST / HTTP/1.1\r\n${H}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
  'Transfer-Encoding: "chunked"': `POST / HTTP/1.1\r\n${H}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n`,
  'Transfer-Encoding: \\vchunked': `POST / HTTP/1.1\r\n${H}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`,
  'Transfer-Encoding: identity': `POST / HTTP/1.1\r\n${H}Transfer-Encoding: identity\r\n\r\n`,
  'an empty Transfer-Encoding': `POST / HTTP/1.1\r\n${H}Transfer-Encoding: \r\n\r\n`,
  'an empty Transfer-Encoding and a length': `POST / HTTP/1.1\r\n${H}Transfer-Encoding:\r\nContent-Length: 3\r\n\r\nabc`,
  'Transfer-Encoding with a folded value': `POST / HTTP/1.1\r\n${H}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`,
  'chunked in HTTP/1.0': `POST / HTTP/1.0\r\n${H}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'Content-Length twice, differing': `POST / HTTP/1.1\r\n${H}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`,
  'Content-Length twice, equal': `POST / HTTP/1.1\r\n${H}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`,
  'a list of lengths': `POST / HTTP/1.1\r\n${H}Content-Length: 5, 5\r\n\r\nhello`,
  'a signed length': `POST / HTTP/1.1\r\n${H}Content-Length: +5\r\n\r\nhello`,
  'a negative length': `POST / HTTP/1.1\r\n${H}Content-Length: -5\r\n\r\nhello`,
  'a hexadecimal length': `POST / HTTP/1.1\r\n${H}Content-Length: 0x5\r\n\r\nhello`,
  'an empty length': `POST / HTTP/1.1\r\n${H}Content-Length:\r\n\r\nhello`,
  'a length beyond 2^64': `POST / HTTP/1.1\r\n${H}Content-Length: 99999999999999999999999\r\n\r\nhello`,
  'a length with a blank inside': `POST / HTTP/1.1\r\n${H}Content-Length: 1 5\r\n\r\nhello`,
  'a bare LF after the request line': `GET / HTTP/1.1\n${H}\r\n`,
  'a bare LF after a header': `GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n`,
  'a bare LF at the end': `GET / HTTP/1.1\r\n${H}\n`,
  'a bare CR in a header': `GET / HTTP/1.1\r\n${H}X: a\rTransfer-Encoding: chunked\r\n\r\n`,
  'Host twice': 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
  'Host twice, equal': `GET / HTTP/1.1\r\n${H}${H}\r\n`,
  'no Host': 'GET / HTTP/1.1\r\n\r\n',
  'an empty Host': 'GET / HTTP/1.1\r\nHost:\r\n\r\n',
  'a Host with userinfo': 'GET / HTTP/1.1\r\nHost: user@forum.example\r\n\r\n',
  'a Host with a path': 'GET / HTTP/1.1\r\nHost: forum.example/x\r\n\r\n',
  'a Host with a comma': 'GET / HTTP/1.1\r\nHost: a,b\r\n\r\n',
  'a Host with a blank': 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n',
  'a Host with a query': 'GET / HTTP/1.1\r\nHost: a?b\r\n\r\n',
  'a Host with a fragment': 'GET / HTTP/1.1\r\nHost: a#b\r\n\r\n',
  'a Host with a port that is none': 'GET / HTTP/1.1\r\nHost: a:b\r\n\r\n',
  'a Host in an open bracket': 'GET / HTTP/1.1\r\nHost: [::1\r\n\r\n',
  'a Host beyond ASCII': 'GET / HTTP/1.1\r\nHost: \xe9\r\n\r\n',
  'a bad Host in HTTP/1.0': 'GET / HTTP/1.0\r\nHost: a/b\r\n\r\n',
  'GET *': `GET * HTTP/1.1\r\n${H}\r\n`,
  'a target without a slash': `GET index.html HTTP/1.1\r\n${H}\r\n`,
  'a target of authority form': `GET forum.example:80 HTTP/1.1\r\n${H}\r\n`,
  'a target of another scheme': `GET ftp://a/ HTTP/1.1\r\n${H}\r\n`,
  'absolute form with userinfo': `GET http://u:p@a/ HTTP/1.1\r\n${H}\r\n`,
  'absolute form without a host': `GET http:///x HTTP/1.1\r\n${H}\r\n`,
  'a fragment': `GET /a#b HTTP/1.1\r\n${H}\r\n`,
  'a target beyond ASCII': `GET /\xe9 HTTP/1.1\r\n${H}\r\n`,
  'UTF-8 in the target': `GET /\xe5\xb9\xbf HTTP/1.1\r\n${H}\r\n`,
  'overlong UTF-8 in the target': `GET /\xc0\xae\xc0\xae/ HTTP/1.1\r\n${H}\r\n`,
  'a control character in the target': `GET /\x01 HTTP/1.1\r\n${H}\r\n`,
  'DEL in the target': `GET /\x7f HTTP/1.1\r\n${H}\r\n`,
  'a tab in the request line': `GET\t/ HTTP/1.1\r\n${H}\r\n`,
  'two blanks in the request line': `GET / x HTTP/1.1\r\n${H}\r\n`,
  'a blank before the colon': 'GET / HTTP/1.1\r\nHost : forum.example\r\n\r\n',
  'a tab before the colon': `POST / HTTP/1.1\r\n${H}Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n`,
  'a folded line': `GET / HTTP/1.1\r\n${H}X: 1\r\n folded\r\n\r\n`,
  'a blank before the first header': `GET / HTTP/1.1\r\n ${H}\r\n`,
  'a header without a colon': `GET / HTTP/1.1\r\n${H}nonsense\r\n\r\n`,
  'a header without a name': `GET / HTTP/1.1\r\n${H}: x\r\n\r\n`,
  'a NUL in a header': `GET / HTTP/1.1\r\n${H}X: a\0b\r\n\r\n`,
  'HTTP/1.2': `GET / HTTP/1.2\r\n${H}\r\n`,
  'HTTP/0.9': 'GET /\r\n\r\n',
  'no HTTP at all': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
  'two Authorization headers': `GET / HTTP/1.1\r\n${H}Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n`,
};

async function refused(rig: Rig, text: string): Promise<{ status: number; body: string }> {
  const client = await rig.client();
  client.send(text);
  const response = await client.response();
  expect(response.head).toMatch(/^connection: close\r$/im);
  expect(response.head).toMatch(/^content-type: application\/problem\+json\r$/im);
  await client.untilClosed();
  expect(client.bytes.match(/^HTTP\/1\.1 \d/gm)).toHaveLength(1);
  return response;
}

describe('malformed requests', () => {
  it.each(Object.entries(CASES))(
    '%s: 400, closed, nothing forwarded or recorded, no word about the inside',
    async (_name, text) => {
      const rig = await openRig();
      const { status, body } = await refused(rig, text);
      expect(status).toBe(400);
      expect(JSON.parse(body)).toMatchObject({ status: 400, code: 'gateway.bad-request' });
      expect(body).not.toMatch(/stack|node:|\.ts|HPE_|at \w+ \(/);
      await rig.settle();
      expect(rig.upstream.sockets).toHaveLength(0);
      expect(rig.log.count('record', /./)).toBe(0);
    },
  );

  it.each(Object.entries(CASES).filter(([name]) => !/target|form|GET|fragment|Authorization/.test(name)))(
    '%s: also on the own routes',
    async (_name, text) => {
      const rig = await openRig();
      const { status } = await refused(rig, text.replace(' / ', ' /.shudi/healthz '));
      expect(status).toBe(400);
    },
  );

  it.each([
    ['a bad line', 'HEAD / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
    ['a bad request line', `HEAD /#x HTTP/1.1\r\n${H}\r\n`, 400],
    ['a head that is too long', `HEAD / HTTP/1.1\r\n${H}X: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    ['a head that does not come to its end', `HEAD / HTTP/1.1\r\n${H}`, 408],
  ])('HEAD is refused without a body: %s', async (_name, text, status) => {
    const rig = await openRig({ timeouts: { requestHeadMs: 100, requestMs: 200 } });
    const client = await rig.client();
    client.send(text);
    await client.untilClosed();
    expect(client.bytes).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(client.bytes).toMatch(/\r\ncontent-length: [1-9]\d*\r\n/i);
    expect(client.bytes.endsWith('\r\n\r\n')).toBe(true);
  });

  it('a head that is too long: 431', async () => {
    const rig = await openRig();
    const { status } = await refused(rig, `GET / HTTP/1.1\r\n${H}X: ${'a'.repeat(20_000)}\r\n\r\n`);
    expect(status).toBe(431);
    expect(rig.upstream.sockets).toHaveLength(0);
  });

  it('a head that does not come to its end: 408', async () => {
    const rig = await openRig({ timeouts: { requestHeadMs: 100, requestMs: 200 } });
    const { status } = await refused(rig, `GET / HTTP/1.1\r\n${H}`);
    expect(status).toBe(408);
  });

  it('a body that does not come to its end: 408, the upstream connection ends truncated', async () => {
    const rig = await openRig({ timeouts: { requestHeadMs: 100, requestMs: 200 } });
    rig.upstream.answer = () => undefined;
    const { status } = await refused(
      rig,
      `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n`,
    );
    expect(status).toBe(408);
    await rig.log.untilSeen('upstream', 'closed');
    expect(rig.upstream.bytes).toMatch(/2\r\nhi\r\n$/);
  });

  it.each([
    'zz\r\n',
    '-1\r\n',
    '0x5\r\nhello\r\n',
    '5\nhello\r\n',
    '2\r\nhix\r\n',
    'ffffffffffffffffff\r\n',
    '5;\nx\r\nhello\r\n0\r\n\r\n',
  ])('a broken chunk (%j) ends the exchange, never completes it', async (chunk) => {
    const rig = await openRig();
    rig.upstream.answer = () => undefined;
    const client = await rig.client();
    client.send(`POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n`);
    await rig.log.until(() => rig.upstream.bytes.endsWith('hi\r\n'), 'the good chunk');
    client.send(chunk);
    await client.untilClosed();
    expect(client.bytes).toMatch(/^HTTP\/1\.1 400/);
    await rig.log.untilSeen('upstream', 'closed');
    expect(rig.upstream.last.complete).toBe(false);
  });

  it('valid requests around them are served', async () => {
    const rig = await openRig();
    const client = await rig.client();
    client.send(`POST / HTTP/1.1\r\n${H}transfer-ENCODING: CHUNKED\r\n\r\n2\r\nhi\r\n0\r\n\r\n`);
    expect((await client.response()).body).toBe('ok');
    client.send(`\r\nGET / HTTP/1.1\r\nhOST: [2001:db8::1]:8080\r\n\r\n`);
    expect((await client.response()).body).toBe('ok');
    expect(client.bytes.endsWith(OK.slice(-2))).toBe(true);
  });
});
