import { describe, expect, it } from 'vitest';
import { bytes } from './answers.ts';
import { openRig } from './harness.ts';

const CHUNKED =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 1\r\nContent-Length: 9\r\nX-Shudi-Account: anna\r\nSet-Cookie: a=b\r\n\r\n';

describe('trailers (RFC 9110, 6.5)', () => {
  it('of a response reach a client that takes them; never those that speak of framing, accounts or cookies', async () => {
    const rig = await openRig();
    rig.upstream.answer = bytes(CHUNKED);
    const client = await rig.client();
    client.get('/', 'TE: trailers\r\nConnection: TE\r\n');
    await client.untilReceived('0\r\nX-Sum: 1\r\n\r\n');
    expect(client.bytes).not.toMatch(/content-length|anna|set-cookie/i);
  });

  it('are dropped for a client that does not say so, and the connection goes on', async () => {
    const rig = await openRig();
    rig.upstream.answer = bytes(CHUNKED);
    const client = await rig.client();
    for (let round = 0; round < 2; round += 1) {
      client.get('/');
      expect((await client.response()).body).toBe('hi');
    }
    expect(client.bytes).not.toContain('X-Sum');
    expect(rig.upstream.sockets).toHaveLength(1);
  });

  it('of a request reach the web service behind its body, but for those that only the gateway may say', async () => {
    const rig = await openRig();
    const client = await rig.client();
    client.send(
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 1\r\nX-Forwarded-For: 6.6.6.6\r\nHost: evil\r\n\r\n',
    );
    expect((await client.response()).status).toBe(200);
    await rig.log.until(() => rig.upstream.bytes.endsWith('0\r\nX-Sum: 1\r\n\r\n'), 'the trailers');
    expect(rig.upstream.bytes).not.toMatch(/6\.6\.6\.6|evil/);
  });
});
