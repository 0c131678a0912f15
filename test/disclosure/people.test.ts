import { describe, expect, it } from 'vitest';
import { approveRequest, liveGrant } from '../../src/disclosure/paper-trail.ts';
import {
  bootstrapPeople,
  confirmPerson,
  enrolStaff,
  issueSiteToken,
  issueToken,
  proposePerson,
  removePerson,
  revokeToken,
} from '../../src/disclosure/people.ts';
import type { Role } from '../../src/disclosure/state.ts';
import { newToken } from '../../src/disclosure/tokens.ts';
import type { Site } from '../../src/model/accounts.ts';
import { codeOf, makeOne, openOffice, openRegister } from './support.ts';

describe('the first two people', () => {
  it('are enrolled at once, and only once', async () => {
    const { register } = await openOffice();
    expect([...register.state.people.values()].map(({ name, roles }) => [name, ...roles])).toEqual([
      ['Rita', 'requester'],
      ['Anton', 'approver'],
    ]);
    expect(await codeOf(bootstrapPeople(register, { requester: 'X', approver: 'Y' }))).toBe(
      'auth.bootstrapped',
    );
  });

  it('are two', async () => {
    const { register } = await openRegister();
    for (const approver of ['Rita', ' rita ', 'ＲＩＴＡ']) {
      expect(await codeOf(bootstrapPeople(register, { requester: 'Rita', approver }))).toBe(
        'auth.person-invalid',
      );
    }
    expect(await codeOf(enrolStaff(register, 'Sven', 'supervisor'))).toBe('auth.not-bootstrapped');
  });
});

describe('a further person', () => {
  it('takes two who are enrolled, and brings a token that nobody else has seen', async () => {
    const { register, rita, anton } = await openOffice();
    const own = newToken('person');
    const proposed = await proposePerson(register, rita.token, {
      name: 'Nina',
      roles: ['approver'],
      tokenHash: own.hash,
    });
    expect(await codeOf(register.authenticate(own.secret))).toBe('auth.unknown');
    expect(await codeOf(confirmPerson(register, rita.token, proposed.id))).toBe('auth.same-person');
    const second = await issueToken(register, { token: rita.token }, rita.id);
    expect(await codeOf(confirmPerson(register, second.id, proposed.id))).toBe('auth.same-person');
    await confirmPerson(register, anton.token, proposed.id);
    const caller = await register.authenticate(own.secret);
    expect(caller).toMatchObject({ kind: 'person', person: { name: 'Nina', roles: ['approver'] } });
    expect(await codeOf(confirmPerson(register, anton.token, proposed.id))).toBe('auth.person');
  });

  it('has a name and roles of their own', async () => {
    const { register, rita } = await openOffice();
    const propose = (name: string, roles: readonly Role[]) =>
      codeOf(proposePerson(register, rita.token, { name, roles }));
    expect(await propose('ANTON', ['approver'])).toBe('auth.name-taken');
    expect(await propose(' ', ['approver'])).toBe('auth.person-invalid');
    expect(await propose('a\u0007b', ['approver'])).toBe('auth.person-invalid');
    expect(await propose('Nina', [])).toBe('auth.person-invalid');
    expect(await propose('Nina', ['approver', 'supervisor'])).toBe('auth.person-invalid');
    expect(await propose('Nina', ['requester', 'operator'])).toBe('auth.person-invalid');
    expect(await propose('Nina', ['requester', 'approver'])).toBe('done');
    expect(await propose('nina', ['requester'])).toBe('auth.name-taken');
  });

  it('is not enrolled by those who watch or run the machine', async () => {
    const { register } = await openOffice();
    const sven = await enrolStaff(register, 'Sven', 'supervisor');
    const olga = await enrolStaff(register, 'Olga', 'operator');
    for (const { token } of [sven, olga]) {
      expect(await codeOf(proposePerson(register, token.id, { name: 'Nina', roles: ['requester'] }))).toBe(
        'auth.role',
      );
    }
    const site = await issueSiteToken(register, 'forum' as Site);
    expect(await codeOf(proposePerson(register, site.id, { name: 'Nina', roles: ['requester'] }))).toBe(
      'auth.unknown',
    );
  });

  it('does not come with a token that is in use', async () => {
    const { register, rita } = await openOffice();
    const taken = register.state.tokens.get(rita.token)?.hash ?? '';
    const wanted = { name: 'Nina', roles: ['approver'] as const, tokenHash: taken };
    expect(await codeOf(proposePerson(register, rita.token, wanted))).toBe('auth.token-taken');
  });
});

describe('tokens', () => {
  it('are issued to oneself or by who works on the machine', async () => {
    const { register, rita, anton } = await openOffice();
    expect(await codeOf(issueToken(register, { token: rita.token }, anton.id))).toBe('auth.role');
    const second = await issueToken(register, { token: rita.token }, rita.id);
    expect(await register.authenticate(second.secret)).toMatchObject({ person: { id: rita.id } });
  });

  it('are good until they are revoked, in every process', async () => {
    const { register, another, rita, anton } = await openOffice();
    const other = another();
    await other.authenticate(rita.secret);
    expect(await codeOf(revokeToken(register, { token: anton.token }, rita.token))).toBe('auth.role');
    await revokeToken(register, { token: rita.token }, rita.token);
    expect(await codeOf(other.authenticate(rita.secret))).toBe('auth.unknown');
    expect(await codeOf(revokeToken(register, 'machine', rita.token))).toBe('auth.token');
    expect(await codeOf(issueToken(register, { token: rita.token }, rita.id))).toBe('auth.unknown');
  });

  it('of a site are revoked on the machine', async () => {
    const { register, rita } = await openOffice();
    const site = await issueSiteToken(register, 'forum' as Site);
    expect(await register.authenticate(site.secret)).toMatchObject({ kind: 'site', site: 'forum' });
    expect(await codeOf(revokeToken(register, { token: rita.token }, site.id))).toBe('auth.role');
    await revokeToken(register, 'machine', site.id);
    expect(await codeOf(register.authenticate(site.secret))).toBe('auth.unknown');
  });

  it('take with them what was approved by them and not used', async () => {
    const office = await openOffice();
    const request = await makeOne(office);
    await approveRequest(office.register, office.anton.token, request.id, request.digest);
    liveGrant(office.register, office.rita.id, request.id);
    await revokeToken(office.register, 'machine', office.anton.token);
    expect(() => liveGrant(office.register, office.rita.id, request.id)).toThrow('voided');
  });
});

describe('a person who is removed', () => {
  it('can do nothing more, and what they approved or asked is void', async () => {
    const office = await openOffice();
    const { register, rita, anton } = office;
    const request = await makeOne(office);
    await approveRequest(register, anton.token, request.id, request.digest);
    await removePerson(register, rita.id);
    expect(await codeOf(register.authenticate(rita.secret))).toBe('auth.unknown');
    expect([...register.state.grants.values()].map(({ state }) => state)).toEqual(['void']);
    expect(await codeOf(approveRequest(register, anton.token, request.id, request.digest))).toBe(
      'request.requester-gone',
    );
    expect(await codeOf(removePerson(register, rita.id))).toBe('auth.person');
  });
});
