import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readSealed } from '../../src/accounts/read-sealed.ts';
import { openIdentity, readDisclosureKey } from '../../src/disclosure/disclosure-key.ts';
import { canonicalAccount } from '../../src/model/accounts.ts';
import type { Millis } from '../../src/model/time.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { account, commits, createHome, DECEMBER, FORUM, NOVEMBER } from './support.ts';

const parent = temporaryDirectory();

describe('subjects', () => {
  it('change with the month in UTC, to the millisecond', async () => {
    const accounts = await createHome(parent, 'edge').open();
    const last = await accounts.subjects.subjectOf(FORUM, account('42'), (DECEMBER - 1) as Millis);
    const first = await accounts.subjects.subjectOf(FORUM, account('42'), DECEMBER);
    expect(first).not.toBe(last);
    await accounts.close();
  });

  it('are one for concurrent calls, which share their commit', async () => {
    const accounts = await createHome(parent, 'concurrent').open();
    const calls = Array.from({ length: 100 }, () =>
      accounts.subjects.subjectOf(FORUM, account('42'), NOVEMBER),
    );
    expect(new Set(await Promise.all(calls)).size).toBe(1);
    expect(commits(accounts)).toBe(1);
    const many = Array.from({ length: 300 }, (_, i) =>
      accounts.subjects.subjectOf(FORUM, account(`u${i}`), NOVEMBER),
    );
    expect(new Set(await Promise.all(many)).size).toBe(300);
    expect(commits(accounts)).toBeLessThan(20);
    await accounts.close();
  });

  it('are one when two openings of the vault make it at once', async () => {
    const home = createHome(parent, 'two');
    const [one, two] = await Promise.all([home.open(), home.open()]);
    const names = Array.from({ length: 50 }, (_, i) => account(`u${i}`));
    const [ours, theirs] = await Promise.all(
      [one, two].map((accounts) =>
        Promise.all(names.map((name) => accounts.subjects.subjectOf(FORUM, name, NOVEMBER))),
      ),
    );
    expect(ours).toEqual(theirs);
    await Promise.all([one.close(), two.close()]);
  });

  it('are the same after a restart', async () => {
    const home = createHome(parent, 'restart');
    const before = await home.open();
    const subject = await before.subjects.subjectOf(FORUM, account('42'), NOVEMBER);
    expect(before.subjects.known(FORUM, account('42'), NOVEMBER)).toBe(subject);
    await before.close();
    const after = await home.open();
    expect(after.subjects.known(FORUM, account('42'), NOVEMBER)).toBeNull();
    expect(await after.subjects.subjectOf(FORUM, account('42'), NOVEMBER)).toBe(subject);
    expect(after.subjects.known(FORUM, account('42'), NOVEMBER)).toBe(subject);
    expect(after.subjects.known(FORUM, account('42'), DECEMBER)).toBeNull();
    expect(commits(after)).toBe(0);
    await after.close();
  });

  it('are drawn again when the drawn one is taken', async () => {
    const draws = ['0000000000000001', '0000000000000001', '0000000000000001', '0000000000000002'];
    const random = (length: number): Buffer =>
      Buffer.from(draws.shift() ?? randomBytes(length).toString('hex'), 'hex');
    const home = createHome(parent, 'collision');
    const accounts = await home.open({ random });
    const [a, b] = [account('a'), account('b')];
    expect(await accounts.subjects.subjectOf(FORUM, a, NOVEMBER)).toBe('0000000000000001');
    const second = await accounts.subjects.subjectOf(FORUM, b, NOVEMBER);
    expect(second).toBe('0000000000000002');
    const sealed = readSealed(home.vaultPath, [second]).get(second) ?? null;
    if (sealed === null) throw new Error('not stored');
    expect(await openIdentity(readDisclosureKey(home.keysDirectory), sealed)).toEqual({
      site: FORUM,
      account: b,
    });
    await accounts.close();
  });

  it('reject when nothing but taken ones is drawn', async () => {
    const accounts = await createHome(parent, 'exhausted').open({ random: (length) => Buffer.alloc(length) });
    await accounts.subjects.subjectOf(FORUM, account('a'), NOVEMBER);
    await expect(accounts.subjects.subjectOf(FORUM, account('b'), NOVEMBER)).rejects.toMatchObject({
      code: 'vault.unavailable',
    });
    await accounts.close();
  });

  it('refuse work beyond their bound instead of piling it up', async () => {
    const accounts = await createHome(parent, 'busy').open({ limits: { waiting: 10 } });
    const calls = Array.from({ length: 50 }, (_, i) =>
      accounts.subjects.subjectOf(FORUM, account(`u${i}`), NOVEMBER),
    );
    const outcomes = await Promise.allSettled(calls);
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'vault.busy' });
    expect(accounts.stats().seals.refused).toBe(refused.length);
    expect(await accounts.subjects.subjectOf(FORUM, account('u49'), NOVEMBER)).toMatch(/^[0-9a-f]{16}$/);
    await accounts.close();
  });

  it('reject after the end', async () => {
    const accounts = await createHome(parent, 'closed').open();
    const late = accounts.subjects.subjectOf(FORUM, account('before'), NOVEMBER);
    await accounts.close();
    expect(await late).toMatch(/^[0-9a-f]{16}$/);
    await expect(accounts.subjects.subjectOf(FORUM, account('after'), NOVEMBER)).rejects.toMatchObject({
      code: 'vault.unavailable',
    });
  });
});

describe('canonicalAccount', () => {
  it('refuses lone surrogates, which would make two accounts one', () => {
    expect(canonicalAccount('a\ud800')).toBeNull();
    expect(canonicalAccount('用户42')).toBe('用户42');
  });
});
