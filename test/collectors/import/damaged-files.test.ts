import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Millis } from '../../../src/model/time.ts';
import type { IpAddress, Port } from '../../../src/model/address.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { ethernet, pcap } from '../capture/write-pcap.ts';
import { message, NAT44, nat44, set, template } from '../ipfix/exporter.ts';
import { fileMaker, importWorld } from './import-world.ts';

const file = fileMaker(temporaryDirectory());
const HEADING = 'time,inside,insidePort,outside,outsidePort\n';
const START = Date.UTC(2026, 2, 1, 8);
const row = (index: number): string =>
  `${START + index},10.0.${index >> 8}.${index & 255},5000,203.0.113.7,${10_000 + index}\n`;
const line = (port: number): string =>
  `[1760000000.250000]\t    [NEW] tcp      6 120 SYN_SENT src=10.0.0.5 dst=198.51.100.80 sport=5000 dport=443 [UNREPLIED] src=198.51.100.80 dst=203.0.113.7 sport=443 dport=${port}\n`;
const CONNTRACK = { format: 'conntrack' } as const;

describe('a table', () => {
  it('with stray quotes loses the rows that they stand in, and no other', async () => {
    const { run, rows } = importWorld();
    const path = file(
      'a.csv',
      [
        HEADING,
        row(1),
        `"${row(2)}`,
        row(3),
        row(4).replace('203', '2"03'),
        `${row(5).trim()},"\n`,
        row(6),
      ].join(''),
    );
    expect(await run([path])).toMatchObject({
      summary: { records: 6, translations: 3, rejected: 3 },
      rejections: [['csv-quote', 3]],
    });
    expect(rows('translation').map(({ inside }) => inside.address)).toEqual([
      '10.0.0.1',
      '10.0.0.3',
      '10.0.0.6',
    ]);
  });

  it('may have quotes, a mark of its encoding, other line ends, empty lines and no last one', async () => {
    const { run, rows } = importWorld();
    const text = `\ufeff"time",inside,"insidePort",outside,outsidePort\r\n\r\n${row(1).replace('10.0.0.1', '"10.0.0.1"').trim()}\r\n${row(2).trim()}`;
    expect((await run([file('a.csv', text)])).summary).toMatchObject({ translations: 2, rejected: 0 });
    expect(rows('translation')).toHaveLength(2);
  });

  it('of which a row is longer than any may be loses that row', async () => {
    const { run } = importWorld();
    const path = file('a.csv', `${HEADING}${row(1).trim()},${'x'.repeat(200_000)}\n${row(2)}`);
    expect(await run([path])).toMatchObject({
      summary: { records: 2, translations: 1 },
      rejections: [['csv-long', 1]],
    });
  });

  it('whose heading makes no sense is no CSV', async () => {
    const path = file('a.csv', `"${HEADING}${row(1)}`);
    await expect(importWorld().run([path])).rejects.toMatchObject({ code: 'import.format', where: path });
  });
});

describe('a packed file', () => {
  const ROWS = 6000;
  const whole = HEADING + Array.from({ length: ROWS }, (_, index) => row(index)).join('');

  it.each([
    ['cut', (packed: Buffer) => packed.subarray(0, Math.floor(packed.length / 2))],
    ['cut in its last bytes', (packed: Buffer) => packed.subarray(0, -4)],
    ['damaged', (packed: Buffer) => Buffer.concat([packed.subarray(0, -8), Buffer.alloc(8, 7)])],
  ])('that is %s gives what can be read, is told, and does not stand for the whole', async (_name, harm) => {
    const { run, rows } = importWorld();
    const path = file('a.csv.gz', harm(gzipSync(whole)));
    const unread = file('b.csv', HEADING + row(1));
    const { summary, files } = await run([path, unread]);
    expect(files).toMatchObject([{ known: false, fault: { code: 'import.damaged', where: path } }]);
    expect(summary.translations).toBeGreaterThan(1000);
    expect(rows('import').at(-1)).toMatchObject({ done: false, messages: summary.records });
    expect(rows('coverage')).not.toEqual([]);
    const stored = rows('translation').length;
    expect(stored).toBe(summary.translations);
    // The same again adds nothing, and is told again.
    expect((await run([path])).files).toMatchObject([{ fault: { code: 'import.damaged' } }]);
    expect(rows('translation')).toHaveLength(stored);
    const mended = file('a.csv', whole);
    expect(await run([mended])).toMatchObject({
      summary: { translations: ROWS, rejected: 0 },
      files: [{ fault: null }],
    });
  });

  it('that is cut before anything can be read is told', async () => {
    const { run, rows } = importWorld();
    const path = file('a.log.gz', gzipSync(line(40_001)).subarray(0, 12));
    expect((await run([path], CONNTRACK)).files).toMatchObject([{ fault: { code: 'import.damaged' } }]);
    expect(rows('import')).toEqual([]);
  });
});

describe('a log', () => {
  it('whose stamps have no year is of the time before it was written', async () => {
    const { run, rows } = importWorld();
    const text =
      'Apr 12 08:00:00 srx RT_NAT: RT_SRC_NAT_PBA_ALLOC: Subscriber 10.0.10.10 used/maximum [1/4] blocks, allocates port block [48640-48895] from 203.0.113.9 in source pool guest lsys_id: 0\n';
    const path = file('a.log', text, '2026-01-05T00:00:00Z');
    expect((await run([path], { format: 'syslog' })).summary).toMatchObject({ translations: 1 });
    expect(rows('translation').map(({ at }) => at)).toEqual([Date.UTC(2025, 3, 12, 8)]);
  });

  it('whose last line has no end is read without it, and with it when it has grown', async () => {
    const { run, rows, reader } = importWorld();
    const first = line(40_001);
    // Half a line reads as a line of another port.
    const half = line(40_012).trimEnd().slice(0, -1);
    expect(await run([file('a.log', first + half)], CONNTRACK)).toMatchObject({
      summary: { records: 2, translations: 1, rejected: 1 },
      rejections: [['line-cut', 1]],
    });
    const grown = first + line(40_012) + line(40_013);
    expect(await run([file('a.log', grown)], CONNTRACK)).toMatchObject({
      summary: { records: 3, translations: 3, rejected: 0 },
    });
    expect(rows('translation').map(({ outside }) => outside?.low)).toEqual([40_001, 40_001, 40_012, 40_013]);
    const at = 1_760_000_000_250 as Millis;
    const found = await reader.translations(
      'outside',
      '203.0.113.7' as IpAddress,
      40_001 as Port,
      { from: at, to: at },
      10,
    );
    expect(found).toMatchObject({ total: 1, translations: [{ inside: { address: '10.0.0.5' } }] });
  });
});

describe('a capture', () => {
  it('that is cut, wherever that is, gives the packets before', async () => {
    const packet = (index: number): Buffer =>
      ethernet(
        message([set(2, [template(300, NAT44)]), set(300, [nat44({ outsidePort: 40_000 + index })])], {
          sequence: index,
        }),
      );
    const frames = [packet(0), packet(1)];
    const whole = pcap(frames, { seconds: START / 1000 });
    const lastStart = whole.length - 16 - (frames[1]?.length ?? 0);
    for (const cut of [1, 4, 15, 16, 17, 40, whole.length - lastStart - 1]) {
      const { run } = importWorld();
      const path = file('a.pcap', whole.subarray(0, lastStart + cut));
      expect(await run([path], { format: 'pcap' }), `${cut} bytes`).toMatchObject({
        summary: { translations: 1, rejected: 1 },
        files: [{ fault: null }],
        rejections: [['capture-cut', 1]],
      });
    }
  });
});
