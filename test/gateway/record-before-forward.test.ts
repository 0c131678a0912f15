import { describe, expect, it } from 'vitest';
import { ShudiError } from '../../src/model/errors.ts';
import { canonicalRequestId } from '../../src/model/records.ts';
import { NOON, openRig } from './harness.ts';
import { headerOf, OK } from './raw-upstream.ts';

const full = () => new ShudiError('records.unavailable', 'The disk is full.');

describe('record before forward (R1)', () => {
  it('the upstream sees no byte before the connection and its egress endpoint are durable', async () => {
    const rig = await openRig();
    rig.records.gate.hold();
    const client = await rig.client();
    client.get('/');
    await rig.log.untilSeen('record', 'asked connection+egress');
    await rig.settle();
    expect(rig.upstream.sockets).toHaveLength(1);
    expect(rig.upstream.bytes).toBe('');
    expect(client.bytes).toBe('');
    rig.records.gate.release();
    expect(await client.response()).toMatchObject({ status: 200, body: 'ok' });
    const order = ['connection', 'egress'].map((type) => rig.log.first('record', type));
    expect(Math.min(...order)).toBeGreaterThan(-1);
    expect(Math.max(...order)).toBeLessThan(rig.log.first('upstream', 'bytes'));
  });

  it('an anonymous visitor is an endpoint without a subject; the egress record is the socket that the upstream saw', async () => {
    const rig = await openRig();
    const client = await rig.client();
    client.get('/');
    await client.response();
    expect(rig.records.all('connection')).toMatchObject([
      { client: client.local, peer: client.local, verdict: 'direct', chain: '', own: { port: rig.port } },
    ]);
    expect(rig.records.all('egress')).toMatchObject([
      {
        connection: rig.records.all('connection')[0]?.id,
        local: rig.upstream.sockets[0]?.remote,
        remote: { port: rig.upstream.port },
      },
    ]);
    expect(rig.records.all('binding')).toEqual([]);
  });

  it('later safe requests on the connection wait for nothing and record nothing', async () => {
    const rig = await openRig();
    const client = await rig.client();
    client.get('/1');
    await client.response();
    const before = rig.records.items.length;
    rig.records.gate.hold();
    for (const target of ['/2', '/3']) {
      client.get(target);
      expect((await client.response()).status).toBe(200);
    }
    expect(rig.records.gate.waiting).toBe(0);
    expect(rig.records.items).toHaveLength(before);
    expect(rig.upstream.sockets).toHaveLength(1);
  });

  it('an unsafe request has its id on disk before a byte of it goes out, and the upstream gets that id', async () => {
    const rig = await openRig();
    const client = await rig.client();
    client.get('/');
    await client.response();
    const seen = rig.upstream.bytes.length;
    rig.records.gate.hold();
    client.post('/', 'X-Request-Id: mine\r\n');
    await rig.log.untilSeen('record', 'asked request');
    await rig.settle();
    expect(rig.upstream.bytes).toHaveLength(seen);
    rig.records.gate.release();
    await client.response();
    const [request] = rig.records.all('request');
    expect(canonicalRequestId(request?.request ?? '')).not.toBeNull();
    expect(headerOf(rig.upstream.last.head, 'x-request-id')).toBe(request?.request);
    expect(rig.upstream.last.body).toBe('hello');
  });

  it.each(['PUT', 'PATCH', 'DELETE', 'PROPFIND', 'REPORT'])('%s is unsafe', async (method) => {
    const rig = await openRig();
    const client = await rig.client();
    client.send(`${method} /x HTTP/1.1\r\nHost: a\r\n\r\n`);
    await client.response();
    expect(rig.records.all('request').map((item) => item.request)).toEqual([
      headerOf(rig.upstream.last.head, 'x-request-id'),
    ]);
    expect(rig.log.first('record', 'request')).toBeLessThan(rig.log.first('upstream', 'bytes'));
  });

  it('request ids differ from each other', async () => {
    const rig = await openRig();
    const client = await rig.client();
    for (let round = 0; round < 3; round += 1) {
      client.get('/');
      await client.response();
    }
    expect(new Set(rig.upstream.requests.map(({ head }) => headerOf(head, 'x-request-id'))).size).toBe(3);
  });

  it('when the record cannot be stored: 503 with Retry-After, nothing forwarded, and the next request records anew', async () => {
    const rig = await openRig();
    rig.records.gate.fail(full());
    const client = await rig.client();
    client.get('/');
    const refused = await client.response();
    expect(refused.status).toBe(503);
    expect(headerOf(refused.head, 'retry-after')).toBe('1');
    expect(JSON.parse(refused.body)).toMatchObject({ code: 'records.unavailable' });
    await rig.settle();
    expect(rig.upstream.bytes).toBe('');
    rig.records.gate.heal();
    client.get('/again');
    expect((await client.response()).status).toBe(200);
    expect(rig.records.all('connection')).toHaveLength(1);
    expect(rig.records.all('egress').map((item) => item.local.port)).toEqual([
      rig.upstream.last.connection.remote.port,
    ]);
    expect(rig.upstream.requests.map(({ target }) => target)).toEqual(['/again']);
  });

  it('when the id of an unsafe request cannot be stored: 503, not forwarded', async () => {
    const rig = await openRig();
    const client = await rig.client();
    client.get('/');
    await client.response();
    rig.records.gate.fail(full(), true);
    client.post('/');
    expect((await client.response()).status).toBe(503);
    expect(rig.upstream.requests).toHaveLength(1);
    client.post('/');
    expect((await client.response()).status).toBe(200);
    expect(rig.upstream.requests).toHaveLength(2);
  });

  it('a client that goes while its record is being stored is recorded, and nothing is forwarded', async () => {
    const rig = await openRig();
    rig.records.gate.hold();
    const client = await rig.client();
    client.post('/');
    await rig.log.untilSeen('record', /^asked connection/);
    client.destroy();
    await rig.log.untilSeen('upstream', 'closed');
    rig.records.gate.release();
    await rig.log.untilSeen('record', 'end');
    await rig.settle();
    expect(rig.upstream.bytes).toBe('');
  });

  it('a head that is refused, or that no route serves, leaves no record and opens no upstream connection', async () => {
    const rig = await openRig({ route: { host: 'forum.example' } });
    for (const head of [
      'GET / HTTP/1.1\r\nHost: a b\r\n\r\n',
      'GET / HTTP/9\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: other.example\r\n\r\n',
      'TRACE / HTTP/1.1\r\nHost: forum.example\r\n\r\n',
    ]) {
      const client = await rig.client();
      client.send(head);
      expect((await client.response()).status).toBeGreaterThanOrEqual(400);
      client.destroy();
    }
    const silent = await rig.client();
    silent.destroy();
    await rig.settle();
    expect(rig.log.count('record', /./)).toBe(0);
    expect(rig.upstream.sockets).toHaveLength(0);
  });

  it('every connection of a client is recorded for itself', async () => {
    const rig = await openRig();
    for (let round = 0; round < 3; round += 1) {
      const client = await rig.client();
      client.get('/');
      await client.response();
    }
    expect(rig.records.all('connection').map((item) => item.client.port)).toEqual([
      ...new Set(rig.records.all('connection').map((item) => item.client.port)),
    ]);
    expect(rig.records.all('connection')).toHaveLength(3);
    expect(rig.upstream.sockets).toHaveLength(3);
  });

  it('another upstream connection gets a record of its own before its first byte, the old one its end', async () => {
    const rig = await openRig();
    rig.upstream.answer = (_request, connection) =>
      connection.end(OK.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    const client = await rig.client();
    client.get('/1');
    await client.response();
    await rig.log.untilSeen('record', 'egress-end');
    rig.at((NOON + 5000) as typeof NOON);
    rig.records.gate.hold();
    client.get('/2');
    await rig.log.untilSeen('record', 'asked egress');
    await rig.settle();
    expect(rig.upstream.sockets[1]?.bytes).toBe('');
    rig.records.gate.release();
    await client.response();
    const [one, two] = rig.records.all('egress');
    expect([one?.local.port, two?.local.port]).toEqual(
      rig.upstream.sockets.map((socket) => socket.remote.port),
    );
    expect(two).toMatchObject({ connection: rig.records.all('connection')[0]?.id, from: NOON + 5000 });
    expect(rig.records.all('egress-end')[0]).toMatchObject({
      connection: one?.connection,
      local: one?.local,
      from: one?.from,
      to: NOON,
    });
    expect(rig.records.all('connection')).toHaveLength(1);
  });
});
