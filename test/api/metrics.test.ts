import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SOURCE_GRADES, type MachineStatus, type SourceHealth } from '../../src/api/machine-status.ts';
import { METRICS, METRICS_TYPE, metricsText } from '../../src/api/metrics.ts';
import { SEEDED } from '../support/seed.ts';
import { parseExposition, type Sample } from './exposition.ts';
import { IDLE, openWorld, type World } from './support.ts';

const ODD = 'cgn "north"\\n\n{a="b"} 1 东莞';

const IPFIX: SourceHealth = {
  name: 'cgn-1',
  protocol: 'ipfix',
  grade: 'no-port',
  lastRecord: '2026-11-22T08:00:00.250Z',
  rate: 1250.25,
  messages: 9,
  translations: 1e21,
  leases: 0,
  lost: 4,
  dropped: 3,
  restarts: 2,
  rejected: { 'short-set': 7, [ODD]: 1 },
  clock: { offsetMs: -1500, errorMs: 40, driftPpm: 12.5 },
  templates: { exporters: 2, data: 5, options: 1, pending: 6 },
  input: null,
};
const CONNTRACK: SourceHealth = {
  ...IPFIX,
  name: ODD,
  protocol: 'conntrack',
  grade: 'silent',
  lastRecord: null,
  rejected: {},
  clock: { offsetMs: 0, errorMs: null, driftPpm: null },
  templates: null,
  input: { running: false, starts: 8 },
};
const UDP = { protocol: 'ipfix', transport: 'udp', port: 4739, datagrams: 11, receiveBufferBytes: 4096 };
const BUSY: MachineStatus = {
  ...IDLE,
  workers: 4,
  connections: 120,
  claimedClients: 30,
  refusals: { rate: 5, malformed: 2 },
  clockErrorMs: 12,
  collectors: {
    sources: [IPFIX, CONNTRACK],
    // The first two differ in their host only.
    listeners: [
      { ...UDP, kernelDrops: 13 },
      { ...UDP, kernelDrops: null },
      { protocol: 'syslog', transport: 'tls', port: 6514, connections: 2 },
    ],
    unknownSenders: 17,
  },
};

let status: MachineStatus = BUSY;
let world: World;
beforeAll(async () => {
  world = await openWorld({ status: () => status });
});
afterAll(() => world.close());

async function scraped(): Promise<ReturnType<typeof parseExposition>> {
  // As Prometheus asks.
  const reply = await world.call(world.tokens.operator, 'GET', '/metrics', undefined, {
    accept: 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1',
  });
  expect(reply.status).toBe(200);
  expect(reply.headers.get('content-type')).toBe(METRICS_TYPE);
  return parseExposition(reply.text);
}

const samplesOf = (families: ReturnType<typeof parseExposition>, name: string) =>
  (families.get(name)?.samples ?? []).map(({ labels, value }: Sample) => [labels, value]);

describe('GET /metrics', () => {
  it('is for operators only', async () => {
    const none = await world.call(null, 'GET', '/metrics');
    expect(none).toMatchObject({ status: 401, json: { code: 'auth.missing' } });
    expect(none.headers.get('content-type')).toContain('application/problem+json');
    for (const who of ['requester', 'approver', 'supervisor', 'site'] as const) {
      const reply = await world.call(world.tokens[who], 'GET', '/metrics');
      expect(reply, who).toMatchObject({ status: 403, json: { code: 'auth.role' } });
    }
  });

  it('has HELP, TYPE and name as Prometheus wants them, and every metric of the table', async () => {
    const families = await scraped();
    expect([...families.keys()]).toEqual(METRICS.map(({ name }) => name));
    for (const [name, { type, samples }] of families) {
      expect(name).toMatch(/^shudi_[a-z_]+$/);
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      expect(samples.length, name).toBeGreaterThan(0);
    }
  });

  it('tells the machine in base units', async () => {
    const families = await scraped();
    const single = (name: string) => samplesOf(families, name);
    expect(single('shudi_recording')).toEqual([[{}, 1]]);
    expect(single('shudi_gateway_workers')).toEqual([[{}, 4]]);
    expect(single('shudi_gateway_connections')).toEqual([[{}, 120]]);
    expect(single('shudi_gateway_claimed_clients')).toEqual([[{}, 30]]);
    expect(single('shudi_gateway_refusals_total')).toEqual([
      [{ kind: 'rate' }, 5],
      [{ kind: 'malformed' }, 2],
    ]);
    expect(single('shudi_clock_error_seconds')).toEqual([[{}, 0.012]]);
    expect(single('shudi_region_data_age_seconds')).toEqual([[{}, 3 * 86_400]]);
    expect(single('shudi_collectors_up')).toEqual([[{}, 1]]);
    expect(single('shudi_collectors_unknown_senders_total')).toEqual([[{}, 17]]);
  });

  it('tells each source, whatever is in its name and its reasons', async () => {
    const families = await scraped();
    const [cgn, odd] = [{ source: 'cgn-1' }, { source: ODD }];
    const values = (name: string) => samplesOf(families, `shudi_source_${name}`);
    expect(values('grade')).toEqual(
      [IPFIX, CONNTRACK].flatMap((its) =>
        SOURCE_GRADES.map((grade) => [{ source: its.name, grade }, grade === its.grade ? 1 : 0]),
      ),
    );
    expect(values('messages_total')[0]).toEqual([cgn, 9]);
    expect(values('translations_total')[0]).toEqual([cgn, 1e21]);
    expect(values('leases_total')[0]).toEqual([cgn, 0]);
    expect(values('lost_total')[0]).toEqual([cgn, 4]);
    expect(values('dropped_total')[0]).toEqual([cgn, 3]);
    expect(values('restarts_total')).toEqual([
      [cgn, 2],
      [odd, 2],
    ]);
    expect(values('rejected_total')).toEqual([
      [{ ...cgn, reason: 'short-set' }, 7],
      [{ ...cgn, reason: ODD }, 1],
    ]);
    expect(values('last_record_timestamp_seconds')).toEqual([
      [cgn, Date.UTC(2026, 10, 22, 8, 0, 0, 250) / 1000],
    ]);
    expect(values('translations_per_second')[0]).toEqual([cgn, 1250.25]);
    expect(values('clock_offset_seconds')).toEqual([
      [cgn, -1.5],
      [odd, 0],
    ]);
    expect(values('clock_error_seconds')).toEqual([[cgn, 0.04]]);
    expect(values('clock_drift_ratio')).toEqual([[cgn, 0.0000125]]);
    expect(values('exporters')).toEqual([[cgn, 2]]);
    expect(values('templates')).toEqual([
      [{ ...cgn, kind: 'data' }, 5],
      [{ ...cgn, kind: 'options' }, 1],
    ]);
    expect(values('pending_sets')).toEqual([[cgn, 6]]);
    expect(values('input_running')).toEqual([[odd, 0]]);
    expect(values('input_starts_total')).toEqual([[odd, 8]]);
  });

  it('keeps listeners apart by a number, never by an address', async () => {
    const families = await scraped();
    const values = (name: string) => samplesOf(families, `shudi_collectors_listener_${name}`);
    const udp = (listener: string) => ({ listener, protocol: 'ipfix', transport: 'udp', port: '4739' });
    expect(values('datagrams_total')).toEqual([
      [udp('1'), 11],
      [udp('2'), 11],
    ]);
    expect(values('kernel_drops_total')).toEqual([[udp('1'), 13]]);
    expect(values('receive_buffer_bytes')[1]).toEqual([udp('2'), 4096]);
    expect(values('connections')).toEqual([
      [{ listener: '3', protocol: 'syslog', transport: 'tls', port: '6514' }, 2],
    ]);
  });

  it('leaves out what is not known', async () => {
    status = { ...IDLE, recording: false, regionAgeDays: Infinity };
    try {
      const families = await scraped();
      const told = [...families].filter(([, { samples }]) => samples.length > 0);
      expect(told.map(([name, { samples }]) => [name, samples[0]?.value])).toEqual([
        ['shudi_recording', 0],
        ['shudi_gateway_workers', 1],
        ['shudi_gateway_connections', 0],
        ['shudi_gateway_claimed_clients', 0],
        ['shudi_collectors_up', 0],
      ]);
    } finally {
      status = BUSY;
    }
  });
});

describe('the text', () => {
  it('says again any label and any number', () => {
    const odd = fc.string({ unit: fc.constantFrom('\\', '"', '\n', 'n', '{', '}', ',', '=', ' ', '粤') });
    fc.assert(
      fc.property(fc.dictionary(odd, fc.double({ noNaN: true })), (refusals) => {
        const samples = samplesOf(
          parseExposition(metricsText({ ...IDLE, refusals })),
          'shudi_gateway_refusals_total',
        );
        const finite = Object.entries(refusals).filter(([, value]) => Number.isFinite(value));
        expect(samples).toEqual(finite.map(([kind, value]) => [{ kind }, value + 0]));
      }),
      SEEDED,
    );
  });
});

describe('the reader of these tests', () => {
  it.each([
    ['a_total 1\n', 'No HELP'],
    ['# HELP a A\na 1\n', 'No HELP and TYPE'],
    ['# HELP a A\n# TYPE a gauge\na NaN\n', 'No number'],
    ['# HELP a A\n# TYPE a gauge\na 1\na 2\n', 'A duplicate'],
    ['# HELP a A\n# TYPE a gauge\na{x="1",y="2"} 1\na{y="2",x="1"} 2\n', 'A duplicate'],
    ['# HELP a A\n# TYPE a gauge\na{x="\\t"} 1\n', 'No labels'],
    ['# HELP a A\n# TYPE a gauge\na{x="""} 1\n', 'No labels'],
    ['# HELP a A\n# TYPE a gauge\n# HELP a A\n', 'A second HELP'],
    ['# HELP a A\n# TYPE a gauge\na 1', 'no end'],
  ])('refuses %j', (text, why) => {
    expect(() => parseExposition(text)).toThrow(why);
  });
});

describe('docs/monitoring.md', () => {
  it('lists every metric with its type, and no other', () => {
    const page = readFileSync(new URL('../../docs/monitoring.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `(shudi_\w+)` +\| (\w+) +\|/gm)];
    const listed = rows.map(([, name, type]) => `${name} ${type}`);
    expect(listed.toSorted()).toEqual(METRICS.map(({ name, type }) => `${name} ${type}`).toSorted());
  });
});
