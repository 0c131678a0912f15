import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueToken, revokeToken } from '../../src/disclosure/people.ts';
import { newToken } from '../../src/disclosure/tokens.ts';
import { ShudiError } from '../../src/model/errors.ts';
import {
  ALICE,
  approve,
  ask,
  execute,
  journalled,
  openWorld,
  questionAbout,
  type Recorded,
  type World,
} from './support.ts';

let world: World;
let alice: Recorded;
beforeAll(async () => {
  world = await openWorld();
  alice = await world.record([ALICE]);
});
afterAll(() => world.close());

/** Enrols a person over the API, as two enrolled people do. */
async function enrol(name: string, roles: readonly string[]): Promise<string> {
  const own = newToken('person');
  const proposed = await world.call(world.tokens.requester, 'POST', '/v1/people', {
    name,
    roles,
    tokenHash: own.hash,
  });
  expect(proposed.status).toBe(201);
  const seen = await world.call(world.tokens.approver, 'GET', `/v1/people/${proposed.json.id}`);
  expect(seen.json).toMatchObject({ state: 'proposed', tokenHash: own.hash });
  const confirmed = await world.call(world.tokens.approver, 'POST', `/v1/people/${proposed.json.id}/confirm`);
  expect(confirmed.json).toMatchObject({ state: 'enrolled' });
  return own.secret;
}

describe('one person', () => {
  it('cannot approve their own request, with one token or with two', async () => {
    const first = await enrol('Both', ['requester', 'approver']);
    const caller = await world.register.authenticate(first);
    if (caller.kind !== 'person') throw new Error('a person is expected');
    const second = await issueToken(world.register, { token: caller.token.id }, caller.person.id);
    const request = await ask(world, [questionAbout(alice)], {}, first);
    for (const token of [first, second.secret]) {
      expect(await approve(world, request, token)).toMatchObject({
        status: 403,
        json: { code: 'request.own-approval' },
      });
    }
    expect((await execute(world, request, second.secret)).json.code).toBe('request.not-approved');
  });

  it('cannot enrol another one alone', async () => {
    const wanted = { name: 'Ghost', roles: ['approver'], tokenHash: newToken('person').hash };
    const proposed = await world.call(world.tokens.requester, 'POST', '/v1/people', wanted);
    const confirmed = await world.call(
      world.tokens.requester,
      'POST',
      `/v1/people/${proposed.json.id}/confirm`,
    );
    expect(confirmed).toMatchObject({ status: 403, json: { code: 'auth.same-person' } });
  });
});

describe('a request', () => {
  it('that was changed needs a new approval', async () => {
    const request = await ask(world, [questionAbout(alice)]);
    await approve(world, request);
    const change = { reason: 'Another reason', questions: [questionAbout(alice)] };
    const changed = await world.call(world.tokens.requester, 'PUT', `/v1/requests/${request.id}`, change);
    expect(changed.json).toMatchObject({ version: 2, grant: { state: 'void' } });
    expect((await execute(world, request)).json.code).toBe('grant.void');
    expect((await approve(world, request)).json.code).toBe('request.digest');
    expect((await approve(world, changed.json)).status).toBe(201);
    expect((await execute(world, request)).status).toBe(200);
  });

  it('of another person can be neither read, changed nor run', async () => {
    const request = await ask(world, [questionAbout(alice)]);
    await approve(world, request);
    const other = await enrol('Other', ['requester']);
    const path = `/v1/requests/${request.id}`;
    expect((await world.call(other, 'GET', path)).json.code).toBe('request.not-yours');
    expect(
      (await world.call(other, 'PUT', path, { reason: 'x', questions: [questionAbout(alice)] })).json.code,
    ).toBe('request.not-yours');
    expect((await execute(world, request, other)).json.code).toBe('request.not-yours');
    expect((await world.call(other, 'GET', '/v1/requests')).json.requests).toEqual([]);
    const seen = await world.call(world.tokens.approver, 'GET', '/v1/requests');
    expect(seen.json.requests.map(({ id }) => id)).toContain(request.id);
  });

  it('has 1 to 100 questions, each with an offset in its time', async () => {
    const opened = await ask(world, [questionAbout(alice)]);
    const put = async (scope: object) =>
      (await world.call(world.tokens.requester, 'PUT', `/v1/requests/${opened.id}`, scope)).json;
    const question = questionAbout(alice);
    expect((await put({ reason: 'x', questions: [] })).code).toBe('api.invalid');
    expect((await put({ reason: 'x', questions: Array.from({ length: 101 }, () => question) })).code).toBe(
      'api.invalid',
    );
    expect((await put({ reason: ' ', questions: [question] })).code).toBe('api.invalid');
    expect((await put({ reason: 'x', questions: [question], ambiguous: { upTo: 21 } })).code).toBe(
      'api.invalid',
    );
    expect((await put({ reason: 'x', questions: [{ ...question, at: '2026-11-22T08:00:00' }] })).code).toBe(
      'time.no-offset',
    );
    expect((await put({ reason: 'x', questions: [{ ...question, name: 'x' }] })).where).toBe(
      'body/questions/0/name',
    );
    expect(await put({ reason: 'x', questions: Array.from({ length: 100 }, () => question) })).toMatchObject({
      version: 2,
    });
  });
});

describe('a token', () => {
  it('that is revoked between approval and use opens nothing', async () => {
    const secret = await enrol('Leaving', ['requester']);
    const request = await ask(world, [questionAbout(alice)], {}, secret);
    const granted = await approve(world, request);
    const { token } = await world.register.authenticate(secret);
    await revokeToken(world.register, 'machine', token.id);
    expect((await execute(world, request, secret)).json.code).toBe('auth.unknown');
    const order = { token: secret, grant: granted.json.id, seen: world.register.head };
    await expect(world.control.execute(order)).rejects.toMatchObject({ code: 'auth.unknown' });
  });

  it("of the approver runs no one else's grant, in the process either", async () => {
    const request = await ask(world, [questionAbout(alice)]);
    const granted = await approve(world, request);
    const orders = [
      [world.tokens.approver, granted.json.id, 'auth.role'],
      [world.tokens.site, granted.json.id, 'auth.unknown'],
      [await enrol('Third', ['requester']), granted.json.id, 'grant.not-yours'],
      [world.tokens.requester, 'g-0000000000000000', 'grant.unknown'],
    ] as const;
    for (const [token, grant, code] of orders) {
      await expect(world.control.execute({ token, grant, seen: world.register.head })).rejects.toMatchObject({
        code,
      });
    }
    expect((await execute(world, request)).status).toBe(200);
  });
});

describe('a trace without a grant', () => {
  it('shows handles that differ from answer to answer, and neither identities nor subjects', async () => {
    const subject = await world.accounts.subjects.subjectOf('forum' as never, ALICE, alice.at);
    const questions = [
      questionAbout(alice),
      { requestId: alice.request },
      { outside: alice.address, at: questionAbout(alice).at },
    ];
    const handles = new Set<string>();
    for (const question of questions) {
      const reply = await world.call(world.tokens.requester, 'POST', '/v1/trace', question);
      expect(reply.status).toBe(200);
      expect(reply.text).not.toContain('alice');
      expect(reply.text).not.toContain(subject);
      expect(reply.text).not.toContain('identity');
      for (const candidate of reply.json.candidates) handles.add(candidate.subject ?? '');
    }
    expect(handles.size).toBe(3);
    const told = await journalled(world, 'trace.asked');
    expect(told.slice(-3).map(({ body }) => body['question'])).toMatchObject([
      { outside: alice.address },
      { requestId: alice.request },
      {},
    ]);
  });

  it('is not for questions about an account', async () => {
    const at = questionAbout(alice).at;
    const reply = await world.call(world.tokens.requester, 'POST', '/v1/trace', {
      account: 'alice',
      site: 'forum',
      from: at,
      to: at,
    });
    expect(reply).toMatchObject({ status: 400, json: { code: 'question.invalid', where: 'account' } });
  });
});

describe('when the journal cannot be written', () => {
  it('nothing takes effect and nothing is answered', async () => {
    const disk = { full: false };
    const failing = await openWorld({
      journal: (journal) => ({
        ...journal,
        append: (...entry) =>
          disk.full
            ? Promise.reject(new ShudiError('journal.unavailable', 'The disk is full.'))
            : journal.append(...entry),
      }),
    });
    try {
      const someone = await failing.record([ALICE]);
      const request = await ask(failing, [questionAbout(someone)]);
      disk.full = true;
      const replies = [
        await failing.call(failing.tokens.requester, 'POST', '/v1/trace', questionAbout(someone)),
        await approve(failing, request),
        await failing.call(failing.tokens.requester, 'PUT', `/v1/requests/${request.id}`, {
          reason: 'x',
          questions: [questionAbout(someone)],
        }),
      ];
      for (const reply of replies) {
        expect(reply).toMatchObject({ status: 503, json: { code: 'journal.unavailable' } });
        expect(reply.text).not.toMatch(/candidates|h-/);
      }
      disk.full = false;
      const seen = await failing.call(failing.tokens.approver, 'GET', `/v1/requests/${request.id}`);
      expect(seen.json).toMatchObject({ version: 1, grant: null });
    } finally {
      await failing.close();
    }
  });
});
