import { describe, expect, it } from 'vitest';
import type { AccountId } from '../../src/model/accounts.ts';
import { ShudiError } from '../../src/model/errors.ts';
import { FORUM, HEADER_IDENTITY, NOON, openRig, type Rig } from './harness.ts';
import type { Gate } from './gate.ts';
import { answering } from './answers.ts';
import { headerOf } from './raw-upstream.ts';

const LOGIN = answering(
  'X-Shudi-Account: anna\r\nX-Shudi-Event: login\r\nSet-Cookie: sid=one; HttpOnly\r\n',
  'welcome',
);
const subjectOf = (rig: Rig, account: string) => rig.subjects.get(FORUM, account, NOON);

describe('bind before answer (R1)', () => {
  const GATES: readonly (readonly [string, (rig: Rig) => Gate])[] = [
    ['subject', (rig) => rig.subjects.gate],
    ['binding and session', (rig) => rig.records.gate],
    ['cookie mapping', (rig) => rig.sessions.gate],
  ];

  it.each(GATES)('a login: no byte reaches the client before its %s is durable', async (_name, gateOf) => {
    const rig = await openRig({ identity: HEADER_IDENTITY });
    const client = await rig.client();
    client.get('/');
    await client.response();
    const before = client.received;
    const gate = gateOf(rig);
    rig.upstream.answer = (request, connection) => {
      gate.hold();
      LOGIN(request, connection);
    };
    client.get('/login');
    await rig.log.until(() => gate.waiting > 0 || client.received > before, 'the storing of the login');
    await rig.settle();
    expect(client.received).toBe(before);
    gate.release();
    const response = await client.response();
    expect(response).toMatchObject({ status: 200, body: 'welcome' });
    expect(headerOf(response.head, 'set-cookie')).toBe('sid=one; HttpOnly');
    const clientBytes = rig.log.events.findLastIndex((event) => event.source === 'client');
    for (const [source, what] of [
      ['vault', 'subject anna'],
      ['record', 'binding'],
      ['record', 'session'],
      ['vault', 'bind one anna'],
    ] as const) {
      expect(rig.log.first(source, what)).toBeGreaterThan(-1);
      expect(rig.log.first(source, what)).toBeLessThan(clientBytes);
    }
    expect(rig.records.all('binding')).toMatchObject([
      { site: FORUM, subject: subjectOf(rig, 'anna'), learned: 'header', sessionSince: NOON },
    ]);
    expect(rig.records.all('session')).toMatchObject([
      {
        event: 'login',
        subject: subjectOf(rig, 'anna'),
        request: headerOf(rig.upstream.last.head, 'x-request-id'),
      },
    ]);
    expect(rig.sessions.stored.get('forum one')).toEqual({ account: 'anna', since: NOON });
  });

  it.each(GATES)(
    'a login whose %s cannot be stored closes the connection without a byte, never with 503',
    async (_name, gateOf) => {
      const rig = await openRig({ identity: HEADER_IDENTITY });
      const client = await rig.client();
      client.get('/');
      await client.response();
      const before = client.received;
      rig.upstream.answer = LOGIN;
      gateOf(rig).fail(new ShudiError('vault.unavailable', 'The disk is full.'));
      client.get('/login');
      await client.untilClosed();
      expect(client.received).toBe(before);
      expect(rig.lines).toEqual([
        { level: 'error', event: 'response.withheld', fields: { reason: 'vault.unavailable' } },
      ]);
    },
  );

  it('a long held response keeps its order, and its body streams on after it', async () => {
    const rig = await openRig({ identity: HEADER_IDENTITY });
    const body = 'x'.repeat(300_000);
    rig.upstream.answer = answering('X-Shudi-Account: anna\r\n', body);
    rig.sessions.gate.hold();
    const client = await rig.client();
    client.get('/', 'Cookie: sid=old\r\n');
    await rig.log.until(() => rig.sessions.gate.waiting > 0, 'the binding');
    await rig.settle();
    expect(client.bytes).toBe('');
    rig.sessions.gate.release();
    expect((await client.response()).body).toBe(body);
  });

  it('a held response that the upstream truncates stays truncated', async () => {
    const rig = await openRig({ identity: HEADER_IDENTITY });
    rig.upstream.answer = (_request, connection) =>
      connection.end('HTTP/1.1 200 OK\r\nX-Shudi-Account: anna\r\nContent-Length: 10\r\n\r\nhalf');
    rig.sessions.gate.hold();
    const client = await rig.client();
    client.get('/', 'Cookie: sid=old\r\n');
    await rig.log.until(() => rig.sessions.gate.waiting > 0, 'the binding');
    await rig.settle();
    rig.sessions.gate.release();
    await client.untilClosed();
    expect(client.bytes).not.toContain('HTTP/1.1 5');
    expect(client.bytes.split('\r\n\r\n')[1] ?? '').not.toMatch(/^half.{6}/s);
  });

  it('a known session is bound before its request is forwarded', async () => {
    const rig = await openRig({ identity: HEADER_IDENTITY });
    rig.sessions.stored.set('forum one', {
      account: 'anna' as AccountId,
      since: (NOON - 60_000) as typeof NOON,
    });
    rig.records.gate.hold();
    const client = await rig.client();
    client.get('/', 'Cookie: a=b; sid=one\r\n');
    await rig.log.untilSeen('record', 'asked connection+binding+egress');
    await rig.settle();
    expect(rig.upstream.bytes).toBe('');
    rig.records.gate.release();
    await client.response();
    expect(rig.log.first('record', 'binding')).toBeLessThan(rig.log.first('upstream', 'bytes'));
    expect(rig.log.first('vault', 'subject anna')).toBeLessThan(rig.log.first('record', 'binding'));
    expect(rig.records.all('binding')).toMatchObject([
      { subject: subjectOf(rig, 'anna'), learned: 'session', sessionSince: NOON - 60_000 },
    ]);
    client.get('/2', 'Cookie: sid=one\r\n');
    await client.response();
    expect(rig.records.all('binding')).toHaveLength(1);
  });

  it.each([
    ['session look-up', (rig: Rig) => rig.sessions.loading],
    ['subject', (rig: Rig) => rig.subjects.gate],
  ])('a known session whose %s fails: 503, not forwarded, not taken for anonymous', async (_name, gateOf) => {
    const rig = await openRig({ identity: HEADER_IDENTITY });
    rig.sessions.stored.set('forum one', { account: 'anna' as AccountId, since: NOON });
    gateOf(rig).fail(new ShudiError('vault.unavailable', 'The vault is away.'), true);
    const client = await rig.client();
    client.get('/', 'Cookie: sid=one\r\n');
    const refused = await client.response();
    expect(refused.status).toBe(503);
    expect(headerOf(refused.head, 'retry-after')).toBe('1');
    expect(rig.upstream.bytes).toBe('');
    client.get('/', 'Cookie: sid=one\r\n');
    expect((await client.response()).status).toBe(200);
  });

  it('a second account on a connection that is bound already is bound before its request goes out', async () => {
    const rig = await openRig({ identity: HEADER_IDENTITY });
    for (const name of ['anna', 'bert'])
      rig.sessions.stored.set(`forum ${name}`, { account: name as AccountId, since: NOON });
    const client = await rig.client();
    client.get('/', 'Cookie: sid=anna\r\n');
    await client.response();
    const seen = rig.upstream.bytes.length;
    rig.records.gate.hold();
    client.get('/', 'Cookie: sid=bert\r\n');
    await rig.log.untilSeen('record', 'asked binding');
    await rig.settle();
    expect(rig.upstream.bytes).toHaveLength(seen);
    rig.records.gate.release();
    await client.response();
    expect(rig.records.all('binding').map((item) => item.subject)).toEqual([
      subjectOf(rig, 'anna'),
      subjectOf(rig, 'bert'),
    ]);
  });

  it('a publication and its badge are durable before the response is released', async () => {
    for (const pick of [(rig: Rig) => rig.records.gate, (rig: Rig) => rig.badges.gate]) {
      const rig = await openRig({ identity: HEADER_IDENTITY });
      rig.sessions.stored.set('forum one', { account: 'anna' as AccountId, since: NOON });
      const gate = pick(rig);
      rig.upstream.answer = (request, connection) => {
        gate.hold();
        answering('X-Shudi-Event: publish\r\n', 'posted')(request, connection);
      };
      const client = await rig.client();
      client.post('/posts', 'Cookie: sid=one\r\n');
      await rig.log.until(() => gate.waiting > 0 || client.received > 0, 'the storing');
      await rig.settle();
      expect(client.bytes).toBe('');
      gate.release();
      expect((await client.response()).body).toBe('posted');
      expect(rig.log.first('record', 'publication')).toBeLessThan(rig.log.first('client', 'bytes'));
      expect(rig.log.first('vault', 'badge anna CN-GD')).toBeLessThan(rig.log.first('client', 'bytes'));
      expect(rig.records.all('publication')).toMatchObject([
        {
          subject: subjectOf(rig, 'anna'),
          connection: rig.records.all('connection')[0]?.id,
          request: headerOf(rig.upstream.last.head, 'x-request-id'),
        },
      ]);
    }
  });

  it('a publication that cannot be stored closes the connection without a byte', async () => {
    for (const pick of [(rig: Rig) => rig.records.gate, (rig: Rig) => rig.badges.gate]) {
      const rig = await openRig({ identity: HEADER_IDENTITY });
      rig.sessions.stored.set('forum one', { account: 'anna' as AccountId, since: NOON });
      rig.upstream.answer = (request, connection) => {
        pick(rig).fail(new ShudiError('records.unavailable', 'The disk is full.'));
        answering('X-Shudi-Event: publish\r\n', 'posted')(request, connection);
      };
      const client = await rig.client();
      client.post('/posts', 'Cookie: sid=one\r\n');
      await client.untilClosed();
      expect(client.bytes).toBe('');
    }
  });

  it.each([
    ['an unknown event', 'X-Shudi-Account: anna\r\nX-Shudi-Event: dance\r\n'],
    ['two accounts', 'X-Shudi-Account: anna\r\nX-Shudi-Account: b c\r\n'],
    ['a login of nobody', 'X-Shudi-Event: login\r\n'],
    ['an account that cannot be', `X-Shudi-Account: ${'a'.repeat(129)}\r\n`],
  ])('%s is not guessed at: the response is withheld', async (_name, lines) => {
    const rig = await openRig({ identity: HEADER_IDENTITY });
    rig.upstream.answer = answering(lines);
    const client = await rig.client();
    client.get('/');
    await client.untilClosed();
    expect(client.bytes).toBe('');
    expect(rig.records.all('binding')).toEqual([]);
    expect(JSON.stringify(rig.lines)).not.toContain('anna');
  });
});
