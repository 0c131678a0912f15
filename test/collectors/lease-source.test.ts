import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Accounts } from '../../src/accounts/open-accounts.ts';
import type { ToldAccounting, ToldLease } from '../../src/collectors/lease-feed.ts';
import { LeaseSource, lineAccount, subscriberAccount } from '../../src/collectors/lease-source.ts';
import { canonicalAccount, type AccountId, type Site } from '../../src/model/accounts.ts';
import type { IpAddress } from '../../src/model/address.ts';
import { DAY_MS, type Millis } from '../../src/model/time.ts';
import { createHome } from '../accounts/support.ts';
import { at, endpoint, NOON } from '../records/items.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { SEEDED } from '../support/seed.ts';
import { NAME, openWorld, told, type World } from './recorded-world.ts';

const ISP = 'isp' as Site;
const MIDNIGHT = at('2026-11-21T00:00:00.000Z');
const root = temporaryDirectory();
let accounts: Accounts;
beforeAll(async () => {
  accounts = await createHome(root, 'vault').open();
});
afterAll(() => accounts.close());

const lease = (changes: Partial<ToldLease> = {}): ToldLease => ({
  event: 'start',
  timeMs: NOON,
  session: '0011223344556677',
  server: 'bras-1',
  address: '100.64.0.1' as IpAddress,
  bits: 32,
  userName: 'anna@isp.example',
  callingStation: '02-00-00-00-00-01',
  ...changes,
});

let requests = 0;
const accounting = (changes: Partial<ToldAccounting> = {}): ToldAccounting => ({
  original: Buffer.from(`request ${(requests += 1)}`),
  sentMs: null,
  byOurClock: false,
  leases: [lease()],
  translations: [],
  restarted: null,
  ...changes,
});

function opened(
  options: Parameters<typeof openWorld>[0] = {},
  of: Accounts = accounts,
): World & { feed: LeaseSource } {
  const world = openWorld(options);
  return { ...world, feed: new LeaseSource({ source: world.source, subjects: of.subjects, site: ISP }) };
}

const subjectsOf = (account: AccountId) => accounts.subjects.subjectsOf(ISP, account, NOON, NOON);

describe('an accounting message', () => {
  it('of a prefix that no question would find is counted, and the rest of it stored', async () => {
    const { feed, rows, source } = opened();
    const short = lease({ address: '2000::' as IpAddress, bits: 15 });
    const wide = lease({ address: '10.0.0.0' as IpAddress, bits: 7 });
    const shortest = lease({ address: '2001::' as IpAddress, bits: 16 });
    expect(await feed.account(accounting({ leases: [short, wide, shortest, lease()] }))).toBe(true);
    expect(rows('lease').map(({ bits }) => bits)).toEqual([16, 32]);
    expect(source.rejections.counts()).toEqual({ 'radius-prefix': 2 });
    expect(await feed.account(accounting({ leases: [short] }))).toBe(true);
  });

  it('becomes leases with the subjects of the vault; no name and no number of a line is in a row', async () => {
    const { feed, rows } = opened({ realm: 'east' });
    expect(feed.name).toBe(NAME);
    const second = lease({ address: '2001:db8:7::' as IpAddress, bits: 56, callingStation: null });
    expect(await feed.account(accounting({ leases: [lease(), second] }))).toBe(true);
    const [subject] = await subjectsOf(subscriberAccount('anna@isp.example'));
    const [line] = await subjectsOf(lineAccount('02-00-00-00-00-01'));
    expect([subject, line]).toEqual([
      expect.stringMatching(/^[0-9a-f]{16}$/),
      expect.stringMatching(/^[0-9a-f]{16}$/),
    ]);
    expect(subject).not.toBe(line);
    const common = {
      type: 'lease',
      message: rows('message')[0]?.id,
      source: NAME,
      event: 'start',
      session: '0011223344556677',
      server: 'bras-1',
      realm: 'east',
      subject,
      at: NOON,
    };
    expect(rows('lease')).toEqual([
      { ...common, place: 0, address: '100.64.0.1', bits: 32, line },
      { ...common, place: 1, address: '2001:db8:7::', bits: 56, line: null },
    ]);
    expect(rows('message')).toMatchObject([{ dialect: 'radius', at: NOON, received: NOON }]);
    expect(JSON.stringify([rows('lease'), rows('message')])).not.toMatch(/anna|02-00/);
  });

  it('gives its port blocks places behind the leases; what lies on two days has a message on each', async () => {
    const { feed, rows, to } = opened();
    to(MIDNIGHT + 1000 - NOON);
    const message = accounting({
      leases: [lease({ timeMs: MIDNIGHT - 1 }), lease({ timeMs: MIDNIGHT + 1 })],
      translations: [
        told({ timeMs: MIDNIGHT - 2, inside: endpoint('100.64.0.1', null) }),
        told({ timeMs: MIDNIGHT }),
      ],
    });
    expect(await feed.account(message)).toBe(true);
    expect(rows('lease').map(({ place, at: time }) => [place, time - MIDNIGHT])).toEqual([
      [0, -1],
      [1, 1],
    ]);
    expect(rows('translation').map(({ place, at: time }) => [place, time - MIDNIGHT])).toEqual([
      [2, -2],
      [3, 0],
    ]);
    expect(rows('message').map((row) => row.at - MIDNIGHT)).toEqual([-2, 0]);
    expect(new Set(rows('message').map(({ id }) => id)).size).toBe(1);
  });

  it('of a time that cannot be true is answered, counted and left out', async () => {
    const { feed, rows, source } = opened();
    expect(await feed.account(accounting({ leases: [lease({ timeMs: NOON - 8 * DAY_MS })] }))).toBe(true);
    expect([rows('lease'), rows('message')]).toEqual([[], []]);
    expect(source.rejections.counts()).toEqual({ time: 1 });
  });

  it('by our clock is not corrected, also when the clock of its server was measured; by its own it is once', async () => {
    const { feed, rows, source, to } = opened();
    const ahead = 3_600_000;
    await feed.account(
      accounting({ sentMs: NOON + ahead, leases: [lease({ timeMs: NOON + ahead - 2000 })] }),
    );
    const measured = source.measured();
    expect(measured.offsetMs).toBeLessThan(-ahead + 1000);
    to(5000);
    const ours = { byOurClock: true, sentMs: null } as const;
    await feed.account(
      accounting({
        ...ours,
        leases: [lease({ timeMs: NOON + 2000 })],
        translations: [told({ timeMs: NOON + 2001 })],
      }),
    );
    await feed.account(
      accounting({ ...ours, leases: [], restarted: { server: 'bras-1', timeMs: NOON + 4000 } }),
    );
    expect(rows('lease').map((row) => row.at)).toEqual([
      NOON + ahead - 2000 + measured.offsetMs,
      NOON + 2000,
    ]);
    expect(rows('translation').map((row) => row.at)).toEqual([NOON + 2001]);
    expect(rows('restart').map((row) => row.at)).toEqual([NOON + 4000]);
    expect(rows('message').map(({ offsetMs, clockErrorMs }) => [offsetMs, clockErrorMs])).toEqual([
      [measured.offsetMs, measured.errorMs],
      [0, null],
    ]);
    // Nor does it measure anything: our own time would say that the server's clock is right.
    expect(source.measured()).toEqual(measured);
  });

  it('that names nobody has neither subject', async () => {
    const { feed, rows } = opened();
    await feed.account(accounting({ leases: [lease({ userName: null, callingStation: null })] }));
    expect(rows('lease')).toMatchObject([{ subject: null, line: null }]);
  });

  it('On and Off are a restart of that server alone', async () => {
    const { feed, rows, source, reader, to } = opened();
    await feed.account(accounting());
    await feed.account(
      accounting({
        leases: [lease({ server: 'bras-2', session: '88', address: '100.64.0.2' as IpAddress })],
      }),
    );
    to(5000);
    await feed.account(
      accounting({ leases: [], sentMs: null, restarted: { server: 'bras-1', timeMs: null } }),
    );
    expect(rows('restart')).toEqual([{ type: 'restart', source: NAME, server: 'bras-1', at: NOON + 5000 }]);
    expect(source.counts).toMatchObject({ restarts: 1, leases: 2 });
    const window = { from: NOON, to: (NOON + 9000) as Millis };
    const held = async (address: string) =>
      (await reader.leases(address as IpAddress, window, 10)).leases.map(({ to: end, ended }) => [
        end,
        ended,
      ]);
    expect(await held('100.64.0.1')).toEqual([[NOON + 5000, 'restart']]);
    expect(await held('100.64.0.2')).toEqual([[null, null]]);
  });

  it('without a vault is not stored, and not answered: the access server sends again', async () => {
    const gone = await createHome(root, 'gone').open();
    const { feed, rows, source } = opened({}, gone);
    await gone.close();
    expect(await feed.account(accounting({ translations: [told()] }))).toBe(false);
    expect([rows('lease'), rows('message'), rows('translation')]).toEqual([[], [], []]);
    expect(source.heard).toBe(NOON);
  });

  it('that the recorder refuses is not answered either', async () => {
    const { feed, rows, writer } = opened();
    writer.refuses = true;
    const message = accounting();
    expect(await feed.account(message)).toBe(false);
    writer.refuses = false;
    expect(await feed.account(message)).toBe(true);
    expect(rows('lease')).toHaveLength(1);
  });
});

describe('names', () => {
  const CASES: readonly [string, string | RegExp][] = [
    ['anna@isp.example', 'anna@isp.example'],
    ['anna b', 'anna%20b'],
    ['100%', '100%25'],
    ['%', '%25'],
    ['', '%'],
    ['a\0b\n', 'a%00b%0A'],
    ['张三@宽带', '张三@宽带'],
    ['a\u3000b', 'a%E3%80%80b'],
    ['\u{1F600}', '%F0%9F%98%80'],
    ['\ud800', '%ED%A0%80'],
    ['\ufffd', '%EF%BF%BD'],
    ['line:7', '%6Cine:7'],
    ['x'.repeat(128), 'x'.repeat(128)],
    ['x'.repeat(300), /^x{80}%~[0-9a-f]{46}$/],
  ];
  for (const [name, account] of CASES)
    it(`${JSON.stringify(name).slice(0, 20)} is an account of the vault`, async () => {
      const { feed, rows } = opened();
      expect(subscriberAccount(name)).toEqual(
        typeof account === 'string' ? account : expect.stringMatching(account),
      );
      expect(
        await feed.account(accounting({ leases: [lease({ userName: name, callingStation: name })] })),
      ).toBe(true);
      const [row] = rows('lease');
      expect([row?.subject]).toEqual(await subjectsOf(subscriberAccount(name)));
      expect([row?.line]).toEqual(await subjectsOf(lineAccount(name)));
      expect(row?.line).not.toBe(row?.subject);
    });

  const units = (maxLength: number) =>
    fc
      .array(
        fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0x25, 0x41, 0x7e, 0xd800, 0xdc00)),
        { maxLength },
      )
      .map((codes) => String.fromCharCode(...codes));
  const name = fc.oneof(
    units(8),
    units(300),
    // Such as are cut at the same place.
    fc
      .tuple(fc.constantFrom('a', ' ', '%'), fc.integer({ min: 20, max: 140 }), units(3))
      .map(([fill, length, end]) => fill.repeat(length) + end),
    units(8).map((text) => `line:${text}`),
  );

  it('that differ are different accounts, whatever they are, and never a line', () => {
    const owners = new Map<string, string>();
    const mustBeOwn = (account: AccountId, owner: string): void => {
      expect(canonicalAccount(account)).toBe(account);
      expect(owners.get(account) ?? owner).toBe(owner);
      owners.set(account, owner);
    };
    fc.assert(
      fc.property(name, (text) => {
        const account = subscriberAccount(text);
        mustBeOwn(account, `user ${text}`);
        mustBeOwn(lineAccount(text), `line ${text}`);
        // Somebody may take another's account id for a name.
        for (const taken of [account, lineAccount(text)])
          mustBeOwn(subscriberAccount(taken), `user ${taken}`);
      }),
      { numRuns: 3000, ...SEEDED },
    );
    expect(owners.size).toBeGreaterThan(5000);
  });
});
