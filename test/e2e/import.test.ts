import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { sharedCapture } from '../collectors/shared-captures.ts';
import { message, set, template, uint, ip4 } from '../collectors/ipfix/exporter.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { shudi } from './command.ts';

const root = temporaryDirectory();

interface Answer {
  readonly grade: string;
  readonly subjectGrade: string;
  readonly reasons: readonly string[];
  readonly candidates: readonly {
    readonly subject: string | null;
    readonly clockErrorMs: number;
    readonly clockMeasured: boolean;
    readonly hops: readonly {
      readonly kind: string;
      readonly inside: { readonly address: string; readonly port: number | null };
      readonly from: string;
      readonly to: string | null;
    }[];
  }[];
}

const fresh = (): string => join(mkdtempSync(join(root, 'd-')), 'data');
const file = (name: string, content: string | Buffer): string => {
  const path = join(mkdtempSync(join(root, 'f-')), name);
  writeFileSync(path, content);
  return path;
};

async function load(data: string, source: string, format: string, ...rest: string[]): Promise<unknown> {
  const ran = await shudi(['import', '--source', source, '--format', format, '--data', data, ...rest]);
  expect(ran.err.replace(/^.*imported before.*$|^rejected, [a-z0-9-]+: \d+$/gm, '').trim()).toBe('');
  expect(ran.status).toBe(0);
  return JSON.parse(ran.out) as unknown;
}

async function ask(data: string, ...words: string[]): Promise<Answer> {
  const ran = await shudi(['trace', '--data', data, '--json', ...words]);
  expect(ran.err).toBe('');
  return JSON.parse(ran.out) as Answer;
}

const conntrack = (stamp: number, event: string, inside: string, port: number, id: number): string =>
  `[${stamp}.250000]\t    [${event}] tcp      6 120 SYN_SENT src=${inside} dst=198.51.100.80 sport=5000 dport=443 [UNREPLIED] src=198.51.100.80 dst=203.0.113.7 sport=443 dport=${port} id=${id}`;

describe('shudi import', () => {
  it(
    'the shared captures yield what their README says, and answer questions',
    { timeout: 60_000 },
    async () => {
      const data = fresh();
      expect(await load(data, 'nel', 'pcap', sharedCapture('netflow9-nel-nat.pcap'))).toEqual({
        records: 9,
        translations: 9,
        leases: 0,
        rejected: 0,
        gaps: 0,
      });
      expect(
        await load(data, 'fortigate', 'pcap', sharedCapture('netflow9-fortigate-300d.pcap')),
      ).toMatchObject({
        records: 146,
        leases: 0,
      });
      const mikrotik = ['tpl', 'data258', 'data259'].map((part) =>
        sharedCapture(`ipfix-mikrotik-${part}.dat`),
      );
      expect(await load(data, 'mikrotik', 'udp-payload', ...mikrotik)).toMatchObject({
        records: 46,
        rejected: 0,
      });
      const asa = ['tpl', 'data'].map((part) => sharedCapture(`netflow9-asa-1-${part}.dat`));
      expect(await load(data, 'asa', 'udp-payload', ...asa)).toMatchObject({ records: 14, translations: 0 });

      const at = '2025-06-04T15:09:00.500Z';
      const nel = await ask(
        data,
        '--outside',
        '10.143.52.29',
        '--port',
        '52510',
        '--proto',
        'tcp',
        '--at',
        at,
      );
      expect(nel).toMatchObject({ grade: 'exact', subjectGrade: 'none' });
      expect(nel.candidates[0]).toMatchObject({
        clockErrorMs: 1000,
        clockMeasured: false,
        hops: [{ kind: 'translation', inside: { address: '172.16.100.198', port: 52_510 } }],
      });
      const again = await shudi(
        ['import', '--source', 'nel', '--format', 'pcap', '--data', data].concat(
          sharedCapture('netflow9-nel-nat.pcap'),
        ),
      );
      expect(JSON.parse(again.out)).toEqual({ records: 0, translations: 0, leases: 0, rejected: 0, gaps: 0 });
      expect(again.err).toContain('imported before');
      const verified = await shudi(['verify', data, '--json']);
      expect(JSON.parse(verified.out)).toMatchObject({ ok: true });
    },
  );

  it('translations without ports grade as address only', async () => {
    const data = fresh();
    const mikrotik = ['tpl', 'data258', 'data259'].map((part) => sharedCapture(`ipfix-mikrotik-${part}.dat`));
    await load(data, 'mikrotik', 'udp-payload', ...mikrotik);
    const at = '2017-07-19T16:18:08Z';
    const answer = await ask(data, '--outside', '192.168.230.216', '--port', '5000', '--at', at);
    expect(answer.grade).toBe('ambiguous');
    expect(answer.reasons).toContain('port-not-recorded');
    expect(answer.candidates.flatMap(({ hops }) => hops.map(({ inside }) => inside))).toContainEqual({
      address: '10.10.8.197',
      port: null,
    });
  });

  it('conntrack lines, also packed; before, after and between what a file covers', async () => {
    const data = fresh();
    const lines = [
      conntrack(1_760_000_000, 'NEW', '10.0.0.5', 40_001, 11),
      conntrack(1_760_000_010, 'NEW', '10.0.0.6', 40_002, 12),
      conntrack(1_760_000_100, 'DESTROY', '10.0.0.5', 40_001, 11),
      'no such line',
    ]
      .join('\n')
      .concat('\n');
    const path = file('conntrack.log.gz', gzipSync(lines));
    const other = await shudi(
      ['import', '--source', 'other', '--format', 'conntrack', '--data', fresh()].concat(path),
    );
    expect(other.err).toBe('rejected, not-conntrack: 1\n');
    expect(await load(data, 'router', 'conntrack', '--own', '198.51.100.80', path)).toEqual({
      records: 4,
      translations: 3,
      leases: 0,
      rejected: 1,
      gaps: 0,
    });
    const at = (seconds: number): string => new Date(1_760_000_000_250 + seconds * 1000).toISOString();
    const outside = (port: number, seconds: number): Promise<Answer> =>
      ask(data, '--outside', '203.0.113.7', '--port', `${port}`, '--at', at(seconds));
    expect(await outside(40_001, 50)).toMatchObject({
      grade: 'exact',
      candidates: [{ hops: [{ inside: { address: '10.0.0.5', port: 5000 }, to: at(100) }] }],
    });
    expect(await outside(40_001, 102)).toMatchObject({ grade: 'gap' });
    expect(await outside(40_009, 50)).toMatchObject({ grade: 'none' });
    // Within the clock's error of the file's edge counts as covered.
    expect(await outside(40_009, 100.9)).toMatchObject({ grade: 'none' });
    expect(await outside(40_009, -5)).toMatchObject({ grade: 'gap' });
  });

  it('a file that is known, and one that is not, in one command', async () => {
    const data = fresh();
    const first = file('a.log', `${conntrack(1_760_000_000, 'NEW', '10.0.0.5', 40_001, 11)}\n`);
    const second = file('b.log', `${conntrack(1_760_000_010, 'NEW', '10.0.0.6', 40_002, 12)}\n`);
    expect(await load(data, 'router', 'conntrack', first)).toMatchObject({ translations: 1 });
    expect(await load(data, 'router', 'conntrack', first, second)).toMatchObject({ translations: 1 });
    for (const [port, inside] of [
      ['40001', '10.0.0.5'],
      ['40002', '10.0.0.6'],
    ] as const)
      expect(
        (await ask(data, '--outside', '203.0.113.7', '--port', port, '--at', '2025-10-09T08:53:30Z'))
          .candidates,
      ).toMatchObject([{ hops: [{ inside: { address: inside } }] }]);
  });

  it('more subscribers than the vault takes at once', { timeout: 60_000 }, async () => {
    const data = fresh();
    const rows = Array.from(
      { length: 8000 },
      (_, index) => `2026-03-01T07:00:00Z,u${index},10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
    );
    const leases = file('leases.csv', `time,subscriber,address\n${rows.join('\n')}\n`);
    expect(await load(data, 'isp', 'csv', leases)).toMatchObject({
      records: 8000,
      leases: 8000,
      rejected: 0,
    });
    const answer = await ask(data, '--outside', '10.0.30.167', '--port', '5', '--at', '2026-03-01T07:00:00Z');
    expect(answer).toMatchObject({ subjectGrade: 'exact' });
  });

  it('syslog lines of a block, and a table of leases with names that only the vault has', async () => {
    const data = fresh();
    const syslog = file(
      'srx.log',
      '<14>1 2026-03-01T08:00:00.000Z srx RT_NAT - RT_SRC_NAT_PBA_ALLOC [junos@2636.1.1.1.2.129 internal-ip="10.0.10.10" block-used="1" block-max-per-host="4" block-port-low="48640" block-port-high="48895" reflexive-ip="203.0.113.9" nat-pool-name="guest" logical-system-id="0" epoch-time-64="69a3f280"]\n' +
        '<14>1 2026-03-01T09:00:00.000Z srx RT_NAT - RT_SRC_NAT_PBA_RELEASE [junos@2636.1.1.1.2.129 internal-ip="10.0.10.10" block-used="0" block-max-per-host="4" block-port-low="48640" block-port-high="48895" reflexive-ip="203.0.113.9" nat-pool-name="guest" logical-system-id="0" epoch-time-64="69a40090"]\n',
    );
    expect(await load(data, 'srx', 'syslog', syslog)).toMatchObject({ records: 2, translations: 2 });
    const leases = file(
      'leases.csv',
      'when,what,who,ip\n2026-03-01T07:00:00Z,start,alice example,10.0.10.10\n2026-03-01T10:00:00Z,stop,alice example,10.0.10.10\nyesterday,start,bob,10.0.10.11\n',
    );
    const map = 'time=when,event=what,subscriber=who,address=ip';
    expect(await load(data, 'isp', 'csv', '--map', map, leases)).toEqual({
      records: 3,
      translations: 0,
      leases: 2,
      rejected: 1,
      gaps: 0,
    });
    const answer = await ask(
      data,
      '--outside',
      '203.0.113.9',
      '--port',
      '48700',
      '--at',
      '2026-03-01T08:30:00Z',
    );
    expect(answer).toMatchObject({ grade: 'exact', subjectGrade: 'exact' });
    expect(answer.candidates[0]?.hops).toMatchObject([
      { kind: 'translation', inside: { address: '10.0.10.10', port: null } },
      { kind: 'lease', from: '2026-03-01T08:29:59.000Z', to: '2026-03-01T08:30:01.000Z' },
    ]);
  });

  it('a file whose template has not come is read again when it has', async () => {
    const data = fresh();
    const fields = [
      [323, 8],
      [230, 1],
      [8, 4],
      [225, 4],
      [4, 1],
      [7, 2],
      [227, 2],
    ] as const;
    const event = Buffer.concat([
      uint(1_760_000_000_000, 8),
      uint(4, 1),
      ip4('10.0.0.5'),
      ip4('203.0.113.7'),
      uint(6, 1),
      uint(5000, 2),
      uint(40_001, 2),
    ]);
    const records = file('data.dat', message([set(300, [event])], { sequence: 0 }));
    const definitions = file('template.dat', message([set(2, [template(300, fields)])], { sequence: 0 }));
    expect(await load(data, 'vpp', 'udp-payload', records)).toMatchObject({ translations: 0, rejected: 1 });
    expect(await load(data, 'vpp', 'udp-payload', definitions, records)).toMatchObject({ translations: 1 });
    expect(await load(data, 'vpp', 'udp-payload', definitions, records)).toMatchObject({ translations: 0 });
  });

  it('says what is wrong, and where', { timeout: 60_000 }, async () => {
    const data = fresh();
    const path = file('x.csv', 'a,b\n1,2\n');
    const wrong = async (...words: string[]): Promise<string> => {
      const ran = await shudi(['import', '--data', data, ...words]);
      expect(ran.status).toBe(2);
      return ran.err.split('\n', 1)[0] ?? '';
    };
    expect(await wrong('--format', 'csv', path)).toContain('--source');
    expect(await wrong('--source', 'gateway', '--format', 'csv', path)).toContain('--source');
    expect(await wrong('--source', 'x', '--format', 'xml', path)).toContain('pcap');
    expect(await wrong('--source', 'x', '--format', 'csv', path)).toContain('import.mapping');
    expect(await wrong('--source', 'x', '--format', 'csv', '--map', 'time=a,inside=c', path)).toContain('c');
    expect(await wrong('--source', 'x', '--format', 'csv', '--map', 'tme=a', path)).toContain('tme');
    expect(await wrong('--source', 'x', '--format', 'pcap', path)).toContain('import.format');
    const cut = file('cut.csv.gz', gzipSync(`time,inside${'\n'.repeat(100)}`).subarray(0, -9));
    expect(await wrong('--source', 'x', '--format', 'csv', cut)).toContain('import.damaged');
    expect(await wrong('--source', 'x', '--format', 'pcap', `${path}.not`)).toContain('no such file');
  });
});
