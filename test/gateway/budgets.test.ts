import { describe, expect, it } from 'vitest';
import type { IpAddress, Port } from '../../src/model/address.ts';
import { HEADER_IDENTITY, NOON, openRig, type Rig } from './harness.ts';
import { answering } from './answers.ts';

async function visit(rig: Rig, method = 'GET', lines = ''): Promise<number> {
  const client = await rig.client();
  client.send(`${method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines}\r\n`);
  const { status } = await client.response();
  await client.untilClosed();
  return status;
}

describe('requests of a client and of an account', () => {
  it('beyond the rate: 429 with Retry-After, nothing recorded or forwarded; another client is served', async () => {
    const rig = await openRig({ limits: { requestsPerClient: { burst: 3, perMinute: 1 } } });
    const client = await rig.client();
    const statuses: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      client.get('/');
      const response = await client.response();
      statuses.push(response.status);
      if (response.status === 429) expect(response.head).toMatch(/^retry-after: \d+\r$/im);
    }
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    expect(rig.upstream.requests).toHaveLength(3);
    const other = await rig.client('127.0.0.2');
    other.get('/');
    expect((await other.response()).status).toBe(200);
    expect(rig.gateway.refusals().get('rate')).toBe(2);
  });

  it('an account has a rate of its own, whatever connection it uses', async () => {
    const rig = await openRig({
      identity: HEADER_IDENTITY,
      limits: { requestsPerAccount: { burst: 2, perMinute: 1 } },
    });
    await rig.sessions.bind('forum' as never, 'abc', 'anna' as never, NOON);
    const statuses: number[] = [];
    for (let round = 0; round < 4; round += 1) statuses.push(await visit(rig, 'GET', 'Cookie: sid=abc\r\n'));
    expect(statuses).toEqual([200, 200, 429, 429]);
    expect(await visit(rig)).toBe(200);
  });
});

describe('records of a client (R11)', () => {
  it('beyond its budget its connections share one record without a port, and are served', async () => {
    const rig = await openRig({ limits: { recordsPerClient: { burst: 6, perMinute: 1 } } });
    for (let round = 0; round < 6; round += 1) expect(await visit(rig)).toBe(200);
    const stored = rig.records.all('connection');
    expect(stored.map(({ verdict }) => verdict)).toEqual(['direct', 'direct', 'aggregated']);
    expect(stored[2]).toMatchObject({ client: { address: '127.0.0.1', port: null }, peer: { port: null } });
    // Endpoints of their own would be one more record each: a pooled one serves them all.
    expect(rig.records.all('egress').map(({ connection }) => connection !== null)).toEqual([
      true,
      true,
      false,
    ]);
    expect(rig.gateway.refusals().get('records-aggregated')).toBe(4);
    const found = await rig.records.reader.byClient(
      '127.0.0.1' as IpAddress,
      1 as Port,
      { from: NOON, to: NOON },
      10,
    );
    expect(found.contacts.some(({ verdict }) => verdict === 'aggregated')).toBe(true);
  });

  it('and what would need a record each is refused: an unsafe request', async () => {
    const rig = await openRig({ limits: { recordsPerClient: { burst: 3, perMinute: 1 } } });
    const client = await rig.client();
    client.get('/');
    expect((await client.response()).status).toBe(200);
    client.post('/');
    expect((await client.response()).status).toBe(429);
    expect(rig.records.all('request')).toHaveLength(0);
    expect(rig.upstream.requests).toHaveLength(1);
    expect(rig.gateway.refusals().get('records-refused')).toBe(1);
  });

  it('a log-in over an aggregated record is still bound before its answer', async () => {
    const rig = await openRig({
      identity: HEADER_IDENTITY,
      limits: { recordsPerClient: { burst: 1, perMinute: 1 } },
    });
    rig.upstream.answer = answering('X-Shudi-Account: anna\r\nX-Shudi-Event: login\r\nSet-Cookie: sid=1\r\n');
    expect(await visit(rig)).toBe(200);
    expect(rig.records.all('connection')).toMatchObject([{ verdict: 'aggregated' }]);
    expect(rig.records.all('binding')).toHaveLength(1);
    expect(rig.log.first('record', 'binding')).toBeLessThan(rig.log.first('client', 'bytes'));
  });
});

describe('refusals are records of their own (R12)', () => {
  it('per client prefix, kind and minute; the log has kinds and counts only', async () => {
    const rig = await openRig();
    for (let round = 0; round < 3; round += 1) {
      const client = await rig.client();
      client.send('GET / HTTP/9.9\r\n\r\n');
      await client.untilClosed();
    }
    await rig.gateway.close();
    expect(rig.records.all('refusal')).toEqual([
      { type: 'refusal', listener: 'public', prefix: '127.0.0.1', kind: 'malformed', minute: NOON, count: 3 },
    ]);
    const told = rig.lines.find(({ event }) => event === 'refused');
    expect(told?.fields).toEqual({ malformed: 3 });
    expect(JSON.stringify(rig.lines)).not.toContain('127.0.0.1');
  });
});

describe('pooled egress', () => {
  it('one upstream connection serves many clients, one after the other, and its endpoint is ambiguous', async () => {
    const rig = await openRig({ route: { egress: 'pooled' } });
    const [one, two] = [await rig.client(), await rig.client('127.0.0.2')];
    for (const client of [one, two, one]) {
      client.get('/');
      expect((await client.response()).status).toBe(200);
    }
    expect(rig.upstream.sockets).toHaveLength(1);
    expect(rig.records.all('connection')).toHaveLength(2);
    expect(rig.records.all('egress')).toMatchObject([{ connection: null, listener: null, peer: null }]);
    const remote = rig.upstream.sockets[0]?.remote;
    const found = await rig.records.reader.byEgress(
      remote?.address as IpAddress,
      remote?.port as Port,
      { from: NOON, to: NOON },
      10,
    );
    expect(found).toMatchObject({ shared: true, total: 2 });
  });

  it('one that breaks within an answer breaks for that client only', async () => {
    const rig = await openRig({ route: { egress: 'pooled' } });
    const [one, two] = [await rig.client(), await rig.client()];
    rig.upstream.answer = (_request, connection) =>
      connection.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
    one.get('/');
    await one.untilClosed();
    rig.upstream.answer = answering('');
    two.get('/');
    expect(await two.response()).toMatchObject({ status: 200, body: 'ok' });
    expect(rig.upstream.sockets).toHaveLength(2);
  });

  it('that runs out in the middle of an exchange does not make a shared endpoint of one that has an owner', async () => {
    const rig = await openRig({
      identity: HEADER_IDENTITY,
      listener: { trustedProxies: ['127.0.0.0/8'], forwardedHeader: 'x-forwarded-for' },
      limits: { claimedClients: 1, recordsPerClient: { burst: 4, perMinute: 1 } },
    });
    const claim = (number: number): string => `X-Forwarded-For: 113.66.1.${number}\r\n`;
    const [one, two, three] = [await rig.client(), await rig.client(), await rig.client()];
    rig.upstream.answer = () => undefined;
    one.get('/slow', claim(1));
    await rig.log.until(() => rig.upstream.requests.length === 1, 'the slow request');
    const slow = rig.upstream.last;
    rig.upstream.answer = answering('');
    // Pushes the first one's contact out; the next of that client is beyond its budget.
    two.get('/', claim(2));
    await two.response();
    answering('X-Shudi-Account: anna\r\nX-Shudi-Event: login\r\n')(slow, slow.connection);
    await one.response();
    three.get('/', claim(1));
    await three.response();
    expect(rig.records.all('connection').map(({ verdict }) => verdict)).toContain('aggregated');
    expect(rig.upstream.last.connection).not.toBe(slow.connection);
    expect(slow.connection.closed).toBe(false);
    one.destroy();
    await rig.log.until(() => slow.connection.closed, 'the end of its own endpoint');
  });
});
