import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openLocalJournal } from '../../src/disclosure/local-journal.ts';
import { bootstrapPeople } from '../../src/disclosure/people.ts';
import { makeRequest, openCase } from '../../src/disclosure/paper-trail.ts';
import { Register } from '../../src/disclosure/register.ts';
import { openJournal } from '../../src/ledger/journal-store.ts';
import type { Clock, Millis } from '../../src/model/time.ts';

export const COURT = {
  kind: 'court-order',
  fields: { court: 'Haidian District Court', orderNumber: '(2026) 118', orderDate: '2026-11-20' },
};

export const QUESTION = { outside: '203.0.113.7', port: 4711, at: '2026-11-20T08:00:00+08:00' };

/** A register on a journal of the test's own, with a clock that the test moves; gone when the test ends. */
export async function openRegister() {
  const directory = mkdtempSync(join(tmpdir(), 'shudi-register-'));
  const path = join(directory, 'journal.sqlite');
  const time = { now: Date.UTC(2026, 10, 22) as Millis };
  const clock: Clock = () => time.now;
  openJournal(path, { clock }).close();
  const journal = openLocalJournal(path);
  onTestFinished(async () => {
    await journal.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const register = new Register({ journal, clock });
  /** What another process would see. */
  const another = (): Register => new Register({ journal, clock });
  return { path, journal, register, another, time };
}

/** With its first two people; tokens by their ids, as the paper trail takes them. */
export async function openOffice() {
  const opened = await openRegister();
  const { requester, approver } = await bootstrapPeople(opened.register, {
    requester: 'Rita',
    approver: 'Anton',
  });
  return {
    ...opened,
    rita: { id: requester.person.id, token: requester.token.id, secret: requester.token.secret },
    anton: { id: approver.person.id, token: approver.token.id, secret: approver.token.secret },
  };
}

export type Office = Awaited<ReturnType<typeof openOffice>>;

export async function makeOne(office: Office) {
  const opened = await openCase(office.register, office.rita.token, COURT);
  return makeRequest(office.register, office.rita.token, {
    case: opened.id,
    reason: 'Fraud',
    questions: [QUESTION],
  });
}

/** The code that a promise is refused with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'done',
    (error: unknown) =>
      error instanceof Error && 'code' in error ? String(error.code) : `unexpected: ${String(error)}`,
  );
}
