import { describe, expect, it } from 'vitest';
import { setCookie, cookieValue } from '../../src/gateway/identity/cookies.ts';
import { answering, bytes } from './answers.ts';
import { HEADER_IDENTITY, NOON, openRig } from './harness.ts';
import { headerOf } from './raw-upstream.ts';

const CLAIMS = [
  'X-Shudi-Account',
  'X-Shudi-Event',
  'X_Shudi_Account',
  'x_shudi-event',
  'X-IP-Region',
  'X_IP_Region',
  'X-IP-Region-Label',
  'X-IP-Region2',
  'X.IP.Region',
  'X-Request-Id',
  'X_Request_Id',
  'X-Forwarded-For',
  'X_Forwarded_For',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'X-Forwarded',
  'Forwarded',
  'X-Real-IP',
  'X_Real_IP',
  'X-Client-IP',
  'Client-IP',
  'X-Cluster-Client-IP',
  'True-Client-IP',
  'CF-Connecting-IP',
  'Via',
];

async function upstreamHead(lines: string): Promise<string> {
  const rig = await openRig();
  const client = await rig.client();
  client.get('/', lines);
  await client.response();
  return rig.upstream.last.head;
}

describe('headers to the upstream', () => {
  it.each(CLAIMS)('a client cannot say %s', async (name) => {
    const head = await upstreamHead(`${name}: evil-claim\r\nX-Kept: yes\r\n`);
    expect(head).not.toContain('evil-claim');
    expect(headerOf(head, 'x-kept')).toBe('yes');
  });

  it('says of the client what the gateway knows, each once', async () => {
    const rig = await openRig();
    const client = await rig.client();
    client.get('/', 'X-Forwarded-For: 6.6.6.6\r\n');
    await client.response();
    const { head } = rig.upstream.last;
    expect(headerOf(head, 'x-forwarded-for')).toBe('127.0.0.1');
    expect(headerOf(head, 'x-forwarded-proto')).toBe('http');
    expect(headerOf(head, 'forwarded')).toBe(`for="127.0.0.1:${client.local.port}";proto=http`);
    expect(headerOf(head, 'x-ip-region')).toBe('CN-GD');
    expect(decodeURIComponent(headerOf(head, 'x-ip-region-label') ?? '')).toBe('广东');
    expect(headerOf(head, 'x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each(['X-Request-Id', 'X-IP-Region', 'X-Forwarded-For', 'Forwarded', 'X-IP-Region-Label', 'Host'])(
    'CVE-2026-33805: Connection cannot strip our %s',
    async (name) => {
      const head = await upstreamHead(`Connection: close, ${name}\r\n`);
      expect(headerOf(head, name)).not.toBeNull();
    },
  );

  it('Connection strips what it names, over several lines', async () => {
    const head = await upstreamHead(
      'Connection: X-Hop\r\nX-Hop: 1\r\nConnection: keep-alive , x-skip\r\nX-Skip: 1\r\nX-Kept: 1\r\n',
    );
    expect(head).not.toMatch(/x-hop|x-skip|connection/i);
    expect(headerOf(head, 'x-kept')).toBe('1');
  });

  it('Connection cannot strip what frames the body or names the account: the upstream would read another message', async () => {
    const rig = await openRig();
    const client = await rig.client();
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
    client.send(
      `POST / HTTP/1.1\r\nHost: a\r\nConnection: content-length, cookie, authorization\r\nCookie: sid=1\r\nAuthorization: Bearer x\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
    );
    await client.response();
    await rig.settle();
    expect(rig.upstream.requests.map(({ target }) => target)).toEqual(['/']);
    expect(headerOf(rig.upstream.last.head, 'content-length')).toBe(String(smuggled.length));
    expect(headerOf(rig.upstream.last.head, 'cookie')).toBe('sid=1');
    expect(headerOf(rig.upstream.last.head, 'authorization')).toBe('Bearer x');
  });

  it('hop-by-hop headers stay here', async () => {
    const lines = [
      'Proxy-Authorization: Basic x',
      'Proxy-Connection: keep-alive',
      'TE: trailers',
      'Keep-Alive: 5',
      'Trailer: X-T',
      'HTTP2-Settings: x',
      'Upgrade: h2c',
    ];
    const head = await upstreamHead(`${lines.join('\r\n')}\r\n`);
    expect(head).not.toMatch(/^(?:proxy-|te:|keep-alive|trailer|http2|upgrade)/im);
  });

  it('names keep their case, lines their order and duplicates', async () => {
    const head = await upstreamHead(
      'aCCept: a\r\nX-Dup: 1\r\ncookie: a=1\r\nX-Dup: 2\r\nX-Empty:\r\nX-Latin: \xe9\r\n',
    );
    expect(head).toMatch(
      /^GET \/ HTTP\/1\.1\r\nHost: forum\.example\r\naCCept: a\r\nX-Dup: 1\r\ncookie: a=1\r\nX-Dup: 2\r\nX-Empty: ?\r\nX-Latin: \xe9\r\n/,
    );
  });

  it('strange but valid heads pass as they are: content types, versions, encodings', async () => {
    const rig = await openRig();
    const client = await rig.client();
    client.post(
      '/',
      'Content-Type: ;;;/bad\r\nAccept-Version: 9.x\r\nContent-Encoding: nonsense\r\n',
      '{"not json',
    );
    expect((await client.response()).status).toBe(200);
    expect(headerOf(rig.upstream.last.head, 'content-type')).toBe(';;;/bad');
    expect(headerOf(rig.upstream.last.head, 'accept-version')).toBe('9.x');
    expect(rig.upstream.last.body).toBe('{"not json');
  });
});

describe('headers to the client', () => {
  const announced = 'X-Shudi-Account: anna\r\nx-shudi-event: publish\r\nX-Shudi-Future: 1\r\n';

  it.each(['200 OK', '302 Found', '404 Not Found', '500 Oops'])(
    'X-Shudi-* never reach the client, %s',
    async (status) => {
      for (const identity of [HEADER_IDENTITY, { mode: 'none' } as const]) {
        const rig = await openRig({ identity });
        rig.upstream.answer = answering(`${announced}X-Kept: 1\r\n`, 'ok', status);
        const client = await rig.client();
        client.get('/');
        const { head } = await client.response();
        expect(head).not.toMatch(/shudi/i);
        expect(headerOf(head, 'x-kept')).toBe('1');
      }
    },
  );

  it.each([
    ['304', `HTTP/1.1 304 Not Modified\r\n${announced}ETag: "a"\r\n\r\n`],
    ['204', `HTTP/1.1 204 No Content\r\n${announced}\r\n`],
    [
      '103 and a trailer',
      `HTTP/1.1 103 Early Hints\r\n${announced}Link: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${announced}\r\n`,
    ],
    [
      'a response without anything else',
      'HTTP/1.1 200 OK\r\nConnection: X-Shudi-Account\r\nX-Shudi-Account: anna\r\nContent-Length: 0\r\n\r\n',
    ],
  ])('nor with %s', async (_name, text) => {
    const rig = await openRig();
    rig.upstream.answer = bytes(text);
    const client = await rig.client();
    client.get('/');
    const first = await client.response();
    if (first.status < 200) await client.response();
    expect(client.bytes).not.toMatch(/shudi|anna/i);
  });

  it('hop-by-hop headers of the upstream stay here, with those that its Connection names', async () => {
    const rig = await openRig();
    rig.upstream.answer = answering(
      'Connection: X-Hop, close\r\nX-Hop: 1\r\nKeep-Alive: timeout=999\r\nProxy-Authenticate: Basic\r\nUpgrade: h2c\r\nTrailer: X-T\r\nX-Kept: 1\r\n',
    );
    const client = await rig.client();
    client.get('/');
    const { head } = await client.response();
    expect(head).not.toMatch(/x-hop|999|proxy-auth|upgrade|trailer|close/i);
    expect(headerOf(head, 'x-kept')).toBe('1');
    client.get('/');
    expect((await client.response()).status).toBe(200);
  });

  it('every Set-Cookie stays, names keep their case, lines their order', async () => {
    const rig = await openRig();
    rig.upstream.answer = answering(
      'seT-cookie: a=1; Path=/\r\nX-One: 1\r\nSet-Cookie: b=2\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nX-Latin: \xe9\r\nServer: x\r\n',
    );
    const client = await rig.client();
    client.get('/');
    const { head } = await client.response();
    expect(head).toMatch(
      /^HTTP\/1\.1 200 OK\r\nseT-cookie: a=1; Path=\/\r\nX-One: 1\r\nSet-Cookie: b=2\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nX-Latin: \xe9\r\nServer: x\r\nContent-Length: 2\r\n/,
    );
    expect(head.match(/^date:/gim)).toHaveLength(1);
  });
});

describe('cookies', () => {
  it('reads the first of a name, unquoted; nothing when empty', () => {
    expect(cookieValue('a=1; sid=x; sid=y', 'sid')).toBe('x');
    expect(cookieValue('xsid=1;sid="q"', 'sid')).toBe('q');
    expect(cookieValue('sid=', 'sid')).toBeNull();
    expect(cookieValue('sid', 'sid')).toBeNull();
    expect(cookieValue(undefined, 'sid')).toBeNull();
    expect(cookieValue('sid=a=b==', 'sid')).toBe('a=b==');
  });

  it.each([
    ['sid=x; Max-Age=0', null],
    ['sid=x; Max-Age=-1', null],
    ['sid=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT', null],
    ['sid=', null],
    ['sid=x; Max-Age=60', 'x'],
    ['sid=x; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT', 'x'],
    ['sid=x; Expires=Thu, 01 Jan 2037 00:00:00 GMT; Max-Age=0', null],
    ['sid=x; Expires=nonsense', 'x'],
  ])('Set-Cookie: %s', (line, value) => {
    expect(setCookie(['other=1', line], 'sid', NOON)).toEqual({ value });
  });

  it('the last Set-Cookie of the name counts', () => {
    expect(setCookie(['sid=a', 'sid=b'], 'sid', NOON)).toEqual({ value: 'b' });
    expect(setCookie(['x=a'], 'sid', NOON)).toBeNull();
  });
});
