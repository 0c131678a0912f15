import { join } from 'node:path';
import { expect } from 'vitest';
import { openAccounts } from '../../src/accounts/open-accounts.ts';
import type { AccountId, Site } from '../../src/model/accounts.ts';
import type { IpAddress, Port } from '../../src/model/address.ts';
import { canonicalRequestId } from '../../src/model/records.ts';
import { systemClock, type Millis } from '../../src/model/time.ts';
import { SqliteQuery } from '../../src/records/sqlite/query.ts';
import type { Released } from './load.ts';
import type { Seen } from './reporting-upstream.ts';

const LOCALHOST = '127.0.0.1' as IpAddress;
const FORUM = 'forum' as Site;
const MINUTE = 60_000;

/** Each request that the web service saw: its gateway-side endpoint names one contact, and an unsafe one its id. */
export async function checkRequests(data: string, seen: readonly Seen[]): Promise<void> {
  const query = new SqliteQuery(data, systemClock, () => false);
  const missing: Seen[] = [];
  for (const request of seen) {
    const window = { from: (request.at - 1000) as Millis, to: (request.at + 1000) as Millis };
    const found = query.byEgress(LOCALHOST, request.remotePort as Port, window, 10);
    if (found.total === 0) missing.push(request);
    if (request.method !== 'POST') continue;
    const id = canonicalRequestId(request.requestId);
    if (id === null || query.byRequest(id) === null) missing.push(request);
  }
  query.close();
  expect(missing).toEqual([]);
}

/** Each answer that a client got whole has what it announced. */
export async function checkReleased(data: string, released: readonly Released[]): Promise<void> {
  const accounts = await openAccounts({ directory: data, keysDirectory: join(data, 'keys') });
  const query = new SqliteQuery(data, systemClock, () => false);
  const now = Date.now();
  const period = { from: (now - 10 * MINUTE) as Millis, to: (now + MINUTE) as Millis };
  const missing: string[] = [];
  for (const { kind, account } of released) {
    if (account === null) continue;
    const [subject] = await accounts.subjects.subjectsOf(FORUM, account as AccountId, period.from, period.to);
    if (subject === undefined) missing.push(`${kind} ${account}: no subject`);
    else if (query.bySubject(subject, period, 10).total === 0) missing.push(`${kind} ${account}: no binding`);
    else if (!query.sessionsOf(subject, period, 10).some(({ event }) => event === 'login'))
      missing.push(`${kind} ${account}: no session`);
    else if (kind === 'post' && query.publicationsOf(subject, period, 10).length === 0)
      missing.push(`${kind} ${account}: no publication`);
  }
  query.close();
  await accounts.close();
  expect(missing).toEqual([]);
}
