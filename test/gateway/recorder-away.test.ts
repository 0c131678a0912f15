import { describe, expect, it } from 'vitest';
import { HEADER_IDENTITY, openRig } from './harness.ts';
import { answering } from './answers.ts';

describe('while the recorder is away', () => {
  it('every request is 503, over connections that are recorded already too, and nothing is forwarded', async () => {
    const rig = await openRig();
    const client = await rig.client();
    client.get('/');
    expect((await client.response()).status).toBe(200);
    rig.records.epoch = 0;
    client.get('/');
    const response = await client.response();
    expect(response.status).toBe(503);
    expect(JSON.parse(response.body)).toMatchObject({ code: 'records.unavailable' });
    const fresh = await rig.client();
    fresh.get('/');
    expect((await fresh.response()).status).toBe(503);
    expect(rig.upstream.requests).toHaveLength(1);
    expect(rig.gateway.refusals().get('unavailable')).toBe(2);
  });

  it('when it is back, a connection that lives on is a new contact with a new endpoint, recorded first', async () => {
    const rig = await openRig({ identity: HEADER_IDENTITY });
    const client = await rig.client();
    client.get('/1');
    await client.response();
    rig.records.epoch = 0;
    rig.records.epoch = 2;
    client.get('/2');
    expect((await client.response()).status).toBe(200);
    const [first, second] = rig.records.all('connection');
    expect(second?.id).not.toBe(first?.id);
    expect(second?.client).toEqual(first?.client);
    expect(rig.upstream.sockets).toHaveLength(2);
    expect(rig.records.all('egress').map(({ connection }) => connection)).toEqual([first?.id, second?.id]);
    client.destroy();
    await rig.log.untilSeen('record', 'end');
    expect(rig.records.all('end').map(({ connection }) => connection)).toEqual([second?.id]);
  });

  it('a log-in whose answer comes after that is bound to the new contact', async () => {
    const rig = await openRig({ identity: HEADER_IDENTITY });
    rig.upstream.answer = () => undefined;
    const client = await rig.client();
    client.post('/login');
    await rig.log.until(() => rig.upstream.requests.length === 1, 'the request');
    rig.records.epoch = 2;
    answering('X-Shudi-Account: anna\r\nX-Shudi-Event: login\r\nSet-Cookie: sid=1\r\n')(
      rig.upstream.last,
      rig.upstream.last.connection,
    );
    expect((await client.response()).status).toBe(200);
    const second = rig.records.all('connection')[1];
    expect(second).toBeDefined();
    expect(rig.records.all('binding')).toMatchObject([{ connection: second?.id }]);
    expect(rig.log.first('record', 'binding')).toBeLessThan(rig.log.first('client', 'bytes'));
  });

  it('gone while a log-in is answered: no answer at all, as the web service has acted', async () => {
    const rig = await openRig({ identity: HEADER_IDENTITY });
    rig.upstream.answer = () => undefined;
    const client = await rig.client();
    client.post('/login');
    await rig.log.until(() => rig.upstream.requests.length === 1, 'the request');
    rig.records.epoch = 0;
    rig.upstream.last.connection.write(
      'HTTP/1.1 200 OK\r\nX-Shudi-Account: anna\r\nX-Shudi-Event: login\r\nContent-Length: 2\r\n\r\nok',
    );
    await client.untilClosed();
    expect(client.bytes).toBe('');
  });
});
