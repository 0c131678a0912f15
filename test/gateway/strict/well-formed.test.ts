import { describe, expect, it } from 'vitest';
import { valuesOf } from './grammar.ts';
import { openStrictRig, recorded } from './strict-rig.ts';
import { sha256 } from './strict-upstream.ts';
import { H } from './vectors/vector.ts';
import { WELL_FORMED } from './vectors/well-formed.ts';

describe('well-formed requests', () => {
  it.each(WELL_FORMED)('$name: forwarded as one message that means the same', async (vector) => {
    const { rig, upstream } = await openStrictRig();
    const client = await rig.client();
    client.send(vector.bytes);
    const response = await client.response(vector.method === 'HEAD');
    expect(response.status).toBe(200);
    await rig.settle();
    const body = vector.body ?? '';
    expect(upstream.messages).toMatchObject([
      {
        message: 1,
        method: vector.method,
        target: vector.target,
        bodyLength: body.length,
        sha256: sha256(body),
      },
    ]);
    const fields = upstream.messages[0]?.request.fields ?? [];
    if (vector.host !== undefined) expect(valuesOf(fields, 'host')).toEqual([vector.host]);
    expect(recorded(rig)).toBeGreaterThan(0);
  });

  it('cut anywhere into two packets they mean the same', async () => {
    const { rig, upstream } = await openStrictRig();
    const client = await rig.client();
    const bytes = `POST /cut HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX: 1\r\n\r\n`;
    for (let at = 1; at < bytes.length; at += 1) {
      client.send(bytes.slice(0, at));
      await new Promise((resolve) => setImmediate(resolve));
      client.send(bytes.slice(at));
      expect((await client.response()).status).toBe(200);
    }
    expect(new Set(upstream.messages.map((message) => message.sha256))).toEqual(new Set([sha256('hello!')]));
    expect(upstream.messages).toHaveLength(bytes.length - 1);
  });

  it('byte by byte they mean the same', async () => {
    const { rig, upstream } = await openStrictRig();
    const client = await rig.client();
    const bytes = `POST /cut HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`;
    for (const byte of bytes) {
      client.send(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await client.response()).status).toBe(200);
    expect(upstream.messages).toMatchObject([{ target: '/cut', sha256: sha256('hello') }]);
  });

  it.each([1, 2, 3, 10, 1000])(
    '%i empty lines before a request are ignored or refused, never counted as a request',
    async (count) => {
      const { rig, upstream } = await openStrictRig();
      const client = await rig.client();
      client.send(`${'\r\n'.repeat(count)}GET /x HTTP/1.1\r\n${H}\r\nGET /y HTTP/1.1\r\n${H}\r\n`);
      const { status } = await client.response();
      expect([200, 400, 431]).toContain(status);
      if (status === 200) {
        expect((await client.response()).status).toBe(200);
        expect(upstream.messages.map(({ target }) => target)).toEqual(['/x', '/y']);
      } else {
        await client.untilClosed();
        await rig.settle();
        expect(upstream.connections).toBe(0);
      }
    },
  );

  it('an empty line between two requests on a connection, as old clients send it behind a body, is ignored', async () => {
    const { rig, upstream } = await openStrictRig();
    const client = await rig.client();
    client.send(`POST /1 HTTP/1.1\r\n${H}Content-Length: 2\r\n\r\nhi\r\nGET /2 HTTP/1.1\r\n${H}\r\n`);
    expect((await client.response()).status).toBe(200);
    expect((await client.response()).status).toBe(200);
    expect(upstream.messages.map(({ target }) => target)).toEqual(['/1', '/2']);
  });

  it('the same header lines again mean what they mean on the new request line', async () => {
    const { rig, upstream } = await openStrictRig();
    const lines = `${H}Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n`;
    const client = await rig.client();
    client.send(`POST /1 HTTP/1.1\r\n${lines}POST http://other.example/2 HTTP/1.1\r\n${lines}`);
    client.send(`OPTIONS * HTTP/1.1\r\n${lines}PUT /4 HTTP/1.1\r\n${lines}POST /5 HTTP/1.0\r\n${lines}`);
    const seen: number[] = [];
    for (let round = 0; round < 5; round += 1) seen.push((await client.response()).status);
    expect(seen).toEqual([200, 200, 200, 200, 400]);
    await client.untilClosed();
    expect(upstream.messages.map(({ method, target }) => `${method} ${target}`)).toEqual([
      'POST /1',
      'POST /2',
      'OPTIONS *',
      'PUT /4',
    ]);
    expect(upstream.messages.map(({ request }) => valuesOf(request.fields, 'host')[0])).toEqual([
      'forum.example',
      'other.example',
      'forum.example',
      'forum.example',
    ]);
  });
});
