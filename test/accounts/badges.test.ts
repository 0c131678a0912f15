import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { BadgePolicy } from '../../src/model/accounts.ts';
import { DAY_MS, type Millis } from '../../src/model/time.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { account, commits, createHome, FORUM, NOVEMBER, region, V4, V6, WIKI } from './support.ts';

const parent = temporaryDirectory();
const A = account('a');
const days = (count: number): Millis => (NOVEMBER + count * DAY_MS) as Millis;

describe('badges', () => {
  it('show the region of the last act, without its address or time', async () => {
    const home = createHome(parent, 'shown');
    const accounts = await home.open();
    expect(accounts.badges.get(FORUM, A)).toBeNull();
    await accounts.badges.publish(FORUM, A, region('CN-GD'), V4, NOVEMBER);
    expect(accounts.badges.get(FORUM, A)).toEqual({
      code: 'CN-GD',
      source: 'ip2region',
      dataVersion: '2024-02',
    });
    expect(accounts.badges.get(WIKI, A)).toBeNull();
    await accounts.badges.publish(FORUM, A, region('CN-ZJ'), V4, NOVEMBER);
    expect(accounts.badges.get(FORUM, A)?.code).toBe('CN-ZJ');
    await accounts.close();
    const database = new DatabaseSync(home.vaultPath, { readOnly: true });
    const rows = database.prepare('SELECT last_v4_province, last_v4_day FROM badges').all();
    database.close();
    expect(rows.map((row) => ({ ...row }))).toEqual([{ last_v4_province: null, last_v4_day: null }]);
  });

  it('are on disk before publish resolves, also for a call that finds the write under way', async () => {
    const home = createHome(parent, 'underway');
    const accounts = await home.open();
    const first = accounts.badges.publish(FORUM, A, region('CN-GD'), V4, NOVEMBER);
    await accounts.badges.publish(FORUM, A, region('CN-GD'), V4, NOVEMBER);
    expect(accounts.badges.get(FORUM, A)?.code).toBe('CN-GD');
    expect(codes(home.vaultPath)).toEqual(['CN-GD']);
    expect(commits(accounts)).toBe(1);
    await first;
    await accounts.close();
  });

  it('show the last of many acts at once', async () => {
    const home = createHome(parent, 'order');
    const accounts = await home.open();
    const acts = ['CN-GD', 'CN-ZJ', 'CN-GD', 'US', 'CN-HK'];
    await Promise.all(acts.map((code) => accounts.badges.publish(FORUM, A, region(code), V4, NOVEMBER)));
    expect(accounts.badges.get(FORUM, A)?.code).toBe('CN-HK');
    await accounts.close();
    expect(codes(home.vaultPath)).toEqual(['CN-HK']);
  });

  it('are read in pages', async () => {
    const home = createHome(parent, 'pages');
    await (await home.open()).close();
    const database = new DatabaseSync(home.vaultPath);
    database.exec(
      'INSERT INTO badges WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 45000) ' +
        "SELECT randomblob(32), 'C' || (i % 7), 's', 'v', NULL, NULL FROM n",
    );
    database.close();
    const accounts = await home.open();
    await accounts.badges.publish(FORUM, A, region('CN-GD'), V4, NOVEMBER);
    expect(accounts.badges.get(FORUM, A)?.code).toBe('CN-GD');
    await accounts.close();
    expect(codes(home.vaultPath)).toHaveLength(45_001);
  });

  it('keep what is stored when a write fails', async () => {
    const home = createHome(parent, 'failed');
    const accounts = await home.open();
    await accounts.badges.publish(FORUM, A, region('CN-GD'), V4, NOVEMBER);
    const holder = new DatabaseSync(home.vaultPath);
    holder.exec('BEGIN IMMEDIATE');
    const failing = accounts.badges.publish(FORUM, A, region('CN-ZJ'), V4, NOVEMBER);
    await expect(failing).rejects.toMatchObject({ code: 'vault.unavailable' });
    expect(accounts.badges.get(FORUM, A)?.code).toBe('CN-GD');
    holder.close();
    await accounts.badges.publish(FORUM, A, region('CN-ZJ'), V4, NOVEMBER);
    expect(accounts.badges.get(FORUM, A)?.code).toBe('CN-ZJ');
    await accounts.close();
  });
});

describe('a policy that shows the last province', () => {
  const lastProvince: BadgePolicy = (previous, answer, isV4, day) => {
    if (isV4 || answer.code !== 'CN') return answer.code;
    const { lastProvince: province = null, lastDay = null } = previous ?? {};
    return province !== null && lastDay !== null && day - lastDay <= 30 ? province : answer.code;
  };

  it('finds the province and its day, also after a restart', async () => {
    const home = createHome(parent, 'policy');
    const before = await home.open({ badgePolicy: lastProvince });
    await before.badges.publish(FORUM, A, region('CN'), V6, days(0));
    expect(before.badges.get(FORUM, A)?.code).toBe('CN');
    await before.badges.publish(FORUM, A, region('CN-GD'), V4, days(1));
    await before.badges.publish(FORUM, A, region('US'), V4, days(2));
    await before.badges.publish(FORUM, A, region('CN-HK'), V4, days(3));
    await before.badges.publish(FORUM, A, region('CN-ZJ'), V6, days(4));
    await before.close();
    const after = await home.open({ badgePolicy: lastProvince });
    await after.badges.publish(FORUM, A, region('CN'), V6, days(31));
    expect(after.badges.get(FORUM, A)).toEqual({
      code: 'CN-GD',
      source: 'last-province',
      dataVersion: '2024-02',
    });
    await after.badges.publish(FORUM, A, region('CN'), V6, days(32));
    expect(after.badges.get(FORUM, A)?.code).toBe('CN');
    await after.close();
  });

  it('costs a write a week, not one an act', async () => {
    const accounts = await createHome(parent, 'weekly').open({ badgePolicy: lastProvince });
    for (let day = 0; day < 28; day++)
      await accounts.badges.publish(FORUM, A, region('CN-GD'), V4, days(day));
    expect(commits(accounts)).toBe(4);
    await accounts.close();
  });
});

function codes(path: string): unknown[] {
  const database = new DatabaseSync(path, { readOnly: true });
  const rows = database.prepare('SELECT code FROM badges').all();
  database.close();
  return rows.map((row) => row['code']);
}
