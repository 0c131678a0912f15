import { describe, expect, it } from 'vitest';
import { membersOf, valuesOf } from './grammar.ts';
import { openStrictRig, statuses } from './strict-rig.ts';
import { sha256 } from './strict-upstream.ts';
import { H } from './vectors/vector.ts';

const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
const CREDENTIALS = 'Cookie: sid=1\r\nAuthorization: Bearer x\r\n';
const OURS = [
  'host',
  'x-request-id',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-ip-region',
  'x-ip-region-label',
];

/** How a client may write a list of one name (RFC 9110, 5.6.1 and 7.6.1). */
const LISTS: readonly ((name: string) => string)[] = [
  (name) => `Connection: ${name}\r\n`,
  (name) => `Connection: close, ${name}\r\n`,
  (name) => `Connection: keep-alive,${name.toUpperCase()}\r\n`,
  (name) => `Connection: ,, \t${name.toLowerCase()} ,\r\n`,
  (name) => `Connection: keep-alive\r\nConnection: ${name}\r\n`,
];

const NAMES = [
  'Content-Length',
  'Transfer-Encoding',
  'Cookie',
  'Authorization',
  'Host',
  'X-Request-Id',
  'X-Forwarded-For',
  'X-Forwarded-Proto',
  'X-Forwarded-Host',
  'Forwarded',
  'X-IP-Region',
  'X-IP-Region-Label',
  'Via',
  'Expect',
  'Connection',
];

describe('CVE-2026-33805: what Connection names', () => {
  const cases = NAMES.flatMap((name) => LISTS.map((list) => [list(name)] as const));

  it.each(cases)(
    '%j: a body of known length stays one, and nothing that the gateway adds is lost',
    async (line) => {
      const { rig, upstream } = await openStrictRig();
      const client = await rig.client();
      client.send(
        `POST /up HTTP/1.1\r\n${H}${line}${CREDENTIALS}Content-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`,
      );
      expect((await client.response()).status).toBe(200);
      await rig.settle();
      expect(statuses(client)).toEqual([200]);
      expect(upstream.messages).toMatchObject([
        { target: '/up', framing: 'length', sha256: sha256(SMUGGLED) },
      ]);
      const fields = upstream.messages[0]?.request.fields ?? [];
      for (const name of OURS)
        expect([name, valuesOf(fields, name)]).toEqual([name, [expect.stringMatching(/./)]]);
      expect(valuesOf(fields, 'host')).toEqual(['forum.example']);
      expect(valuesOf(fields, 'x-forwarded-for')).toEqual(['127.0.0.1']);
      expect(valuesOf(fields, 'cookie')).toEqual(['sid=1']);
      expect(valuesOf(fields, 'authorization')).toEqual(['Bearer x']);
    },
  );

  it.each(cases)('%j: a chunked body stays one', async (line) => {
    const { rig, upstream } = await openStrictRig();
    const client = await rig.client();
    client.send(
      `POST /up HTTP/1.1\r\n${H}${line}Transfer-Encoding: chunked\r\n\r\n${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`,
    );
    expect((await client.response()).status).toBe(200);
    await rig.settle();
    expect(statuses(client)).toEqual([200]);
    expect(upstream.messages).toMatchObject([
      { target: '/up', framing: 'chunked', sha256: sha256(SMUGGLED) },
    ]);
  });

  it('only what a client may take back is taken out', async () => {
    const { rig, upstream } = await openStrictRig();
    const client = await rig.client();
    client.send(`GET / HTTP/1.1\r\n${H}Connection: X-Hop, X-Request-Id\r\nX-Hop: 1\r\nX-Kept: 1\r\n\r\n`);
    expect((await client.response()).status).toBe(200);
    const fields = upstream.messages[0]?.request.fields ?? [];
    expect(valuesOf(fields, 'x-hop')).toEqual([]);
    expect(valuesOf(fields, 'x-kept')).toEqual(['1']);
    expect(membersOf(fields, 'connection')).not.toContain('x-hop');
  });
});

describe('CVE-2026-3635: what a peer says of itself', () => {
  const CLAIMS = [
    'X-Forwarded-Host: evil.example',
    'X-Forwarded-Proto: evil',
    'X-Forwarded-Port: 6666',
    'X-Forwarded-Server: evil.example',
    'X-Forwarded-Prefix: /evil',
    'X-Forwarded-For: 6.6.6.6',
    'X-Forwarded-Ssl: evil',
    'x_forwarded_host: evil.example',
    'X_Forwarded_Proto: evil',
    'Forwarded: for=6.6.6.6;host=evil.example;proto=evil',
    'X-Real-IP: 6.6.6.6',
    'X-Request-Id: evil',
  ];
  const EVIL = /evil|6\.6\.6\.6|6666/;

  it.each([
    ['no proxy is trusted', [], '127.0.0.1'],
    ['another peer is trusted', ['127.0.0.1/32'], '127.0.0.2'],
  ])('never passes when %s', async (_name, trustedProxies, localAddress) => {
    const { rig, upstream } = await openStrictRig({ listener: { trustedProxies } });
    const client = await rig.client(localAddress);
    for (const claim of CLAIMS) {
      client.send(`GET / HTTP/1.1\r\n${H}${claim}\r\n\r\n`);
      expect((await client.response()).status).toBe(200);
      const fields = upstream.messages.at(-1)?.request.fields ?? [];
      expect(fields.filter(([, value]) => EVIL.test(value))).toEqual([]);
      expect(valuesOf(fields, 'x-forwarded-for')).toEqual([localAddress]);
      expect(valuesOf(fields, 'x-forwarded-proto')).toEqual(['http']);
    }
    expect(rig.records.all('connection')).toMatchObject([
      { client: { address: localAddress }, verdict: 'direct' },
    ]);
  });

  it('a trusted proxy tells the client’s address, and nothing of host or scheme', async () => {
    const { rig, upstream } = await openStrictRig({ listener: { trustedProxies: ['127.0.0.1/32'] } });
    const client = await rig.client();
    client.send(
      `GET / HTTP/1.1\r\n${H}X-Forwarded-For: 8.8.8.8\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: evil\r\n\r\n`,
    );
    expect((await client.response()).status).toBe(200);
    const fields = upstream.messages[0]?.request.fields ?? [];
    expect(fields.filter(([, value]) => EVIL.test(value))).toEqual([]);
    expect(valuesOf(fields, 'x-forwarded-for')).toEqual(['8.8.8.8']);
    expect(valuesOf(fields, 'host')).toEqual(['forum.example']);
  });
});

describe('CVE-2026-1525: lengths that two parsers read in two ways', () => {
  it.each([
    `Content-Length: 0\r\ncontent-length: ${SMUGGLED.length}\r\n`,
    `Content-Length: ${SMUGGLED.length}\r\nCONTENT-LENGTH: 0\r\n`,
    `content-length: ${SMUGGLED.length}\r\nContent-length: ${SMUGGLED.length}\r\n`,
  ])('%j: refused, nothing of it or behind it forwarded', async (lines) => {
    const { rig, upstream } = await openStrictRig();
    const client = await rig.client();
    client.send(`POST / HTTP/1.1\r\n${H}${lines}\r\n${SMUGGLED}`);
    expect((await client.response()).status).toBe(400);
    await client.untilClosed();
    await rig.settle();
    expect(statuses(client)).toEqual([400]);
    expect(upstream.connections).toBe(0);
  });

  it('a length in odd letters is the one length that the upstream gets', async () => {
    const { rig, upstream } = await openStrictRig();
    const client = await rig.client();
    client.send(`POST / HTTP/1.1\r\n${H}cOnTeNt-LeNgTh: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`);
    expect((await client.response()).status).toBe(200);
    expect(upstream.messages).toMatchObject([{ framing: 'length', sha256: sha256(SMUGGLED) }]);
  });
});
