import { describe, expect, it } from 'vitest';
import { answering, bytes } from './answers.ts';
import { openRig } from './harness.ts';
import { headerOf, OK } from './raw-upstream.ts';

const EXPECTING = 'POST /up HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n';

describe('Expect: 100-continue', () => {
  it('the 100 is the upstream’s: it comes after the upstream has the head, once, and the body follows', async () => {
    const rig = await openRig();
    rig.upstream.answer = () => undefined;
    const client = await rig.client();
    client.send(EXPECTING);
    await rig.log.until(() => rig.upstream.requests.length === 1, 'the head');
    await rig.settle();
    expect(client.bytes).toBe('');
    expect(headerOf(rig.upstream.last.head, 'expect')).toBe('100-continue');
    rig.upstream.last.connection.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n');
    expect(await client.response()).toMatchObject({ status: 100 });
    client.send('hello');
    await rig.log.until(() => rig.upstream.last.complete, 'the body');
    expect(rig.upstream.last.body).toBe('hello');
    rig.upstream.last.connection.write(OK);
    expect(await client.response()).toMatchObject({ status: 200, body: 'ok' });
    expect(client.bytes.match(/100 Continue/g)).toHaveLength(1);
    rig.upstream.answer = bytes(OK);
    client.get('/next');
    expect((await client.response()).status).toBe(200);
  });

  it.each(['417 Expectation Failed', '401 Unauthorized', '413 Too Large'])(
    'refused by the upstream (%s): passed on, no body is asked for, the connection ends',
    async (status) => {
      const rig = await openRig();
      rig.upstream.answer = answering('', 'no', status);
      const client = await rig.client();
      client.send(EXPECTING);
      const response = await client.response();
      expect(response).toMatchObject({ status: Number(status.slice(0, 3)), body: 'no' });
      expect(headerOf(response.head, 'connection')).toBe('close');
      await client.untilClosed();
      await rig.log.untilSeen('upstream', 'closed');
      expect(rig.upstream.last.body).toBe('');
    },
  );

  it('a body that the client sends after the refusal is no request', async () => {
    const rig = await openRig();
    rig.upstream.answer = answering('', 'no', '417 Expectation Failed');
    const client = await rig.client();
    const hidden = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n';
    client.send(
      `POST /up HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: ${hidden.length}\r\n\r\n`,
    );
    await client.response();
    client.send(`${hidden}GET /second HTTP/1.1\r\nHost: a\r\n\r\n`);
    await client.untilClosed();
    await rig.settle();
    expect(rig.upstream.requests.map(({ target }) => target)).toEqual(['/up']);
  });

  it('an upstream that never sends 100 gets the body when the client stops waiting', async () => {
    const rig = await openRig();
    rig.upstream.answer = () => undefined;
    const client = await rig.client();
    client.send(EXPECTING);
    await rig.log.until(() => rig.upstream.requests.length === 1, 'the head');
    client.send('hello');
    await rig.log.until(() => rig.upstream.last.complete, 'the body');
    rig.upstream.last.connection.write(OK);
    expect(await client.response()).toMatchObject({ status: 200, body: 'ok' });
    expect(client.bytes).not.toContain('100 Continue');
  });

  it('a client that sent its body at once keeps its order with a 100 before the answer', async () => {
    const rig = await openRig();
    rig.upstream.answer = bytes(`HTTP/1.1 100 Continue\r\n\r\n${OK}`);
    const client = await rig.client();
    client.send(`${EXPECTING}hello`);
    expect((await client.response()).status).toBe(100);
    expect((await client.response()).status).toBe(200);
  });

  it('a 100 that nobody asked for is not passed on', async () => {
    const rig = await openRig();
    rig.upstream.answer = bytes(`HTTP/1.1 100 Continue\r\n\r\n${OK}`);
    const client = await rig.client();
    client.post('/');
    expect((await client.response()).status).toBe(200);
  });

  it('another expectation is refused with 417 and not forwarded', async () => {
    const rig = await openRig();
    const client = await rig.client();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\nContent-Length: 5\r\n\r\nhello');
    expect((await client.response()).status).toBe(417);
    expect(rig.upstream.sockets).toHaveLength(0);
  });

  it('waits for its record as any other request', async () => {
    const rig = await openRig();
    rig.records.gate.hold();
    const client = await rig.client();
    client.send(EXPECTING);
    await rig.log.until(() => rig.records.gate.waiting === 1, 'the record');
    await rig.settle();
    expect(rig.upstream.bytes + client.bytes).toBe('');
    rig.records.gate.release();
    expect((await client.response()).status).toBe(200);
  });
});
