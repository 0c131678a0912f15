import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifyData } from '../../src/app/verify.ts';
import { systemClock } from '../../src/model/time.ts';
import { recoverRecords } from '../../src/records/sqlite/store.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { loadUntil } from './load.ts';
import { checkReleased, checkRequests } from './recorded.ts';
import { startReportingUpstream } from './reporting-upstream.ts';
import { plainConfig, serve } from './serve.ts';

const LONG = process.env['SHUDI_LONG'] === '1';
/** Of the whole suite: half with one worker, half with three. */
const ROUNDS = LONG ? 200 : 10;

describe('SIGKILL of the process tree under load', () => {
  it.each([1, 3])(
    `${ROUNDS / 2} times, with %i workers: what reached the upstream has its record, every released log-in its binding and session`,
    async (workers) => {
      const directory = temporaryDirectory();
      const data = join(directory, 'data');
      const upstream = await startReportingUpstream();
      const counted = { requests: 0, logins: 0, posts: 0 };
      for (let round = 0; round < ROUNDS / 2; round += 1) {
        upstream.seen.length = 0;
        const gateway = await serve(
          directory,
          plainConfig(directory, upstream.port, { gateway: { workers } }),
        );
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
      expect(counted.requests).toBeGreaterThan(ROUNDS * 10);
      expect(counted.logins).toBeGreaterThan(ROUNDS * 2);
      expect(counted.posts).toBeGreaterThan(ROUNDS / 2);
    },
    LONG ? 3_600_000 : 180_000,
  );
});
