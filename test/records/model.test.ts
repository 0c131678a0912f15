import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Subject } from '../../src/model/accounts.ts';
import type { IpAddress, Port } from '../../src/model/address.ts';
import type { RecordItem, RequestId } from '../../src/model/records.ts';
import type { Millis } from '../../src/model/time.ts';
import { openMemoryRecords } from '../../src/records/memory.ts';
import { SqliteQuery } from '../../src/records/sqlite/query.ts';
import { lineOf } from '../../src/records/sqlite/schema.ts';
import { openStore } from '../../src/records/sqlite/store.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { binding, connection, egress, plus } from './items.ts';

const RUNS = process.env['SHUDI_LONG'] === '1' ? 1500 : 60;
/** Late in the evening, so that steps of up to an hour cross midnight often. */
const START = Date.parse('2026-11-20T21:00:00.000Z') as Millis;
const ADDRESSES = ['113.66.1.1', '113.66.1.2', '2001:db8::1'] as const;
const SUBJECTS = ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb'] as const;

const endpoint = (address: number, port: number | null) => ({
  address: ADDRESSES[address] as IpAddress,
  port: port as Port | null,
});

/** One step: some time passes, then something happens to the nth connection so far. */
const step = fc.record({
  wait: fc.integer({ min: 0, max: 3_600_000 }),
  what: fc.constantFrom(
    'open',
    'open',
    'open',
    'claimed',
    'bind',
    'bind',
    'unbind',
    'end',
    'egress',
    'egress-end',
    'pool',
    'aggregated',
    'request',
    'session',
    'publication',
    'checkpoint',
    'coverage',
    'crash',
    'restart',
  ),
  pick: fc.nat(50),
  address: fc.nat(2),
  port: fc.integer({ min: 1, max: 3 }),
  subject: fc.nat(1),
});

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const root = temporaryDirectory();

function world() {
  const directory = mkdtempSync(join(root, 'm-'));
  const memory = { items: [] as RecordItem[] };
  let now = START;
  const clock = () => now;
  let live = true;
  let store = openStore({ directory, durability: 'os' }, clock);
  let reference = openMemoryRecords(memory, clock);
  const query = new SqliteQuery(directory, clock, () => live);
  const open = new Map<number, { bound: Set<number>; egress: { port: number; from: Millis } | null }>();
  let count = 0;
  /** When the pool's endpoint that is open now was opened. */
  let pool: Millis | null = null;
  let covered = START;
  const append = async (items: RecordItem[]) => {
    store.commit(items.map(lineOf));
    await reference.writer.append(items);
  };
  const restart = async (clean: boolean) => {
    if (clean) {
      for (const id of open.keys())
        await append([
          { type: 'end', connection: connection(id, now).id, to: now, closed: now, reason: 'stopped' },
        ]);
      store.close();
      await reference.writer.close();
    }
    open.clear();
    if (!clean) pool = null;
    live = false;
    now = plus(now, 5000);
    store = openStore({ directory, durability: 'os' }, clock);
    reference = openMemoryRecords(memory, clock);
    live = true;
    covered = now;
  };

  const apply = async ({ wait, what, pick, address, port, subject }: Step): Promise<void> => {
    now = plus(now, wait);
    const ids = [...open.keys()];
    const id = ids[pick % Math.max(1, ids.length)];
    const state = id === undefined ? undefined : open.get(id);
    if (what === 'open' || what === 'claimed') {
      count += 1;
      const client = endpoint(address, what === 'claimed' && port === 3 ? null : port);
      const peer = what === 'claimed' ? endpoint(2, 9) : client;
      open.set(count, {
        bound: new Set(),
        egress: what === 'open' ? { port: 50_000 + (count % 3), from: now } : null,
      });
      await append([
        connection(count, now, { client, peer, verdict: what === 'claimed' ? 'forwarded' : 'direct' }),
        ...(what === 'open' ? [egress(count, 50_000 + (count % 3), now, peer)] : []),
      ]);
    } else if (what === 'aggregated') {
      count += 1;
      const client =
        address === 2
          ? { ...endpoint(2, null), address: '2001:db8::' as IpAddress }
          : endpoint(address, null);
      open.set(count, { bound: new Set(), egress: null });
      await append([connection(count, now, { client, verdict: 'aggregated' })]);
    } else if (what === 'pool') {
      const local = { address: '10.0.0.1' as IpAddress, port: 50_004 as Port };
      await append([
        pool === null
          ? egress(null, 50_004, now, null)
          : { type: 'egress-end', connection: null, local, from: pool, to: now },
      ]);
      pool = pool === null ? now : null;
    } else if (what === 'coverage') {
      await append([{ type: 'coverage', source: 'gateway', from: covered, to: now }]);
      covered = now;
    } else if (what === 'crash' || what === 'restart') await restart(what === 'restart');
    if (id === undefined || state === undefined) return;
    const number = connection(id, now).id;
    const who = SUBJECTS[subject] as Subject;
    const what2 = { site: binding(id, who, now).site, subject: who, at: now, connection: number };
    if (what === 'bind' && !state.bound.has(subject)) {
      state.bound.add(subject);
      await append([binding(id, who, now)]);
    } else if (what === 'unbind' && state.bound.delete(subject))
      await append([{ type: 'unbinding', connection: number, subject: who, at: now }]);
    else if (what === 'end') {
      open.delete(id);
      await append([{ type: 'end', connection: number, to: now, closed: plus(now, 10), reason: 'closed' }]);
    } else if (what === 'egress-end' && state.egress !== null) {
      const local = { address: '10.0.0.1' as IpAddress, port: state.egress.port as Port };
      await append([{ type: 'egress-end', connection: number, local, from: state.egress.from, to: now }]);
      state.egress = null;
    } else if (what === 'egress' && state.egress === null) {
      state.egress = { port: 50_000 + port, from: now };
      await append([egress(id, 50_000 + port, now)]);
    } else if (what === 'request')
      await append([
        {
          type: 'request',
          request: requestId(pick),
          connection: number,
          site: what2.site,
          subject: subject === 0 ? who : null,
          learned: subject === 0 ? 'session' : null,
          at: now,
        },
      ]);
    else if (what === 'session')
      await append([{ type: 'session', ...what2, event: 'login', learned: 'header', request: null }]);
    else if (what === 'publication') await append([{ type: 'publication', ...what2, request: null }]);
    else if (what === 'checkpoint') await append([{ type: 'checkpoint', connection: number, to: now }]);
  };
  return { apply, query, reference: () => reference.reader, now: () => now, close: () => query.close() };
}

const requestId = (number: number) =>
  `0b8f3c1e-0000-4000-8000-${String(number).padStart(12, '0')}` as RequestId;

it('the SQLite engine answers every question as the reference engine does, over midnights, crashes and restarts', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 60 }),
      fc.array(
        fc.record({
          back: fc.integer({ min: 0, max: 200_000_000 }),
          width: fc.integer({ min: 0, max: 7_200_000 }),
        }),
        { minLength: 4, maxLength: 8 },
      ),
      async (steps, windows) => {
        const { apply, query, reference, now, close } = world();
        for (const one of steps) await apply(one);
        for (const { back, width } of windows) {
          const from = Math.max(START - 10_000, now() - back) as Millis;
          const window = { from, to: Math.min(now(), from + width) as Millis };
          if (window.to < window.from) continue;
          for (const address of ADDRESSES as readonly string[]) {
            for (const port of [null, 1, 2, 3]) {
              const q = [address as IpAddress, port as Port | null, window, 20] as const;
              expect(query.byClient(...q)).toEqual(await reference().byClient(...q));
            }
          }
          for (const port of [50_000, 50_001, 50_002, 50_003, 50_004]) {
            const q = ['10.0.0.1' as IpAddress, port as Port, window, 20] as const;
            expect(query.byEgress(...q)).toEqual(await reference().byEgress(...q));
          }
          for (const subject of SUBJECTS) {
            expect(query.bySubject(subject as Subject, window, 20)).toEqual(
              await reference().bySubject(subject as Subject, window, 20),
            );
            expect(query.sessionsOf(subject as Subject, window, 20)).toEqual(
              await reference().sessionsOf(subject as Subject, window, 20),
            );
            expect(query.publicationsOf(subject as Subject, window, 20)).toEqual(
              await reference().publicationsOf(subject as Subject, window, 20),
            );
          }
          expect(query.gaps('gateway', window)).toEqual(await reference().gaps('gateway', window));
        }
        for (let number = 0; number < 50; number += 7)
          expect(query.byRequest(requestId(number))).toEqual(await reference().byRequest(requestId(number)));
        close();
      },
    ),
    { numRuns: RUNS, interruptAfterTimeLimit: 500_000, endOnFailure: process.env['SHUDI_SHRINK'] !== '1' },
  );
}, 600_000);
