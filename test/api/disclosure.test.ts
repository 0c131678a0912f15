import { execFileSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/model/canonical-json.ts';
import { sha256 } from '../../src/disclosure/tokens.ts';
import { verifyJournal } from '../../src/ledger/verify-journal.ts';
import {
  ALICE,
  approve,
  ask,
  BOB,
  execute,
  journalled,
  openWorld,
  questionAbout,
  type World,
} from './support.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

describe('the way to an identity', () => {
  it('leads through case, request, approval and one execution, and names the right account', async () => {
    const alice = await world.record([ALICE]);
    await world.record([BOB]);
    const request = await ask(world, [questionAbout(alice)]);
    const approved = await approve(world, request);
    expect(approved.status).toBe(201);
    expect(approved.json).toMatchObject({ digest: request.digest, state: 'live', outcome: null });

    const answered = await execute(world, request);
    expect(answered.status, answered.text).toBe(200);
    const [answer] = answered.json.answer.answers;
    expect(answer).toMatchObject({ grade: 'exact', subjectGrade: 'exact' });
    expect(answer?.candidates).toHaveLength(1);
    expect(answer?.candidates[0]).toMatchObject({
      identity: { site: 'forum', account: 'alice' },
      identityState: 'disclosed',
    });
    expect(answer?.candidates[0]?.subject).toMatch(/^h-/);
    expect(sha256(canonicalJson(answered.json.answer))).toBe(answered.json.answerSha256);

    const seen = await world.call(world.tokens.supervisor, 'GET', `/v1/requests/${request.id}`);
    expect(seen.json.grant).toMatchObject({ state: 'used', outcome: 'answered' });
  });

  it('is in the journal step by step, the use before the answer, and never with an identity', async () => {
    const bob = await world.record([BOB]);
    const request = await ask(world, [questionAbout(bob)]);
    const approved = await approve(world, request);
    const answered = await execute(world, request);
    expect(answered.json.answer.answers[0]?.candidates[0]?.identity).toEqual({
      site: 'forum',
      account: 'bob',
    });
    const entries = await world.journal.entries(0, 100_000);
    const mine = entries.filter(({ body }) => body['request'] === request.id);
    expect(mine.map(({ kind }) => kind)).toEqual([
      'request.made',
      'request.approved',
      'grant.used',
      'disclosure.answered',
    ]);
    expect(mine[2]).toMatchObject({
      seq: answered.json.journal.used,
      body: { grant: approved.json.id, digest: request.digest },
    });
    expect(mine[3]).toMatchObject({
      seq: answered.json.journal.answered,
      body: {
        answerSha256: answered.json.answerSha256,
        counts: { questions: 1, candidates: 1, identities: 1 },
        grades: [{ grade: 'exact', subjectGrade: 'exact', candidates: 1, identities: 1 }],
      },
    });
    expect(JSON.stringify(mine)).not.toContain('bob');
    expect(verifyJournal(join(world.directory, 'journal.sqlite')).ok).toBe(true);
  });

  it('opens nobody of an ambiguous answer, unless so many were approved', async () => {
    const both = await world.record([ALICE, BOB]);
    const strict = await ask(world, [questionAbout(both)]);
    await approve(world, strict);
    const withheld = (await execute(world, strict)).json.answer.answers[0];
    expect(withheld?.subjectGrade).toBe('ambiguous');
    expect(withheld?.candidates.map((item) => item.identityState)).toEqual(['withheld', 'withheld']);
    expect(JSON.stringify(withheld)).not.toMatch(/alice|bob/);

    const one = await ask(world, [questionAbout(both)], { ambiguous: { upTo: 1 } });
    await approve(world, one);
    expect((await execute(world, one)).text).not.toMatch(/alice|bob/);

    const two = await ask(world, [questionAbout(both)], { ambiguous: { upTo: 2 } });
    await approve(world, two);
    const named = (await execute(world, two)).json.answer.answers[0];
    expect(named?.candidates.map((item) => item.identity?.account).sort()).toEqual(['alice', 'bob']);
  });

  it('answers which endpoints an account used', async () => {
    const carol = await world.record([ALICE], { address: '203.0.113.99' });
    const from = new Date(carol.at - 60_000).toISOString();
    const to = new Date(carol.at + 60_000).toISOString();
    const request = await ask(world, [{ account: 'alice', site: 'forum', from, to }]);
    await approve(world, request);
    const answered = await execute(world, request);
    const [answer] = answered.json.answer.answers;
    const endpoints = answer?.candidates.map((item) => item.hops[0]?.inside.address);
    expect(endpoints).toContain('203.0.113.99');
    expect(answer?.candidates.every((item) => item.identityState === 'named-in-question')).toBe(true);
  });

  it('tells of an endpoint without an account, and of one that was not seen, but could not have been', async () => {
    const nobody = await world.record([], { address: '203.0.113.50' });
    const questions = [questionAbout(nobody), { ...questionAbout(nobody), outside: '192.0.2.200' }];
    const request = await ask(world, questions);
    await approve(world, request);
    const { answers } = (await execute(world, request)).json.answer;
    expect(answers[0]?.candidates[0]).toMatchObject({
      subject: null,
      identity: null,
      identityState: 'nobody',
    });
    expect(answers[1]).toMatchObject({ grade: 'gap', candidates: [] });
  });
});

describe('a grant', () => {
  it('is good once', async () => {
    const request = await ask(world, [questionAbout(await world.record([ALICE]))]);
    await approve(world, request);
    expect((await execute(world, request)).status).toBe(200);
    const again = await execute(world, request);
    expect(again).toMatchObject({ status: 409, json: { code: 'grant.used' } });
    expect(again.text).not.toContain('alice');
  });

  it('gives exactly one answer to two who come at once', async () => {
    const request = await ask(world, [questionAbout(await world.record([ALICE]))]);
    await approve(world, request);
    const replies = await Promise.all([
      execute(world, request),
      execute(world, request),
      execute(world, request),
    ]);
    expect(replies.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409]);
    expect(replies.filter(({ text }) => text.includes('alice'))).toHaveLength(1);
    const used = (await journalled(world, 'grant.used')).filter(({ body }) => body['request'] === request.id);
    expect(used).toHaveLength(1);
  });

  it('is used when the disclosure fails after its use, and the failure is written down', async () => {
    const request = await ask(world, [questionAbout(await world.record([ALICE]))]);
    await approve(world, request);
    const key = join(world.keys, 'disclosure.key');
    renameSync(key, `${key}.away`);
    const failed = await execute(world, request);
    renameSync(`${key}.away`, key);
    expect(failed).toMatchObject({ status: 500, json: { code: 'key.missing' } });
    const told = (await journalled(world, 'disclosure.failed')).at(-1);
    expect(told?.body).toMatchObject({ request: request.id, code: 'key.missing' });
    expect((await execute(world, request)).json.code).toBe('grant.used');
  });

  it('is used when its process is killed midway', async () => {
    const killed = await openWorld({
      executor: {
        onStart: (child) => {
          const timer = setInterval(() => {
            void journalled(killed, 'grant.used').then((entries) => {
              if (entries.length > 0) child.kill('SIGKILL');
            });
          }, 20);
          child.once('close', () => clearInterval(timer));
        },
      },
    });
    try {
      const request = await ask(killed, [questionAbout(await killed.record([ALICE]))]);
      await approve(killed, request);
      // A pipe without a writer: the process waits for ever at the private key, which it opens after the use is durable.
      const key = join(killed.keys, 'disclosure.key');
      renameSync(key, `${key}.away`);
      execFileSync('mkfifo', ['-m', '600', key]);
      const reply = await execute(killed, request);
      expect(reply).toMatchObject({ status: 500, json: { code: 'grant.interrupted' } });
      const { grant } = (await killed.call(killed.tokens.requester, 'GET', `/v1/requests/${request.id}`))
        .json;
      expect(grant).toMatchObject({ state: 'used', outcome: null });
      expect((await execute(killed, request)).json.code).toBe('grant.used');
      // The way goes on with a new approval.
      expect((await approve(killed, request)).status).toBe(201);
    } finally {
      await killed.close();
    }
  });

  it('expires', async () => {
    const short = await openWorld({ grantTtlMs: 1 });
    try {
      const request = await ask(short, [questionAbout(await short.record([ALICE]))]);
      const granted = await approve(short, request);
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect((await execute(short, request)).json.code).toBe('grant.expired');
      // The process judges by itself, whatever the server says.
      const order = { token: short.tokens.requester, grant: granted.json.id, seen: short.register.head };
      await expect(short.control.execute(order)).rejects.toMatchObject({ code: 'grant.expired' });
      expect(await journalled(short, 'grant.used')).toEqual([]);
    } finally {
      await short.close();
    }
  });
});
