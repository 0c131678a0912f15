import { describe, expect, it } from 'vitest';
import { approveRequest, makeRequest } from '../../src/disclosure/paper-trail.ts';
import { issueSiteToken, issueToken, proposePerson } from '../../src/disclosure/people.ts';
import { Register } from '../../src/disclosure/register.ts';
import { newId, newToken } from '../../src/disclosure/tokens.ts';
import { ShudiError } from '../../src/model/errors.ts';
import type { Site } from '../../src/model/accounts.ts';
import type { Json } from '../../src/model/journal.ts';
import { tamper } from '../ledger/support.ts';
import { codeOf, makeOne, openOffice, openRegister, QUESTION, type Office } from './support.ts';

describe('the register', () => {
  it('is what the journal says, whoever reads it', async () => {
    const office = await openOffice();
    const request = await makeOne(office);
    await approveRequest(office.register, office.anton.token, request.id, request.digest);
    const other = office.another();
    await other.refresh();
    expect(other.state).toEqual(office.register.state);
    expect(other.head).toEqual(office.register.head);
  });

  it('passes over the entries of other parts', async () => {
    const { register, journal } = await openOffice();
    await journal.append('records.anchor', 'system', { anything: [1] });
    await register.refresh();
    expect(register.head.seq).toBe(2);
  });

  it('decides again when another process was faster, and loses nothing', async () => {
    const office = await openOffice();
    const registers = [office.register, office.another(), office.another()];
    const work = registers.flatMap((register, at) =>
      Array.from({ length: 10 }, () =>
        issueToken(register, 'machine', at === 0 ? office.rita.id : office.anton.id),
      ),
    );
    const tokens = await Promise.all(work);
    const last = office.another();
    await last.refresh();
    for (const { id } of tokens) expect(last.state.tokens.get(id)).toBeDefined();
    expect(last.head.seq).toBe(31);
  });

  it('gives up when the journal never stands still', async () => {
    const { journal } = await openOffice();
    const moving = {
      ...journal,
      append: async () => Promise.reject(new ShudiError('journal.moved', 'Again.')),
    };
    const register = new Register({ journal: moving });
    expect(await codeOf(issueToken(register, 'machine', 'p-0000000000000000'))).toBe('auth.person');
    const { people } = (await office(register)).state;
    expect(await codeOf(issueToken(register, 'machine', [...people.keys()][0] ?? ''))).toBe('journal.moved');
  });

  it('changes nothing when the journal cannot be written', async () => {
    const opened = await openOffice();
    const request = await makeOne(opened);
    const failing = {
      ...opened.journal,
      append: async () => Promise.reject(new ShudiError('journal.unavailable', 'The disk is full.')),
    };
    const register = new Register({ journal: failing });
    expect(await codeOf(approveRequest(register, opened.anton.token, request.id, request.digest))).toBe(
      'journal.unavailable',
    );
    expect(register.state.grants.size).toBe(0);
  });

  it('writes nothing that it could not read again', async () => {
    const opened = await openOffice();
    const { caseId } = await makeOne(opened);
    const questions = Array.from({ length: 101 }, () => QUESTION);
    const many = makeRequest(opened.register, opened.rita.token, { case: caseId, reason: 'x', questions });
    expect(await codeOf(many)).toBe('journal.invalid');
    const site = issueSiteToken(opened.register, 'x'.repeat(65) as Site);
    expect(await codeOf(site)).toBe('journal.invalid');
    expect(await codeOf(opened.another().refresh())).toBe('done');
  });

  it('is not led astray by a write that succeeded but was reported as failed', async () => {
    const opened = await openOffice();
    const request = await makeOne(opened);
    const { id } = await approveRequest(opened.register, opened.anton.token, request.id, request.digest);
    const ids = { grant: id, request: request.id };
    const use = { ...ids, digest: request.digest, token: opened.rita.token };
    await opened.journal.append('grant.used', opened.rita.id, use);
    const lying = new Register({
      journal: {
        ...opened.journal,
        append: async (...entry) => {
          await opened.journal.append(...entry);
          throw new ShudiError('journal.unavailable', 'Nobody knows.');
        },
      },
    });
    const end = (register: Register, kind: 'disclosure.failed') =>
      register.act(() => ({ kind, actor: opened.rita.id, body: { ...ids, code: 'x' } }));
    expect(await codeOf(end(lying, 'disclosure.failed'))).toBe('journal.unavailable');
    expect(await codeOf(end(lying, 'disclosure.failed'))).toBe('grant.unknown');
    expect(await codeOf(opened.another().refresh())).toBe('done');
  });

  it('refuses a journal that was changed, cut or exchanged behind its back', async () => {
    const opened = await openOffice();
    await makeOne(opened);
    tamper(opened.path, 'UPDATE entries SET body = ? WHERE seq = 2', '{}');
    expect(await codeOf(opened.another().refresh())).toBe('journal.broken');

    const cut = await openOffice();
    await makeOne(cut);
    tamper(cut.path, 'DELETE FROM entries WHERE seq = 3');
    expect(await codeOf(issueToken(cut.register, 'machine', cut.rita.id))).toBe('journal.broken');
  });
});

async function office(register: Register): Promise<Register> {
  await register.refresh();
  return register;
}

describe('an entry that breaks a rule', () => {
  type Forgery = (opened: Office) => Promise<readonly [string, string, { readonly [key: string]: Json }]>;
  const scope = {
    version: 1,
    reason: 'x',
    questions: [QUESTION],
    ambiguous: 'withhold',
    digest: '0'.repeat(64),
  };
  const grantBody = async (opened: Office, token: string) => {
    const request = await makeOne(opened);
    return {
      request: request.id,
      digest: request.digest,
      grant: newId('g'),
      expires: '2026-12-01T00:00:00.000Z',
      token,
    };
  };
  const person = () => {
    const { id, hash } = newToken('person');
    return { person: newId('p'), name: newId('p'), roles: ['requester'], token: { id, hash } };
  };
  const forgeries: { readonly [what: string]: Forgery } = {
    'an approval by the requester': async (opened) => [
      'request.approved',
      opened.rita.id,
      await grantBody(opened, opened.rita.token),
    ],
    "an approval in another person's name": async (opened) => [
      'request.approved',
      opened.anton.id,
      await grantBody(opened, opened.rita.token),
    ],
    'an approval of another digest': async (opened) => [
      'request.approved',
      opened.anton.id,
      { ...(await grantBody(opened, opened.anton.token)), digest: '0'.repeat(64) },
    ],
    'a grant used by another person': async (opened) => {
      const request = await makeOne(opened);
      const { id } = await approveRequest(opened.register, opened.anton.token, request.id, request.digest);
      const body = { grant: id, request: request.id, digest: request.digest, token: opened.anton.token };
      return ['grant.used', opened.anton.id, body];
    },
    'a grant used twice': async (opened) => {
      const request = await makeOne(opened);
      const { id } = await approveRequest(opened.register, opened.anton.token, request.id, request.digest);
      const body = { grant: id, request: request.id, digest: request.digest, token: opened.rita.token };
      await opened.journal.append('grant.used', opened.rita.id, body);
      return ['grant.used', opened.rita.id, body];
    },
    'an answer without a use': async (opened) => {
      const request = await makeOne(opened);
      const { id } = await approveRequest(opened.register, opened.anton.token, request.id, request.digest);
      return ['disclosure.failed', opened.rita.id, { grant: id, request: request.id, code: 'x' }];
    },
    'a request whose digest is not its own': async (opened) => {
      const { caseId } = await makeOne(opened);
      return ['request.made', opened.rita.id, { request: newId('r'), case: caseId, ...scope }];
    },
    'a request changed by another': async (opened) => {
      const { id } = await makeOne(opened);
      return ['request.changed', opened.anton.id, { request: id, ...scope, version: 2 }];
    },
    'a second beginning': async () => ['people.bootstrapped', 'operator', { people: [person(), person()] }],
    'a requester enrolled by one': async () => ['person.staff-enrolled', 'operator', person()],
    'a person confirmed by the one who proposed them': async (opened) => {
      const { id } = await proposePerson(opened.register, opened.rita.token, {
        name: 'Nina',
        roles: ['approver'],
      });
      return ['person.enrolled', opened.rita.id, { person: id }];
    },
    'a token issued to somebody else': async (opened) => {
      const { id, hash } = newToken('person');
      return ['token.issued', opened.rita.id, { token: { id, hash }, owner: { person: opened.anton.id } }];
    },
    'a body of another shape': async () => ['token.revoked', 'operator', { token: 't-0', more: true }],
  };
  for (const [what, forge] of Object.entries(forgeries)) {
    it(`stops everything: ${what}`, async () => {
      const opened = await openOffice();
      const [kind, actor, body] = await forge(opened);
      await opened.journal.append(kind, actor, body);
      expect(await codeOf(opened.register.refresh())).toBe('journal.broken');
      expect(await codeOf(opened.register.authenticate(opened.rita.secret))).toBe('journal.broken');
      expect(await codeOf(opened.another().refresh())).toBe('journal.broken');
    });
  }
});

describe('tokens', () => {
  it('are stored as hashes only', async () => {
    const { register, journal, rita } = await openOffice();
    await register.authenticate(rita.secret);
    expect(JSON.stringify(await journal.entries(0, 10))).not.toContain(rita.secret);
    expect(rita.secret).toMatch(/^shudi_p_[A-Za-z0-9_-]{43}$/);
  });

  it('are refused when they are none, or unknown', async () => {
    const { register } = await openRegister();
    for (const secret of [
      '',
      'shudi_p_',
      newToken('person').secret,
      newToken('site').secret,
      'x'.repeat(10_000),
    ]) {
      expect(await codeOf(register.authenticate(secret))).toBe('auth.unknown');
    }
  });
});
