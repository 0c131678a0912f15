import { describe, expect, it } from 'vitest';
import type { AccountId } from '../../src/model/accounts.ts';
import { answering } from './answers.ts';
import { FORUM, HEADER_IDENTITY, NOON, openRig, routeTo, type Rig, type RigOptions } from './harness.ts';
import type { RawClient } from './raw-client.ts';

const later = (ms: number) => (NOON + ms) as typeof NOON;
const known = (rig: Rig, cookie: string, account: string, since = NOON) =>
  rig.sessions.stored.set(`forum ${cookie}`, { account: account as AccountId, since });
const subjectOf = (rig: Rig, account: string) => rig.subjects.get(FORUM, account, NOON);

async function visit(
  rig: Rig,
  client: RawClient,
  lines: string,
  cookie: string | null = null,
): Promise<void> {
  rig.upstream.answer = answering(lines);
  client.get('/', cookie === null ? '' : `Cookie: sid=${cookie}\r\n`);
  await client.response();
}

async function opened(options: RigOptions = {}): Promise<{ rig: Rig; client: RawClient }> {
  const rig = await openRig({ identity: HEADER_IDENTITY, ...options });
  return { rig, client: await rig.client() };
}

describe('what a response says of the account', () => {
  it('a login on a cookie that lived before it: the session is as old as the login', async () => {
    const { rig, client } = await opened();
    await visit(rig, client, '', 'guest');
    rig.at(later(5000));
    await visit(rig, client, 'X-Shudi-Account: anna\r\nX-Shudi-Event: login\r\n', 'guest');
    expect(rig.sessions.stored.get('forum guest')).toEqual({ account: 'anna', since: later(5000) });
    rig.at(later(9000));
    const other = await rig.client();
    await visit(rig, other, '', 'guest');
    expect(
      rig.records.all('binding').map((item) => [item.subject, item.learned, item.from, item.sessionSince]),
    ).toEqual([
      [subjectOf(rig, 'anna'), 'header', later(5000), later(5000)],
      [subjectOf(rig, 'anna'), 'session', later(9000), later(5000)],
    ]);
  });

  it('a login that changes the cookie: the old one stands for nobody from then on', async () => {
    const { rig, client } = await opened();
    known(rig, 'fixed', 'mallory');
    await visit(
      rig,
      client,
      'X-Shudi-Account: anna\r\nX-Shudi-Event: login\r\nSet-Cookie: other=x\r\nSet-Cookie: sid=fresh; Path=/\r\n',
      'fixed',
    );
    expect(rig.sessions.stored.get('forum fixed')).toBeNull();
    expect(rig.sessions.stored.get('forum fresh')).toEqual({ account: 'anna', since: NOON });
  });

  it('overrides what was believed: the first account leaves the connection, the cookie changes hands', async () => {
    const { rig, client } = await opened();
    known(rig, 'one', 'anna', later(-5000));
    await visit(rig, client, 'X-Shudi-Account: bert\r\n', 'one');
    expect(rig.records.all('binding').map((item) => [item.subject, item.learned])).toEqual([
      [subjectOf(rig, 'anna'), 'session'],
      [subjectOf(rig, 'bert'), 'header'],
    ]);
    expect(rig.records.all('unbinding')).toMatchObject([{ subject: subjectOf(rig, 'anna') }]);
    expect(rig.sessions.stored.get('forum one')).toEqual({ account: 'bert', since: NOON });
    await visit(rig, client, '', 'one');
    expect(rig.records.all('binding')).toHaveLength(2);
  });

  it('the account that is believed anyway changes nothing and writes nothing', async () => {
    const { rig, client } = await opened();
    known(rig, 'one', 'anna', later(-5000));
    await visit(rig, client, '', 'one');
    const before = rig.records.items.length;
    rig.records.gate.hold();
    rig.sessions.gate.hold();
    await visit(rig, client, 'X-Shudi-Account: anna\r\n', 'one');
    expect(rig.records.items).toHaveLength(before);
  });

  it('a renewed cookie of the same session keeps its age', async () => {
    const { rig, client } = await opened();
    known(rig, 'one', 'anna', later(-5000));
    await visit(rig, client, 'X-Shudi-Account: anna\r\nSet-Cookie: sid=two\r\n', 'one');
    expect(rig.sessions.stored.get('forum two')).toEqual({ account: 'anna', since: later(-5000) });
    expect(rig.sessions.stored.get('forum one')).toBeNull();
  });

  it('a logout ends the session, the binding and the cookie, before its response is released', async () => {
    const { rig, client } = await opened();
    known(rig, 'one', 'anna');
    await visit(rig, client, 'X-Shudi-Event: logout\r\nSet-Cookie: sid=; Max-Age=0\r\n', 'one');
    expect(rig.records.all('session')).toMatchObject([
      { event: 'logout', subject: subjectOf(rig, 'anna'), learned: 'session' },
    ]);
    expect(rig.records.all('unbinding')).toMatchObject([{ subject: subjectOf(rig, 'anna'), at: NOON }]);
    expect(rig.sessions.stored.get('forum one')).toBeNull();
    expect(rig.log.first('vault', 'unbind one')).toBeLessThan(rig.log.first('client', 'bytes'));
    expect(rig.log.first('record', 'session')).toBeLessThan(rig.log.first('client', 'bytes'));
    await visit(rig, client, '', 'one');
    expect(rig.records.all('binding')).toHaveLength(1);
  });

  it('an empty account unbinds without a logout', async () => {
    const { rig, client } = await opened();
    known(rig, 'one', 'anna');
    await visit(rig, client, 'X-Shudi-Account: \r\n', 'one');
    expect(rig.records.all('session')).toEqual([]);
    expect(rig.records.all('unbinding')).toHaveLength(1);
    expect(rig.sessions.stored.get('forum one')).toBeNull();
  });

  it('two log-ins on one connection are two sessions, both accounts in their order', async () => {
    const { rig, client } = await opened();
    await visit(rig, client, 'X-Shudi-Account: anna\r\nX-Shudi-Event: login\r\nSet-Cookie: sid=a\r\n');
    rig.at(later(1000));
    await visit(rig, client, 'X-Shudi-Account: bert\r\nX-Shudi-Event: login\r\nSet-Cookie: sid=b\r\n', 'a');
    expect(rig.records.all('session').map((item) => item.subject)).toEqual([
      subjectOf(rig, 'anna'),
      subjectOf(rig, 'bert'),
    ]);
    expect(rig.records.all('unbinding')).toMatchObject([
      { subject: subjectOf(rig, 'anna'), at: later(1000) },
    ]);
    const { contacts } = await rig.records.reader.bySubject(
      subjectOf(rig, 'bert'),
      { from: NOON, to: later(2000) },
      10,
    );
    expect(contacts[0]?.bindings.map((item) => [item.subject, item.to])).toEqual([
      [subjectOf(rig, 'anna'), later(1000)],
      [subjectOf(rig, 'bert'), null],
    ]);
  });

  it('the same account that logs in again is bound again, with the new session', async () => {
    const { rig, client } = await opened();
    known(rig, 'one', 'anna', later(-5000));
    await visit(rig, client, '', 'one');
    await visit(rig, client, 'X-Shudi-Account: anna\r\nX-Shudi-Event: login\r\n', 'one');
    expect(rig.records.all('binding').map((item) => [item.learned, item.sessionSince])).toEqual([
      ['session', later(-5000)],
      ['header', NOON],
    ]);
    expect(rig.sessions.stored.get('forum one')).toEqual({ account: 'anna', since: NOON });
  });

  it.each([
    ['publication', 'publish', true],
    ['publication', 'login', false],
    ['login', 'login', true],
    ['any', null, true],
    ['publication', null, false],
  ] as const)('badge basis %s, event %s: badge set %s', async (badgeBasis, event, set) => {
    const { rig, client } = await opened({ route: { badgeBasis } });
    await visit(
      rig,
      client,
      `X-Shudi-Account: anna\r\n${event === null ? '' : `X-Shudi-Event: ${event}\r\n`}`,
    );
    expect(rig.badges.stored.get('forum anna')?.code).toBe(set ? 'CN-GD' : undefined);
  });

  it('where the route is of mode none the announcement is taken out and means nothing', async () => {
    const { rig, client } = await opened({ identity: { mode: 'none' } });
    await visit(rig, client, 'X-Shudi-Account: anna\r\nX-Shudi-Event: login\r\n');
    expect(client.bytes).not.toMatch(/x-shudi|anna/i);
    expect(rig.records.all('binding')).toEqual([]);
    expect(rig.records.all('session')).toEqual([]);
  });

  it('account 42 of one site is not account 42 of another', async () => {
    const rig = await openRig({
      routes: (upstream) => [
        routeTo(upstream.port, { host: 'forum.example', identity: HEADER_IDENTITY }),
        routeTo(upstream.port, {
          host: 'shop.example',
          site: 'shop' as typeof FORUM,
          identity: HEADER_IDENTITY,
        }),
      ],
    });
    known(rig, 'one', '42');
    rig.upstream.answer = answering('X-Shudi-Account: 42\r\n');
    const client = await rig.client();
    for (const host of ['forum.example', 'shop.example']) {
      client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\nCookie: sid=one\r\n\r\n`);
      await client.response();
    }
    expect(new Set(rig.records.all('binding').map((item) => item.subject)).size).toBe(2);
    expect(rig.records.all('binding').map((item) => [item.site, item.learned])).toEqual([
      ['forum', 'session'],
      ['shop', 'header'],
    ]);
  });
});
