import { describe, expect, it } from 'vitest';
import { headerOf } from '../raw-upstream.ts';
import { valuesOf } from './grammar.ts';
import { openStrictRig, recorded, statuses } from './strict-rig.ts';
import { H } from './vectors/vector.ts';

async function refuses(text: string, status: number): Promise<string> {
  const { rig, upstream } = await openStrictRig();
  const client = await rig.client();
  client.send(text);
  const response = await client.response();
  expect(response.status).toBe(status);
  await rig.settle();
  expect(statuses(client)).toHaveLength(1);
  expect(upstream.connections).toBe(0);
  expect(recorded(rig)).toBe(0);
  return response.head;
}

describe('methods that are not forwarded', () => {
  it.each([
    ['TRACE', `TRACE / HTTP/1.1\r\n${H}\r\n`],
    ['TRACE with Max-Forwards', `TRACE / HTTP/1.1\r\n${H}Max-Forwards: 0\r\n\r\n`],
    ['TRACE in absolute form', `TRACE http://forum.example/ HTTP/1.1\r\n${H}\r\n`],
    ['CONNECT', `CONNECT forum.example:443 HTTP/1.1\r\n${H}\r\n`],
    ['CONNECT to an address', `CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n`],
    ['CONNECT with a path', `CONNECT / HTTP/1.1\r\n${H}\r\n`],
    ['CONNECT with what would be its tunnel', `CONNECT a:1 HTTP/1.1\r\n${H}\r\nGET /hidden HTTP/1.1\r\n\r\n`],
  ])('%s: 405, with Allow', async (name, text) => {
    const head = await (name.includes('tunnel') ? refusesTunnel(text) : refuses(text, 405));
    expect(headerOf(head, 'allow')).toMatch(/\bGET\b/);
    expect(headerOf(head, 'allow')).not.toMatch(/TRACE|CONNECT/);
  });

  /** What follows a refused CONNECT is no HTTP for us: nothing of it may be answered or forwarded. */
  async function refusesTunnel(text: string): Promise<string> {
    const { rig, upstream } = await openStrictRig();
    const client = await rig.client();
    client.send(text);
    const { status, head } = await client.response();
    expect(status).toBe(405);
    await client.untilClosed();
    expect(upstream.connections).toBe(0);
    return head;
  }
});

describe('Expect', () => {
  const expecting = (lines: string): string =>
    `POST / HTTP/1.1\r\n${H}${lines}Content-Length: 5\r\n\r\nhello`;

  it.each([
    'Expect: magic\r\n',
    'Expect: 200-ok\r\n',
    'Expect: 100-continue-please\r\n',
    'Expect: 100-continue, magic\r\n',
    'Expect: magic, 100-continue\r\n',
    'Expect: 100-continue\r\nExpect: magic\r\n',
    'Expect: 100-continue=yes\r\n',
    'Expect: 100\r\n',
  ])('%j: 417', async (lines) => {
    await refuses(expecting(lines), 417);
  });

  it.each(['Expect: 100-continue\r\n', 'Expect: 100-CONTINUE\r\n', 'eXPECT: 100-continue\r\n'])(
    '%j passes',
    async (lines) => {
      const { rig, upstream } = await openStrictRig();
      const client = await rig.client();
      client.send(expecting(lines));
      let response = await client.response();
      if (response.status === 100) response = await client.response();
      expect(response.status).toBe(200);
      expect(upstream.messages).toMatchObject([{ bodyLength: 5 }]);
    },
  );
});

describe('Upgrade', () => {
  const settings = 'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n';

  it.each([
    ['h2c as RFC 7540 has it', `Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n${settings}`],
    ['h2c, Connection names only Upgrade', `Connection: Upgrade\r\nUpgrade: h2c\r\n${settings}`],
    ['h2c, Connection names nothing', `Upgrade: h2c\r\n${settings}`],
    [
      'h2c, the settings in a line of Connection',
      `Connection: HTTP2-Settings\r\nUpgrade: h2c\r\n${settings}`,
    ],
    ['h2c in a list', `Connection: Upgrade\r\nUpgrade: foo, h2c\r\n${settings}`],
    ['h2c in odd letters', `cONNECTION: uPGRADE\r\nuPGRADE: H2C\r\n${settings}`],
    ['h2', 'Connection: Upgrade\r\nUpgrade: h2\r\n'],
    ['TLS', 'Connection: Upgrade\r\nUpgrade: TLS/1.3\r\n'],
    ['HTTP/2.0', 'Connection: Upgrade\r\nUpgrade: HTTP/2.0\r\n'],
  ])('%s never reaches the upstream, and is never answered 101', async (_name, lines) => {
    const { rig, upstream } = await openStrictRig();
    const client = await rig.client();
    client.send(`GET /up HTTP/1.1\r\n${H}${lines}\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`);
    expect((await client.response()).status).not.toBe(101);
    await client.untilClosed();
    await rig.settle();
    // The strict upstream alarms at Upgrade, HTTP2-Settings and a Connection that names more than close.
    expect(statuses(client)).not.toContain(101);
    expect(upstream.messages.filter(({ target }) => target !== '/up')).toEqual([]);
  });

  it('h2c with a body: the body is the request’s, never taken for HTTP/2', async () => {
    const { rig, upstream } = await openStrictRig();
    const client = await rig.client();
    client.send(
      `POST /up HTTP/1.1\r\n${H}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n${settings}Content-Length: 5\r\n\r\nhello`,
    );
    const { status } = await client.response();
    expect(status).not.toBe(101);
    if (status === 200) expect(upstream.messages).toMatchObject([{ method: 'POST', bodyLength: 5 }]);
    else expect(upstream.messages).toEqual([]);
  });
});

describe('trailers', () => {
  const FORBIDDEN = [
    'Transfer-Encoding: chunked',
    'Content-Length: 100',
    'Host: evil.example',
    'Authorization: Bearer evil',
    'Cookie: sid=evil',
    'Set-Cookie: sid=evil',
    'Content-Type: text/evil',
    'Content-Encoding: gzip',
    'Content-Range: bytes 0-1/2',
    'Connection: close',
    'Trailer: X',
    'TE: trailers',
    'Upgrade: h2c',
    'Expect: 100-continue',
    'Max-Forwards: 0',
    'Cache-Control: no-cache',
    'X-Forwarded-For: 6.6.6.6',
    'X-Request-Id: evil',
    'X-Shudi-Account: evil',
    'X-IP-Region: evil',
    'Forwarded: for=6.6.6.6',
  ];

  it.each(FORBIDDEN)('%s: never a header of this request or of the next', async (line) => {
    const { rig, upstream } = await openStrictRig();
    const client = await rig.client();
    client.send(
      `POST /1 HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n${line}\r\n\r\nGET /2 HTTP/1.1\r\n${H}\r\n`,
    );
    const { status } = await client.response();
    expect([200, 400]).toContain(status);
    if (status === 400) {
      await client.untilClosed();
      expect(upstream.messages).toEqual([]);
      return;
    }
    expect((await client.response()).status).toBe(200);
    // The strict upstream alarms at such a trailer too.
    expect(upstream.messages.map(({ target, bodyLength }) => [target, bodyLength])).toEqual([
      ['/1', 5],
      ['/2', 0],
    ]);
    const name = line.slice(0, line.indexOf(':')).toLowerCase();
    const value = line.slice(line.indexOf(':') + 2);
    for (const { request } of upstream.messages)
      if (name !== 'transfer-encoding') expect(valuesOf(request.fields, name)).not.toContain(value);
    expect(upstream.messages.map(({ framing }) => framing)).toEqual(['chunked', 'none']);
  });
});
