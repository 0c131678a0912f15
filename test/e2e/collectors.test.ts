import { createSocket } from 'node:dgram';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CollectorsStatus, SourceStatus } from '../../src/collectors/status.ts';
import { recordsDirectory } from '../../src/records/sqlite/layout.ts';
import { message, nat44, NAT44, set, template, type Nat44 } from '../collectors/ipfix/exporter.ts';
import {
  AccessServer,
  accountingRequest,
  answers,
  attribute,
  number,
  SECRET,
} from '../collectors/radius/access-server.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { shudi } from './command.ts';
import { freePort } from './free-port.ts';
import { plainConfig, serve, untilLogged, type Served } from './serve.ts';

interface Answer {
  readonly grade: string;
  readonly subjectGrade: string;
  readonly reasons: readonly string[];
  readonly count: number;
  readonly candidates: readonly {
    readonly subject: string | null;
    readonly hops: readonly {
      readonly kind: string;
      readonly source: string;
      readonly inside: { readonly address: string; readonly port: number | null };
    }[];
  }[];
}

const KNOWN = '127.0.0.1';
const STRANGER = '127.0.0.2';
const directory = temporaryDirectory();
const data = join(directory, 'data');

let gateway: Served;
let operator = '';
const ports = { ipfix: 0, syslog: 0, radius: 0 };

beforeAll(async () => {
  for (const protocol of ['ipfix', 'syslog', 'radius'] as const) ports[protocol] = await freePort();
  writeFileSync(join(directory, 'secret'), SECRET, { mode: 0o600 });
  gateway = await serve(directory, {
    ...plainConfig(directory, 9),
    collectors: {
      sources: [
        { name: 'cgn', protocol: 'ipfix', from: [KNOWN] },
        { name: 'srx', protocol: 'syslog', from: [KNOWN] },
        { name: 'isp', protocol: 'radius', from: [KNOWN], secretFile: 'secret' },
      ],
      listeners: (['ipfix', 'syslog', 'radius'] as const).map((protocol) => ({
        protocol,
        port: ports[protocol],
      })),
    },
  });
  await shudi(['user', 'bootstrap', '--requester', 'Ruth', '--approver', 'Alan', '--data', data]);
  const ran = await shudi(['user', 'propose', '--name', 'Olga', '--role', 'operator', '--data', data]);
  operator = (JSON.parse(ran.out) as { token: string }).token;
}, 60_000);
afterAll(async () => {
  if (gateway.child.exitCode === null) await gateway.kill();
});

/** Tries until something comes of it; the last answer is in the error. */
async function until<T>(what: string, ask: () => Promise<T>, holds: (answer: T) => boolean): Promise<T> {
  let answer = await ask();
  for (let tries = 0; tries < 100 && !holds(answer); tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    answer = await ask();
  }
  expect(holds(answer), `${what}: ${JSON.stringify(answer)}`).toBe(true);
  return answer;
}

async function send(port: number, datagrams: readonly (Buffer | string)[], from = KNOWN): Promise<void> {
  const socket = createSocket('udp4');
  socket.bind(0, from);
  await once(socket, 'listening');
  for (const datagram of datagrams)
    await new Promise<void>((resolve) => socket.send(datagram, port, KNOWN, () => resolve()));
  socket.close();
}

async function status(): Promise<CollectorsStatus | null> {
  const response = await fetch(`http://127.0.0.1:${gateway.controlPort}/v1/status`, {
    headers: { authorization: `Bearer ${operator}` },
  });
  return ((await response.json()) as { collectors: CollectorsStatus | null }).collectors;
}

const statusOf = async (name: string): Promise<SourceStatus | undefined> =>
  (await status())?.sources.find((source) => source.name === name);

/** What `shudi trace` says of an outside endpoint at a time, ms. */
async function trace(address: string, port: number, at: number): Promise<Answer> {
  const question = ['--outside', address, '--port', `${port}`, '--proto', 'tcp', '--tolerance', '200ms'];
  const when = new Date(at).toISOString();
  const ran = await shudi(['trace', ...question, '--at', when, '--json', '--data', data]);
  expect(ran.err).toBe('');
  return JSON.parse(ran.out) as Answer;
}

/** An exporter's counters go on however many datagrams it sends. */
let records = 0;
const exported = (sets: readonly Buffer[], count: number): Buffer => {
  const datagram = message(sets, { exportTime: Math.floor(Date.now() / 1000), sequence: records });
  records += count;
  return datagram;
};
const templates = (): Buffer => exported([set(2, [template(256, NAT44)])], 0);
const session = (changes: Nat44): Buffer => exported([set(256, [nat44({ at: Date.now(), ...changes })])], 1);

const accountingStart = (address: string, identifier: number): Buffer =>
  accountingRequest(
    [
      attribute(40, number(1)),
      attribute(44, Buffer.from(`session-${address}`)),
      attribute(1, Buffer.from('anna@isp.example')),
      attribute(8, Buffer.from(address.split('.').map(Number))),
      attribute(32, Buffer.from('bras-1')),
      attribute(55, number(Math.floor(Date.now() / 1000))),
    ],
    { identifier },
  );

/** Sends a lease, again and again as an access server does, until it is answered. */
async function account(address: string, identifier: number): Promise<void> {
  const access = await AccessServer.open(ports.radius);
  const request = accountingStart(address, identifier);
  const again = setInterval(() => void access.send(request), 500);
  await access.send(request);
  expect(answers(await access.answer(), request)).toBe(true);
  clearInterval(again);
  access.close();
}

/** Junos tells of a block and of when it was given, in seconds, hex. */
const block = (low: number, high: number): string =>
  `<14>1 ${new Date().toISOString()} srx RT_NAT - RT_SRC_NAT_PBA_ALLOC [junos@2636.1.1.1.2.129 ` +
  `internal-ip="100.64.0.9" block-port-low="${low}" block-port-high="${high}" reflexive-ip="203.0.113.9" ` +
  `epoch="${Math.floor(Date.now() / 1000).toString(16)}"]`;

/** The process ids of the collectors. */
const pids = (): number[] =>
  readFileSync(`/proc/${gateway.child.pid}/task/${gateway.child.pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .map(Number)
    .filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('collectors-process.ts'));

describe('serve with sources', () => {
  it('a public endpoint leads over the translation to the lease; a datagram that comes twice counts once', async () => {
    await account('100.64.0.1', 1);
    const datagram = session({ inside: '100.64.0.1', outside: '192.0.2.1', outsidePort: 50_000 });
    await send(ports.ipfix, [templates(), datagram, datagram]);
    // It lasts: a moment that is long enough past is asked for.
    const answer = await until(
      'traced',
      () => trace('192.0.2.1', 50_000, Date.now() - 1700),
      ({ grade }) => grade === 'exact',
    );
    expect(answer).toMatchObject({ subjectGrade: 'exact', reasons: [], count: 1 });
    expect(answer.candidates).toHaveLength(1);
    expect(
      answer.candidates[0]?.hops.map(({ kind, source, inside }) => [kind, source, inside.address]),
    ).toEqual([
      ['translation', 'cgn', '100.64.0.1'],
      ['lease', 'isp', '100.64.0.1'],
    ]);
    expect(answer.candidates[0]?.hops[0]?.inside.port).toBe(40_000);
    expect(JSON.stringify(answer)).not.toContain('anna');
  });

  it('a block of syslog leads to its inside', async () => {
    await send(ports.syslog, [block(1024, 1151)]);
    const answer = await until(
      'traced',
      () => trace('203.0.113.9', 1100, Date.now() - 1700),
      ({ count }) => count > 0,
    );
    expect(
      answer.candidates[0]?.hops.map(({ kind, source, inside }) => [kind, source, inside.address]),
    ).toEqual([['translation', 'srx', '100.64.0.9']]);
    expect((await trace('203.0.113.9', 1152, Date.now() - 1700)).count).toBe(0);
  });

  it('the operator sees how good they are, and no address', async () => {
    const found = await status();
    expect(found?.sources).toMatchObject([
      {
        name: 'cgn',
        grade: 'ok',
        dialects: ['ipfix:rfc8158'],
        templates: { data: 1, pending: 0 },
        dropped: 0,
      },
      { name: 'srx', grade: 'ok', dialects: ['syslog:junos'], messages: 1, translations: 1, lost: 0 },
      { name: 'isp', grade: 'ok', leases: 1, dropped: 0 },
    ]);
    expect(found?.listeners.map(({ protocol, port }) => [protocol, port])).toEqual(Object.entries(ports));
    expect(JSON.stringify(found?.sources)).not.toMatch(/100\.64|192\.0\.2|203\.0\.113|anna/);
  });

  it('an unknown sender is counted, and nothing of it is stored', async () => {
    const before = await status();
    const forged = [templates(), session({ outside: '198.51.100.7', outsidePort: 50_001 })];
    records -= 1;
    await send(ports.ipfix, forged, STRANGER);
    await send(ports.syslog, [block(2048, 2175)], STRANGER);
    await send(ports.radius, [accountingStart('100.64.0.7', 9)], STRANGER);
    const after = await until(
      'counted',
      status,
      (found) => found?.unknownSenders === (before?.unknownSenders ?? 0) + 4,
    );
    const counts = (found: CollectorsStatus | null) =>
      found?.sources.map(({ messages, translations, leases }) => [messages, translations, leases]);
    expect(counts(after)).toEqual(counts(before));
    expect((await trace('198.51.100.7', 50_001, Date.now())).count).toBe(0);
  });

  it('collectors that are killed are started again; in between is a gap; RADIUS is answered again', async () => {
    const [killed = 0] = pids();
    const away = Date.now();
    process.kill(killed, 'SIGKILL');
    await untilLogged(gateway, '"event":"collectors.started"');
    expect(pids()).not.toContain(killed);
    expect(pids()).toHaveLength(1);
    await account('100.64.0.2', 2);
    const answer = await until(
      'a gap',
      () => trace('192.0.2.2', 50_000, away + 50),
      ({ reasons }) => !reasons.includes('time-in-the-future'),
    );
    expect(answer).toMatchObject({ grade: 'gap', count: 0 });
    expect(answer.reasons).toContain('recorder-crashed');
    // What is told from now on is answered as before.
    await send(ports.ipfix, [
      templates(),
      session({ inside: '100.64.0.2', outside: '192.0.2.3', outsidePort: 50_003 }),
    ]);
    const again = await until(
      'traced again',
      () => trace('192.0.2.3', 50_003, Date.now() - 1700),
      ({ grade }) => grade === 'exact',
    );
    expect(again.candidates[0]?.hops.map(({ kind }) => kind)).toEqual(['translation', 'lease']);
    expect(await statusOf('isp')).toMatchObject({ leases: 1 });
    // With all of them there, nothing found is no gap.
    await until(
      'no gap any more',
      () => trace('192.0.2.2', 50_000, Date.now() - 1700),
      ({ grade }) => grade === 'none',
    );
  });

  it('after SIGTERM each source has a stop, and what was recorded verifies', async () => {
    expect(await gateway.stop()).toBe(0);
    const verified = await shudi(['verify', data, '--json']);
    expect(JSON.parse(verified.out)).toMatchObject({ ok: true });
    const told = new Map<string, string[]>();
    const files = readdirSync(recordsDirectory(data)).filter((name) => name.endsWith('.sqlite'));
    for (const file of files.sort()) {
      const day = new DatabaseSync(join(recordsDirectory(data), file), { readOnly: true });
      for (const row of day.prepare('SELECT source, event FROM lifecycle ORDER BY rowid').all())
        told.set(String(row['source']), [...(told.get(String(row['source'])) ?? []), String(row['event'])]);
      day.close();
    }
    for (const source of ['cgn', 'srx', 'isp'])
      expect(told.get(source), source).toEqual(['start', 'crash', 'start', 'stop']);
  });
});
