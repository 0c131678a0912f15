import { describe, expect, it } from 'vitest';
import type { Millis } from '../../../src/model/time.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { ethernet, pcap } from '../capture/write-pcap.ts';
import { message, NAT44, nat44, set, template } from '../ipfix/exporter.ts';
import { fileMaker, importWorld, NAME, type ImportWorld } from './import-world.ts';

const file = fileMaker(temporaryDirectory());
const DAY = 86_400_000;
const START = Date.UTC(2026, 2, 1, 8);
const HEADING = 'time,inside,insidePort,outside,outsidePort\n';
const LEASES = 'time,subscriber,address\n';

const row = (at: number): string => `${START + at},10.0.0.5,5000,203.0.113.7,${10_000 + (at % 10_000)}\n`;
const lease = (at: number): string => `${START + at},u${at},10.0.0.5\n`;
const BAD = `${START},10.0.0.5,5000,203.0.113.7,no-port\n`;
const BAD_LEASE = `${START},u,10.0.0.999\n`;

/** The gaps that are stored, as `0-5000 x 2`, from the start. */
const gaps = ({ rows }: ImportWorld): string[] =>
  rows('gap').map(({ reason, from, to, count }) => `${reason} ${from - START}-${to - START} x ${count}`);

describe('what of a file could not be read is missing between what was read before it and after it', () => {
  it.each([
    ['a row', [row(0), BAD, row(5000), row(9000)], ['dropped 0-5000 x 1']],
    ['rows beside each other', [row(0), BAD, BAD, row(5000)], ['dropped 0-5000 x 2']],
    ['rows that lie near', [row(0), BAD, row(5000), BAD, row(9000)], ['dropped 0-9000 x 2']],
    [
      'rows that lie apart',
      [row(0), BAD, row(5000), row(9000), BAD, row(9500)],
      ['dropped 0-5000 x 1', 'dropped 9000-9500 x 1'],
    ],
    ['rows in no order', [row(5000), BAD, row(0)], ['dropped 0-5000 x 1']],
    ['a row of a time that cannot be true', [row(0), row(-START + 5), row(5000)], ['dropped 0-5000 x 1']],
    [
      'a row that tells of no translation',
      [row(0), row(1).replace('203.0.113.7,10001', '10.0.0.5,5000'), row(5)],
      [],
    ],
    ['the first and the last row, beyond which nothing is vouched for', [BAD, row(0), row(5000), BAD], []],
    ['a row before days of which nothing is vouched for', [row(0), BAD, row(3 * DAY)], []],
  ])('%s', async (_name, lines, told) => {
    const world = importWorld();
    const { summary } = await world.run([file('a.csv', HEADING + lines.join(''))]);
    expect(gaps(world)).toEqual(told);
    expect(summary.gaps).toBe(told.length);
  });

  it.each([
    ['before it', [row(0), row(-30 * DAY), BAD, row(5000), row(9000)]],
    ['after it', [row(0), BAD, row(-30 * DAY), row(5000), row(9000)]],
    ['on either side of it', [row(0), row(-30 * DAY), BAD, row(-40 * DAY), row(5000), row(9000)]],
  ])('also with a stray stamp %s', async (_name, lines) => {
    const world = importWorld();
    await world.run([file('a.csv', HEADING + lines.join(''))]);
    expect(gaps(world)).toEqual(['dropped 0-5000 x 1']);
  });

  it('also where a lease has a time that cannot be true, and in a file of no order', async () => {
    const world = importWorld();
    await world.run([
      file('a.csv', [LEASES, lease(0), lease(946_684_799_000 - START), lease(5000)].join('')),
    ]);
    expect(gaps(world)).toEqual(['dropped 0-5000 x 1']);
    const other = importWorld();
    await other.run([file('a.csv', [HEADING, row(0), row(9000), row(2000), BAD].join(''))]);
    expect(gaps(other)).toEqual(['dropped 2000-9000 x 1']);
  });

  it('also where names wait for the vault', async () => {
    const world = importWorld();
    await world.run([
      file('a.csv', [LEASES, lease(0), lease(2000), BAD_LEASE, lease(5000), lease(9000)].join('')),
    ]);
    expect(gaps(world)).toEqual(['dropped 2000-5000 x 1']);
  });

  it('and a question about that time is told so', async () => {
    const world = importWorld();
    await world.run([file('a.csv', [HEADING, row(0), BAD, row(5000), row(9000)].join(''))]);
    const asked = (at: number): Promise<unknown> => {
      const moment = (START + at) as Millis;
      return world.reader.gaps(NAME, { from: moment, to: moment });
    };
    expect(await asked(2500)).not.toEqual([]);
    expect(await asked(7500)).toEqual([]);
  });

  it('in a bounded number of gaps, of which the last goes on', async () => {
    const world = importWorld();
    const lines = Array.from({ length: 1500 }, (_, index) => [
      row(index * 6000),
      BAD,
      row(index * 6000 + 1000),
    ]);
    await world.run([file('a.csv', HEADING + lines.flat().join(''))]);
    const stored = world.rows('gap');
    expect(stored).toHaveLength(1000);
    expect(stored.at(-1)).toMatchObject({ to: START + 1499 * 6000 + 1000, count: 501 });
  });
});

describe('a capture', () => {
  const TEMPLATES = message([set(2, [template(256, NAT44)])]);
  const frames = (...payloads: Buffer[]): Buffer =>
    pcap(
      payloads.map((payload) => ethernet(payload)),
      { seconds: START / 1000 },
    );

  it('of which data waited for too long lacks them from its beginning on', async () => {
    const { run, rows } = importWorld();
    const at = (second: number, ...sets: Buffer[]): Buffer =>
      message(sets, { exportTime: START / 1000 + second });
    const event = (second: number): Buffer => nat44({ at: START + second * 1000 });
    const payloads = Array.from({ length: 700 }, (_, second) =>
      at(second, set(256, [event(second)]), set(300, [event(second)])),
    );
    const path = file(
      'a.pcap',
      frames(TEMPLATES, ...payloads, at(700, set(2, [template(300, NAT44)]), set(256, [event(700)]))),
    );
    const { rejections } = await run([path], { format: 'pcap' });
    expect(rejections).toEqual([['template-never-came', 188]]);
    const [gap, ...more] = rows('gap').filter(({ reason }) => reason === 'dropped');
    expect(more).toEqual([]);
    expect(gap).toMatchObject({ from: START, count: 188 });
  });

  it('of which data wait for their template vouches for nothing until they are read', async () => {
    const { run, rows } = importWorld();
    const covered = (): unknown[] => rows('coverage').filter(({ source }) => source === NAME);
    const data = message([set(256, [nat44()]), set(300, [nat44()])]);
    const path = file('a.pcap', frames(TEMPLATES, data, data));
    const options = { format: 'pcap' } as const;
    await run([path], options);
    expect(rows('translation')).not.toEqual([]);
    expect(covered()).toEqual([]);
    await run([file('t.pcap', frames(message([set(2, [template(300, NAT44)])]))), path], options);
    expect(covered()).not.toEqual([]);
    expect(rows('gap')).toEqual([]);
  });
});
