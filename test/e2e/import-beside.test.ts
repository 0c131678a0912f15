import { existsSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ethernet, pcap } from '../collectors/capture/write-pcap.ts';
import { accountingRequest, attribute, number, SECRET } from '../collectors/radius/access-server.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { shudi, type Ran } from './command.ts';
import { plainConfig, serve, type Served } from './serve.ts';

const root = temporaryDirectory();
const data = join(root, 'data');
const SOCKET = join(data, 'run', 'subjects.sock');
const NIGHT = Date.UTC(2026, 2, 1, 8) / 1000;
const at = (seconds: number): string => new Date((NIGHT + seconds) * 1000).toISOString();

const file = (name: string, content: string | Buffer): string => {
  const path = join(mkdtempSync(join(root, 'f-')), name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
};

const run = (source: string, format: string, ...rest: string[]): Promise<Ran> =>
  shudi(['import', '--source', source, '--format', format, '--data', data, ...rest]);

async function load(source: string, format: string, ...rest: string[]): Promise<unknown> {
  const ran = await run(source, format, ...rest);
  expect(ran.err).toBe('');
  return JSON.parse(ran.out) as unknown;
}

const request = (status: number, name: string, address: readonly number[], seconds: number): Buffer =>
  accountingRequest([
    attribute(40, number(status)),
    attribute(44, Buffer.from(`session of ${name}`)),
    attribute(32, Buffer.from('bras-1')),
    attribute(1, Buffer.from(name)),
    attribute(8, Buffer.from(address)),
    attribute(55, number(NIGHT + seconds)),
  ]);

let gateway: Served;
beforeAll(async () => {
  gateway = await serve(root, plainConfig(root, 9));
}, 30_000);
afterAll(() => gateway.child.exitCode ?? gateway.kill());

describe('shudi import beside a running shudi', () => {
  it('leases of a capture and of a table lead to the subscriber', { timeout: 60_000 }, async () => {
    expect(statSync(SOCKET).mode & 0o777).toBe(0o600);
    const secret = file('secret', SECRET);
    const capture = file(
      'radius.pcap',
      pcap(
        [
          ethernet(request(1, 'alice@isp.example', [10, 0, 0, 5], 0), 0, 1813),
          ethernet(request(2, 'alice@isp.example', [10, 0, 0, 5], 600), 0, 1813),
        ],
        { seconds: NIGHT + 600 },
      ),
    );
    expect(await load('isp', 'pcap', '--radius-secret', secret, capture)).toEqual({
      records: 2,
      translations: 0,
      leases: 2,
      rejected: 0,
      gaps: 0,
    });
    const leases = file(
      'leases.csv',
      `time,event,subscriber,address\n${at(0)},start,bob example,10.0.0.6\n${at(600)},stop,bob example,10.0.0.6\n`,
    );
    expect(await load('dhcp', 'csv', leases)).toMatchObject({ leases: 2, rejected: 0 });
    const nat = file(
      'nat.csv',
      `time,protocol,inside,insidePort,outside,outsidePort\n${at(10)},tcp,10.0.0.5,5000,203.0.113.7,40001\n${at(10)},tcp,10.0.0.6,5000,203.0.113.7,40002\n`,
    );
    expect(await load('nat', 'csv', nat)).toMatchObject({ translations: 2, rejected: 0 });
    const subjects = [];
    for (const port of ['40001', '40002']) {
      const ran = await shudi(
        [
          'trace',
          '--data',
          data,
          '--json',
          '--outside',
          '203.0.113.7',
          '--port',
          port,
          '--proto',
          'tcp',
        ].concat('--at', at(10)),
      );
      const answer = JSON.parse(ran.out) as { candidates: readonly { readonly subject: string | null }[] };
      expect(answer).toMatchObject({
        subjectGrade: 'exact',
        candidates: [{ hops: [{}, { kind: 'lease' }] }],
      });
      subjects.push(answer.candidates[0]?.subject);
    }
    expect(subjects).toEqual([expect.any(String), expect.any(String)]);
    expect(subjects[0]).not.toBe(subjects[1]);
  });

  it('a community is no source, and its accounts stay its own', async () => {
    const leases = file('leases.csv', `time,subscriber,address\n${at(0)},bob,10.0.0.7\n`);
    const ran = await run('forum', 'csv', leases);
    expect(ran.status).toBe(2);
    expect(ran.err).toContain('community');
  });

  it(
    'the socket goes with the run, and then the import has the vault itself',
    { timeout: 60_000 },
    async () => {
      expect(await gateway.stop()).toBe(0);
      expect(existsSync(SOCKET)).toBe(false);
      const leases = file('leases.csv', `time,subscriber,address\n${at(20)},bob example,10.0.0.8\n`);
      expect(await load('dhcp', 'csv', leases)).toMatchObject({ leases: 1 });
    },
  );
});
