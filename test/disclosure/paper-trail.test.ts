import { describe, expect, it } from 'vitest';
import {
  approveRequest,
  changeRequest,
  liveGrant,
  makeRequest,
  openCase,
} from '../../src/disclosure/paper-trail.ts';
import { confirmPerson, issueToken, proposePerson } from '../../src/disclosure/people.ts';
import { newToken } from '../../src/disclosure/tokens.ts';
import { ShudiError } from '../../src/model/errors.ts';
import type { Millis } from '../../src/model/time.ts';
import { codeOf, COURT, makeOne, openOffice, QUESTION } from './support.ts';

const thrown = (action: () => unknown): string => {
  try {
    action();
    return 'done';
  } catch (error) {
    return error instanceof ShudiError ? error.code : 'unexpected';
  }
};

describe('an approval', () => {
  it('is never of the requester, by whatever token', async () => {
    const office = await openOffice();
    const { register, rita, anton } = office;
    const own = newToken('person');
    const both = await proposePerson(register, rita.token, {
      name: 'Both',
      roles: ['requester', 'approver'],
      tokenHash: own.hash,
    });
    await confirmPerson(register, anton.token, both.id);
    const first = await register.authenticate(own.secret);
    const second = await issueToken(register, { token: first.token.id }, both.id);
    const opened = await openCase(register, first.token.id, COURT);
    const request = await makeRequest(register, first.token.id, {
      case: opened.id,
      reason: 'x',
      questions: [QUESTION],
    });
    for (const token of [first.token.id, second.id]) {
      expect(await codeOf(approveRequest(register, token, request.id, request.digest))).toBe(
        'request.own-approval',
      );
    }
    expect(await codeOf(approveRequest(register, rita.token, request.id, request.digest))).toBe('auth.role');
    expect(await codeOf(approveRequest(register, anton.token, request.id, request.digest))).toBe('done');
  });

  it('names what was seen', async () => {
    const office = await openOffice();
    const request = await makeOne(office);
    expect(
      await codeOf(approveRequest(office.register, office.anton.token, request.id, '0'.repeat(64))),
    ).toBe('request.digest');
  });

  it('is void when the request is changed, even to what it was', async () => {
    const office = await openOffice();
    const { register, rita, anton } = office;
    const request = await makeOne(office);
    const { id } = await approveRequest(register, anton.token, request.id, request.digest);
    const other = { reason: request.reason, questions: [{ ...QUESTION, port: 4712 }] };
    const changed = await changeRequest(register, rita.token, request.id, other);
    expect(changed.digest).not.toBe(request.digest);
    expect(register.state.grants.get(id)?.state).toBe('void');
    expect(thrown(() => liveGrant(register, rita.id, request.id))).toBe('grant.void');
    const back = await changeRequest(register, rita.token, request.id, {
      reason: request.reason,
      questions: request.questions,
    });
    expect(back.digest).not.toBe(request.digest);
    expect(await codeOf(approveRequest(register, anton.token, request.id, request.digest))).toBe(
      'request.digest',
    );
    expect(await codeOf(approveRequest(register, anton.token, request.id, back.digest))).toBe('done');
  });

  it('is one at a time, and another one after it has expired', async () => {
    const office = await openOffice();
    const { register, rita, anton, time } = office;
    const request = await makeOne(office);
    await approveRequest(register, anton.token, request.id, request.digest);
    expect(await codeOf(approveRequest(register, anton.token, request.id, request.digest))).toBe(
      'request.approved',
    );
    time.now = (time.now + 86_400_000) as Millis;
    expect(thrown(() => liveGrant(register, rita.id, request.id))).toBe('grant.expired');
    expect(await codeOf(approveRequest(register, anton.token, request.id, request.digest))).toBe('done');
    expect(thrown(() => liveGrant(register, rita.id, request.id))).toBe('done');
  });
});

describe('a request', () => {
  it('is changed and run by its requester only', async () => {
    const office = await openOffice();
    const { register, rita, anton } = office;
    const request = await makeOne(office);
    const own = newToken('person');
    const nina = await proposePerson(register, rita.token, {
      name: 'Nina',
      roles: ['requester'],
      tokenHash: own.hash,
    });
    await confirmPerson(register, anton.token, nina.id);
    const { token } = await register.authenticate(own.secret);
    const scope = { reason: 'x', questions: [QUESTION] };
    expect(await codeOf(changeRequest(register, token.id, request.id, scope))).toBe('request.not-yours');
    expect(thrown(() => liveGrant(register, nina.id, request.id))).toBe('request.not-yours');
    expect(thrown(() => liveGrant(register, rita.id, request.id))).toBe('request.not-approved');
    expect(thrown(() => liveGrant(register, rita.id, 'r-0'))).toBe('request.unknown');
  });

  it('stands on a case, and its questions are understood before it is made', async () => {
    const { register, rita } = await openOffice();
    const none = { case: 'c-0000000000000000', reason: 'x' };
    expect(await codeOf(makeRequest(register, rita.token, { ...none, questions: [QUESTION] }))).toBe(
      'case.unknown',
    );
    const local = { ...QUESTION, at: '2026-11-20T08:00:00' };
    await expect(
      makeRequest(register, rita.token, { ...none, questions: [QUESTION, local] }),
    ).rejects.toMatchObject({
      code: 'time.no-offset',
      where: 'questions/1/at',
    });
  });
});
