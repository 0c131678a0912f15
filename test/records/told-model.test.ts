import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { IpAddress, Port } from '../../src/model/address.ts';
import type { RecordItem } from '../../src/model/records.ts';
import type { Millis } from '../../src/model/time.ts';
import { openMemoryRecords } from '../../src/records/memory.ts';
import { SqliteQuery } from '../../src/records/sqlite/query.ts';
import { lineOf } from '../../src/records/sqlite/schema.ts';
import { openStore } from '../../src/records/sqlite/store.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { SEEDED } from '../support/seed.ts';
import { NOON, plus } from './items.ts';
import { ANNA, BERT, covered, DAY, lease, PUBLIC, restart, told } from './told.ts';

const RUNS = process.env['SHUDI_LONG'] === '1' ? 3000 : 50;
const FIRST = plus(NOON, -14 * DAY);
const root = temporaryDirectory();

const INSIDES = ['10.0.0.5', '10.0.0.6', '10.0.0.7'] as const;
/** Mostly near to each other, so that they meet; some days apart, so that midnights and the eight days count. */
const time = fc
  .tuple(
    fc.oneof(fc.constant(5), fc.integer({ min: 0, max: 13 })),
    fc.integer({ min: 0, max: 20 }),
    fc.constantFrom(0, 3_600_000 * 11.999),
  )
  .map(([days, steps, shift]) => plus(FIRST, days * DAY + steps * 1000 + shift));
const source = fc.constantFrom('nat', 'nat', 'nat-2');
const outside = fc.constantFrom<readonly [number | null, number?, number?] | null>(
  [4000],
  [4000],
  [4001],
  [4000, 4063],
  [4000, 4004, 4],
  [null],
  null,
);

const translation = fc
  .record({
    event: fc.constantFrom('create', 'create', 'delete', 'delete', 'interim', 'flow'),
    at: time,
    source,
    inside: fc.tuple(fc.constantFrom(...INSIDES), fc.constantFrom(1000, 1000, null)),
    outside,
    dialect: fc.constantFrom('ipfix:rfc8158', 'ipfix:rfc8158', 'conntrack'),
    flow: fc.constantFrom(null, null, 1, 2),
    protocol: fc.constantFrom(6, 6, 17, null),
    realm: fc.constantFrom('', '', 'vrf:1'),
    remote: fc.constantFrom(null, null, 'elsewhere' as const),
    stamped: fc.boolean(),
  })
  .map(({ event, at, outside: range, stamped, ...rest }) => {
    const what = event === 'delete' || range !== null ? event : 'delete';
    // A line without a stamp may come again.
    const digest = JSON.stringify([what, range, rest]);
    return told(what, at, { ...rest, outside: range, ...(stamped ? {} : { digest }) });
  });

const leased = fc
  .record({
    event: fc.constantFrom('start', 'start', 'interim', 'stop'),
    at: time,
    session: fc.constantFrom('s1', 's2', 's3'),
    server: fc.constantFrom('bras', 'bras', 'bras-2'),
    subject: fc.constantFrom(ANNA, BERT, null),
    address: fc.constantFrom(...INSIDES, null),
  })
  .map(({ event, at, address, ...rest }) =>
    lease(event, at, {
      ...rest,
      address: (event === 'stop' ? address : (address ?? INSIDES[0])) as IpAddress | null,
    }),
  );

const fact = fc.oneof(
  fc.record({ at: time, source }).map(({ at, source: of }) => [restart(at, '', of)]),
  fc
    .record({ at: time, server: fc.constantFrom('', 'bras') })
    .map(({ at, server }) => [restart(at, server, 'aaa')]),
  fc
    .record({ at: time, source: fc.constantFrom('nat', 'nat-2', 'aaa'), ms: fc.nat(9000) })
    .map(({ at, source: of, ms }): RecordItem[] => [
      { type: 'gap', source: of, from: at, to: plus(at, ms), reason: 'lost', count: 1 },
    ]),
  fc
    .record({ day: fc.integer({ min: 0, max: 13 }), source: fc.constantFrom('nat', 'aaa') })
    .map(({ day, source: of }) => {
      // Whole UTC days, as they are cut at midnight.
      const midnight = plus(FIRST, (day - 0.5) * DAY);
      return [covered(of, midnight, plus(midnight, DAY))];
    }),
);

const question = fc.record({
  at: time,
  ms: fc.constantFrom(0, 0, 500, 60_000),
  port: fc.constantFrom<number | null>(4000, 4000, 4004, 4005, null),
  inside: fc.constantFrom(...INSIDES),
  insidePort: fc.constantFrom<number | null>(1000, null),
  subject: fc.constantFrom(ANNA, BERT),
});

const sorted = (list: readonly unknown[]): string[] => list.map((item) => JSON.stringify(item)).sort();

it('answers like the reference, whatever sources told', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 4, arbitrary: translation }, { weight: 2, arbitrary: leased }, fact), {
        minLength: 1,
        maxLength: 30,
      }),
      fc.array(question, { minLength: 5, maxLength: 5 }),
      async (events, questions) => {
        const directory = mkdtempSync(join(root, 't-'));
        const clock = (): Millis => NOON;
        const store = openStore({ directory, durability: 'os', gateway: false }, clock);
        const reference = openMemoryRecords({ items: [] }, clock);
        for (const items of events) {
          store.commit(items.map(lineOf));
          await reference.writer.append(items);
        }
        store.close();
        const query = new SqliteQuery(directory, clock, () => false);
        for (const { at, ms, port, inside, insidePort, subject } of questions) {
          const window = { from: plus(at, -ms), to: plus(at, ms) };
          const sides = [
            ['outside', PUBLIC, port],
            ['inside', inside as IpAddress, insidePort],
          ] as const;
          for (const [side, address, of] of sides) {
            const want = await reference.reader.translations(side, address, of as Port | null, window, 1000);
            const got = query.translations(side, address, of as Port | null, window, 1000);
            expect(sorted(got.translations)).toEqual(sorted(want.translations));
          }
          const held = await reference.reader.leases(inside as IpAddress, window, 1000);
          expect(sorted(query.leases(inside as IpAddress, window, 1000).leases)).toEqual(sorted(held.leases));
          const his = await reference.reader.leasesOf(subject, window, 1000);
          expect(sorted(query.leasesOf(subject, window, 1000).leases)).toEqual(sorted(his.leases));
        }
        query.close();
      },
    ),
    { numRuns: RUNS, ...SEEDED },
  );
});
