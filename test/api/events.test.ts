import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ShudiError } from '../../src/model/errors.ts';
import type { RecordItem } from '../../src/model/records.ts';
import { openControlApi } from '../../src/api/control-api.ts';
import type { Millis } from '../../src/model/time.ts';
import { issueSiteToken } from '../../src/disclosure/people.ts';
import type { Site } from '../../src/model/accounts.ts';
import { ALICE, BOB, FORUM, openWorld, questionAbout, type Recorded, type World } from './support.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const report = (...events: object[]) => world.call(world.tokens.site, 'POST', '/v1/events', { events });
const badge = (account: string) =>
  world.call(world.tokens.site, 'GET', `/v1/accounts/${encodeURIComponent(account)}/badge`);

async function subjectsAt(recorded: Recorded) {
  const found = await world.reader.byRequest(recorded.request);
  return found?.contact.bindings ?? [];
}

describe('an event', () => {
  it('binds the contact of its request, and is found by a trace', async () => {
    const recorded = await world.record([], { ended: false });
    const reply = await report({ type: 'login', account: 'alice', requestId: recorded.request });
    expect(reply).toMatchObject({
      status: 201,
      json: { results: [{ status: 'stored', bound: true, repeated: false }] },
    });
    const [binding] = await subjectsAt(recorded);
    expect(binding).toMatchObject({
      site: FORUM,
      learned: 'event',
      from: recorded.at,
      sessionSince: recorded.at,
      to: null,
    });
    const subject = await world.accounts.subjects.subjectOf(FORUM, ALICE, recorded.at);
    expect(binding?.subject).toBe(subject);
    const window = { from: recorded.at, to: recorded.at };
    expect(await world.reader.sessionsOf(subject, window, 10)).toMatchObject([
      { event: 'login', request: recorded.request, learned: 'event' },
    ]);
    const traced = await world.call(world.tokens.requester, 'POST', '/v1/trace', questionAbout(recorded));
    expect(traced.json.candidates).toHaveLength(1);
    expect(traced.json.candidates[0]?.subject).toMatch(/^h-/);
  });

  it('of publishing is stored and sets the badge, without an address or a time', async () => {
    expect((await badge('bob')).json).toMatchObject({ region: 'ZZ', source: null });
    const recorded = await world.record([]);
    expect((await report({ type: 'publication', account: 'bob', requestId: recorded.request })).status).toBe(
      201,
    );
    const subject = await world.accounts.subjects.subjectOf(FORUM, BOB, recorded.at);
    const window = { from: recorded.at, to: recorded.at };
    expect(await world.reader.publicationsOf(subject, window, 10)).toMatchObject([
      { connection: recorded.connection },
    ]);
    expect((await badge('bob')).json).toEqual({
      region: 'CN-GD',
      label: { zh: '广东', en: 'Guangdong' },
      source: 'ip2region',
      dataVersion: '2026-11',
    });
  });

  it('of logging in sets no badge where only publishing does', async () => {
    const recorded = await world.record([]);
    await report({ type: 'login', account: 'quiet', requestId: recorded.request });
    expect((await badge('quiet')).json.region).toBe('ZZ');
  });

  it('of logging out ends the binding', async () => {
    const recorded = await world.record([], { ended: false });
    const later = new Date(recorded.at + 2000).toISOString();
    const reply = await report(
      { type: 'login', account: 'carol', requestId: recorded.request },
      { type: 'logout', account: 'carol', requestId: recorded.request, at: later },
    );
    expect(reply.json.results).toMatchObject([{ bound: true }, { bound: false }]);
    expect(await subjectsAt(recorded)).toMatchObject([{ from: recorded.at, to: recorded.at + 2000 }]);
  });

  it('of logging in ends what another event had said of the connection', async () => {
    const recorded = await world.record([], { ended: false });
    await report({ type: 'login', account: 'first', requestId: recorded.request });
    await report({ type: 'login', account: 'bob', requestId: recorded.request });
    const [first, second] = await subjectsAt(recorded);
    expect(first).toMatchObject({ to: recorded.at, learned: 'event' });
    expect(second).toMatchObject({ from: recorded.at, to: null, learned: 'event' });
  });

  it('never ends what the gateway saw for itself: a leaked site token can make it doubtful, not undo it', async () => {
    const recorded = await world.record([ALICE], { ended: false });
    await report({ type: 'login', account: 'framed', requestId: recorded.request });
    expect((await subjectsAt(recorded)).map(({ learned, to }) => [learned, to])).toEqual([
      ['header', null],
      ['event', null],
    ]);
    const found = await world.reader.byRequest(recorded.request);
    expect(found?.named.map(({ learned }) => learned)).toEqual(['header', 'event']);
  });

  it('names only its own request where many may share the contact', async () => {
    const recorded = await world.record([], { ended: false, portKnown: false });
    await report({ type: 'login', account: 'bob', requestId: recorded.request });
    expect(await subjectsAt(recorded)).toEqual([]);
    expect((await world.reader.byRequest(recorded.request))?.named).toMatchObject([{ learned: 'event' }]);
  });

  it("of another site's request is refused as unknown", async () => {
    const recorded = await world.record([], { ended: false, site: 'blog' });
    const reply = await report({ type: 'publication', account: 'victim', requestId: recorded.request });
    expect(reply.json.results).toMatchObject([{ status: 'refused', code: 'event.unknown-request' }]);
    expect(await subjectsAt(recorded)).toEqual([]);
    expect((await badge('victim')).json.region).toBe('ZZ');
  });

  it('is stored once, however often it is sent', async () => {
    const recorded = await world.record([], { ended: false });
    const events = ['login', 'publication'].map((type) => ({
      type,
      account: 'dora',
      requestId: recorded.request,
    }));
    await report(...events);
    const again = await report(...events);
    expect(again.json.results).toMatchObject([
      { status: 'stored', repeated: true },
      { status: 'stored', repeated: true },
    ]);
    expect(await subjectsAt(recorded)).toHaveLength(1);
    const subject = (await subjectsAt(recorded))[0]?.subject ?? ('' as never);
    const window = { from: recorded.at, to: recorded.at };
    expect(await world.reader.publicationsOf(subject, window, 10)).toHaveLength(1);
    expect(await world.reader.sessionsOf(subject, window, 10)).toHaveLength(1);
  });

  it('is refused by itself: the others of the batch are stored', async () => {
    const recorded = await world.record([]);
    const { request } = recorded;
    const at = (offset: number) => new Date(recorded.at + offset).toISOString();
    const reply = await report(
      { type: 'publication', account: 'eve', requestId: randomUUID() },
      { type: 'publication', account: 'eve', requestId: 'none-of-ours' },
      { type: 'publication', account: 'with blank', requestId: request },
      { type: 'publication', account: 'eve', requestId: request, at: at(-120_000) },
      { type: 'publication', account: 'eve', requestId: request, at: at(3_600_000) },
      { type: 'publication', account: 'eve', requestId: request, at: '2026-11-22T08:00:00' },
      { type: 'publication', account: 'eve', requestId: request },
    );
    expect(reply.status).toBe(201);
    expect(reply.json.results.map(({ status, code }) => code ?? status)).toEqual([
      'event.unknown-request',
      'event.unknown-request',
      'event.account',
      'event.time',
      'event.time',
      'time.no-offset',
      'stored',
    ]);
  });

  it('gets 422 when none could be stored, and 400 when the batch has no such form', async () => {
    expect((await report({ type: 'login', account: 'x', requestId: randomUUID() })).status).toBe(422);
    expect((await report()).status).toBe(400);
    expect((await report({ type: 'post', account: 'x', requestId: randomUUID() })).status).toBe(400);
    expect(
      (await report({ type: 'login', account: 'x', requestId: randomUUID(), ip: '1.2.3.4' })).status,
    ).toBe(400);
    expect(
      (
        await report(
          ...Array.from({ length: 101 }, () => ({ type: 'login', account: 'x', requestId: randomUUID() })),
        )
      ).status,
    ).toBe(400);
  });

  it('is refused when it comes days later, and binds no contact of another day', async () => {
    const recorded = await world.record([]);
    const inHours = (hours: number) => async () => {
      const clock = () => (Date.now() + hours * 3_600_000) as Millis;
      const api = await openControlApi({ ...world.control, clock });
      const response = await fetch(`http://127.0.0.1:${api.address.port}/v1/events`, {
        method: 'POST',
        headers: { authorization: `Bearer ${world.tokens.site}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          events: [{ type: 'publication', account: 'late', requestId: recorded.request }],
        }),
      });
      const json = await response.json();
      await api.close();
      return json;
    };
    expect(await inHours(25)()).toMatchObject({ results: [{ code: 'event.too-late' }] });
    expect(await inHours(23.9)()).toMatchObject({ results: [{ status: 'stored', bound: false }] });
  });

  it('is answered only when it is durable', async () => {
    const recorded = await world.record([]);
    const stored: RecordItem[][] = [];
    const writer = {
      append: async (items: readonly RecordItem[]) => {
        stored.push([...items]);
        throw new ShudiError('records.unavailable', 'The disk is full.');
      },
    };
    const api = await openControlApi({ ...world.control, records: { reader: world.reader, writer } });
    const response = await fetch(`http://127.0.0.1:${api.address.port}/v1/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${world.tokens.site}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        events: [{ type: 'publication', account: 'frank', requestId: recorded.request }],
      }),
    });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'records.unavailable' });
    expect(stored[0]?.map(({ type }) => type)).toEqual(['binding', 'publication', 'request']);
    expect((await badge('frank')).json.region).toBe('ZZ');
    await api.close();
  });

  it('is for a site that is configured', async () => {
    const { secret } = await issueSiteToken(world.register, 'gone' as Site);
    const reply = await world.call(secret, 'POST', '/v1/events', {
      events: [{ type: 'login', account: 'x', requestId: randomUUID() }],
    });
    expect(reply).toMatchObject({ status: 403, json: { code: 'auth.role' } });
  });
});

describe('badges', () => {
  it("are of the token's site, many at once, in their order", async () => {
    const reply = await world.call(world.tokens.site, 'POST', '/v1/badges', {
      ids: ['bob', 'nobody', '__proto__', 'bob'],
    });
    expect(reply.json.badges.map(({ id, region }) => `${id} ${region}`)).toEqual([
      'bob CN-GD',
      'nobody ZZ',
      '__proto__ ZZ',
      'bob CN-GD',
    ]);
    const { secret } = await issueSiteToken(world.register, 'other' as Site);
    expect((await world.call(secret, 'GET', '/v1/accounts/bob/badge')).json.region).toBe('ZZ');
    expect((await badge('名字/?#%')).status).toBe(200);
    expect((await badge('字'.repeat(128))).status).toBe(200);
    const ids = Array.from({ length: 101 }, (_, at) => `a${at}`);
    expect((await world.call(world.tokens.site, 'POST', '/v1/badges', { ids })).status).toBe(400);
  });
});
