import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openAccounts } from '../../src/accounts/open-accounts.ts';
import { verifyData } from '../../src/app/verify.ts';
import type { AccountId, Site } from '../../src/model/accounts.ts';
import type { IpAddress, Port } from '../../src/model/address.ts';
import { canonicalRequestId } from '../../src/model/records.ts';
import { systemClock, type Millis } from '../../src/model/time.ts';
import { SqliteQuery } from '../../src/records/sqlite/query.ts';
import { recoverRecords } from '../../src/records/sqlite/store.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { loadUntil, type Released } from './load.ts';
import { startReportingUpstream, type Seen } from './reporting-upstream.ts';
import { plainConfig, serve } from './serve.ts';

const LONG = process.env['SHUDI_LONG'] === '1';
const ROUNDS = LONG ? 200 : 10;
const LOCALHOST = '127.0.0.1' as IpAddress;
const FORUM = 'forum' as Site;
const MINUTE = 60_000;

describe('SIGKILL of the process tree under load', () => {
  it(
    `${ROUNDS} times: what reached the upstream has its record, every released log-in its binding and session`,
    async () => {
      const directory = temporaryDirectory();
      const data = join(directory, 'data');
      const upstream = await startReportingUpstream();
      const counted = { requests: 0, logins: 0, posts: 0 };
      for (let round = 0; round < ROUNDS; round += 1) {
        upstream.seen.length = 0;
        const gateway = await serve(directory, plainConfig(directory, upstream.port));
        let dead = false;
        const load = loadUntil(gateway.gatewayPort, round, 16, () => dead);
        await new Promise((resolve) => setTimeout(resolve, 100 + ((round * 137) % 500)));
        await gateway.kill();
        dead = true;
        const released = await load;
        recoverRecords({ directory: data, durability: 'fsync' }, systemClock);
        await checkRequests(data, upstream.seen);
        await checkReleased(data, released);
        counted.requests += upstream.seen.length;
        counted.logins += released.filter(({ kind }) => kind === 'login').length;
        counted.posts += released.filter(({ kind }) => kind === 'post').length;
      }
      await upstream.close();
      expect(verifyData(data)).toMatchObject({ ok: true });
      // A load that does nothing proves nothing.
      expect(counted.requests).toBeGreaterThan(ROUNDS * 20);
      expect(counted.logins).toBeGreaterThan(ROUNDS * 5);
      expect(counted.posts).toBeGreaterThan(ROUNDS);
    },
    LONG ? 3_600_000 : 180_000,
  );
});

/** Each request that the web service saw: its gateway-side endpoint names one contact, and an unsafe one its id. */
async function checkRequests(data: string, seen: readonly Seen[]): Promise<void> {
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

async function checkReleased(data: string, released: readonly Released[]): Promise<void> {
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
