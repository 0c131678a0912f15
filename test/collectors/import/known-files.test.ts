import { describe, expect, it } from 'vitest';
import type { ImportOptions } from '../../../src/collectors/import/import-files.ts';
import type { Subject } from '../../../src/model/accounts.ts';
import type { Millis } from '../../../src/model/time.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { ethernet, pcap } from '../capture/write-pcap.ts';
import { accountingRequest, attribute, number, SECRET } from '../radius/access-server.ts';
import { fileMaker, importWorld, NAME } from './import-world.ts';

const file = fileMaker(temporaryDirectory());
const TABLE =
  'time,inside,insidePort,outside,outsidePort,other\n2026-03-01T08:00:00Z,10.0.0.5,5000,203.0.113.7,40001,203.0.113.8\n';
const NOTHING = { records: 0, translations: 0, leases: 0, rejected: 0, gaps: 0 };
const OTHER_MAPPING = new Map([
  ['time', 'time'],
  ['inside', 'inside'],
  ['outside', 'other'],
] as const);

describe('a file that comes again', () => {
  it('adds nothing with the same options, however they are written', async () => {
    const { run } = importWorld();
    const path = file('a.csv', TABLE);
    const first = { own: ['203.0.113.0/24', '2001:DB8::/32'], realm: 'north' };
    expect((await run([path], first)).summary).toMatchObject({ translations: 1 });
    const again = { own: ['2001:db8::/32', '203.0.113.0/24', '203.0.113.0/24'], realm: 'north' };
    // Of a table neither says anything.
    for (const options of [first, again, { ...first, vendor: 'junos', zoneMinutes: 480 }])
      expect(await run([path], options)).toMatchObject({ summary: NOTHING, files: [{ known: true }] });
  });

  it.each<[string, Partial<ImportOptions>]>([
    ['realm', { realm: 'north' }],
    ['own', { own: ['203.0.113.0/24'] }],
    ['map', { mapping: OTHER_MAPPING }],
    ['format', { format: 'conntrack' }],
  ])('is refused with another --%s, whole and before anything is read', async (_name, options) => {
    const { run, rows } = importWorld();
    const path = file('a.csv', TABLE);
    const fresh = file('b.csv', TABLE.replace('40001', '40002'));
    await run([path]);
    await expect(run([fresh, path], options)).rejects.toMatchObject({ code: 'import.options', where: path });
    expect(rows('translation')).toHaveLength(1);
    // Under another name it is another source's.
    expect(await run([path], { ...options, name: 'other' })).toMatchObject({ files: [{ known: false }] });
  });

  it.each<[string, Partial<ImportOptions>]>([
    ['vendor', { vendor: 'a10' }],
    ['zone', { zoneMinutes: 480 }],
  ])('of syslog is refused with another --%s', async (_name, options) => {
    const { run } = importWorld();
    const line =
      '<14>1 2026-03-01T08:00:00.000Z srx RT_NAT - RT_SRC_NAT_PBA_ALLOC [junos@2636.1.1.1.2.129 internal-ip="10.0.10.10" block-used="1" block-max-per-host="4" block-port-low="48640" block-port-high="48895" reflexive-ip="203.0.113.9" nat-pool-name="guest" logical-system-id="0" epoch-time-64="69a3f280"]\n';
    const path = file('srx.log', line);
    expect((await run([path], { format: 'syslog' })).summary).toMatchObject({ translations: 1 });
    await expect(run([path], { format: 'syslog', ...options })).rejects.toMatchObject({
      code: 'import.options',
    });
  });

  it('of which nothing was taken is read anew', async () => {
    const { run, reader } = importWorld();
    const path = file('a.csv', TABLE);
    const wrong = { mapping: new Map([...OTHER_MAPPING, ['time', 'inside']] as const) };
    const { summary, rejections } = await run([path], wrong);
    expect({ summary, rejections }).toEqual({
      summary: { ...NOTHING, records: 1, rejected: 1 },
      rejections: [['csv-time', 1]],
    });
    expect((await run([path])).summary).toMatchObject({ translations: 1, rejected: 0 });
    expect((await run([path])).files).toMatchObject([{ known: true }]);
    expect(await reader.imported(NAME, 'f'.repeat(64))).toBeNull();
  });

  it('lacked a secret, and is read with it later', async () => {
    const { run, rows } = importWorld();
    const at = Date.UTC(2026, 2, 1, 8) / 1000;
    const request = accountingRequest([
      attribute(40, number(1)),
      attribute(44, Buffer.from('session')),
      attribute(1, Buffer.from('alice')),
      attribute(8, Buffer.from([10, 0, 0, 5])),
      attribute(55, number(at)),
    ]);
    const path = file('a.pcap', pcap([ethernet(request, 0, 1813)], { seconds: at }));
    const options = { format: 'pcap' } as const;
    expect((await run([path], options)).summary).toMatchObject({ leases: 0, rejected: 1 });
    expect((await run([path], { ...options, radiusSecret: SECRET })).summary).toMatchObject({ leases: 1 });
    expect((await run([path], { ...options, radiusSecret: SECRET })).summary).toEqual(NOTHING);
    expect(rows('lease')).toHaveLength(1);
  });

  it('leaves nothing of its leases to what is read after it, however long the vault takes', async () => {
    const DAY = 86_400_000;
    const start = Date.UTC(2026, 2, 1);
    const table = (day: number, rows = 20): string =>
      `time,subscriber,address\n${Array.from({ length: rows }, (_, index) => `${start + day * DAY + index},u${day}-${index},10.${day}.0.${index + 1}\n`).join('')}`;
    const { run, rows, reader } = importWorld();
    const slow: Partial<ImportOptions> = {
      subjects: {
        subjectOf: async (_site, account) => {
          for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
          return account.slice(0, 16) as unknown as Subject;
        },
      },
    };
    const first = file('1.csv', table(0));
    await run([first]);
    const { summary } = await run([first, file('3.csv', table(1, 5))], slow);
    expect(summary).toEqual({ ...NOTHING, records: 5, leases: 5 });
    expect(rows('lease')).toHaveLength(25);
    const covered = rows('coverage').filter(({ source }) => source === NAME);
    expect(covered.map(({ from, to }) => [from - start, to - start])).toEqual([
      [0, 19],
      [DAY, DAY + 4],
    ]);
    const between = (start + DAY / 2) as Millis;
    expect(await reader.gaps(NAME, { from: between, to: between })).not.toEqual([]);
  });

  it('as an import of it was cut off leaves nothing of what was stored to what was not', async () => {
    const { run, rows } = importWorld();
    const start = Date.UTC(2026, 2, 1);
    const path = file(
      'a.csv',
      `time,subscriber,address\n${Array.from({ length: 3000 }, (_, index) => `${start + index},u${index},10.0.${index >> 8}.${index & 255}\n`).join('')}`,
    );
    let waits = 0;
    const subjectOf: ImportOptions['subjects']['subjectOf'] = async (_site, account) => {
      for (let turn = 0; turn < waits; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      return account.slice(0, 16) as unknown as Subject;
    };
    const stop = new Error('cut off');
    const onProgress = (): void => {
      if (rows('import').length > 0) throw stop;
    };
    await expect(run([path], { subjects: { subjectOf }, onProgress })).rejects.toBe(stop);
    const messages = rows('import')[0]?.messages;
    expect(messages).toBeGreaterThan(0);
    expect(messages).toBeLessThan(3000);
    waits = 50;
    await run([path], { subjects: { subjectOf } });
    expect(rows('lease')).toHaveLength(3000);
  });
});
