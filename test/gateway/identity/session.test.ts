import { describe, expect, it } from 'vitest';
import { createIdentity } from '../../../src/gateway/identity/identity.ts';
import type { AccountId, BoundSession, SessionDirectory, Site } from '../../../src/model/accounts.ts';
import type { Millis } from '../../../src/model/time.ts';

const FORUM = 'forum' as Site;
const ANNA: BoundSession = { account: 'anna' as AccountId, since: 1000 as Millis };

/** A directory that knows `anna` in memory, `bert` on disk only, and everybody else as nobody's. */
function directory(asked: string[]): SessionDirectory {
  return {
    find: (site, cookie) =>
      cookie === 'anna' && site === FORUM ? ANNA : cookie === 'out' ? null : undefined,
    load: (site, cookie) => {
      asked.push(`${site}/${cookie}`);
      if (cookie === 'broken') return Promise.reject(new Error('vault'));
      return Promise.resolve(cookie === 'bert' ? { account: 'bert' as AccountId, since: 5 as Millis } : null);
    },
    bind: () => Promise.resolve(),
    unbind: () => Promise.resolve(),
    tagOf: (site, cookie) => `${site}/${cookie}`,
    changed: () => Promise.resolve(),
    onChanged: () => undefined,
  };
}

describe('identity header', () => {
  const asked: string[] = [];
  const identity = createIdentity(
    FORUM,
    { mode: 'header', cookie: 'sid' },
    directory(asked),
    () => 0 as Millis,
  );
  const of = (cookie: string | undefined) => identity.identify({ cookie, authorization: undefined });

  it('tells a session that is known at once, without a promise', () => {
    expect(of('x=1; sid=anna')).toEqual({ account: 'anna', since: 1000, learned: 'session' });
    expect(of('sid=out')).toBeNull();
    expect(of('x=anna')).toBeNull();
    expect(of(undefined)).toBeNull();
    expect(asked).toEqual([]);
  });

  it('loads one that is not, and tells a failure as one', async () => {
    await expect(of('sid=bert')).resolves.toEqual({ account: 'bert', since: 5, learned: 'session' });
    await expect(of('sid=carl')).resolves.toBeNull();
    await expect(of('sid=broken')).rejects.toThrow('vault');
    expect(asked).toEqual(['forum/bert', 'forum/carl', 'forum/broken']);
  });

  it('mode none knows nobody', () => {
    const none = createIdentity(FORUM, { mode: 'none' }, directory([]), () => 0 as Millis);
    expect(none.identify({ cookie: 'sid=anna', authorization: 'Bearer x' })).toBeNull();
  });
});
