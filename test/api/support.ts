import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Value } from 'typebox/value';
import { ensureVaultKey } from '../../src/accounts/key-files.ts';
import { openAccounts, type Accounts } from '../../src/accounts/open-accounts.ts';
import { allRoutes, openControlApi } from '../../src/api/control-api.ts';
import type { MachineStatus } from '../../src/api/machine-status.ts';
import type { ControlOptions } from '../../src/api/parts.ts';
import type { Route } from '../../src/api/route.ts';
import { createDisclosureKey } from '../../src/disclosure/disclosure-key.ts';
import { createExecutor, type ExecutorOptions } from '../../src/disclosure/executor.ts';
import { bootstrapPeople, enrolStaff, issueSiteToken } from '../../src/disclosure/people.ts';
import { Register } from '../../src/disclosure/register.ts';
import { startJournal } from '../../src/ledger/journal.ts';
import { canonicalAccount, type AccountId, type Site } from '../../src/model/accounts.ts';
import { canonicalAddress, type IpAddress, type Port } from '../../src/model/address.ts';
import type { Journal } from '../../src/model/journal.ts';
import type { ConnectionId, RecordItem, RequestId } from '../../src/model/records.ts';
import type { RegionLookup } from '../../src/model/region.ts';
import { systemClock, type Millis } from '../../src/model/time.ts';
import { lockDirectory } from '../../src/platform/lock.ts';
import { silentLog, type Log } from '../../src/platform/log.ts';
import { openSqliteReader, openSqliteRecorder } from '../../src/records/sqlite/engine.ts';
import { createTracer } from '../../src/trace/tracer.ts';

export const FORUM = 'forum' as Site;
export const ALICE = canonicalAccount('alice') as AccountId;
export const BOB = canonicalAccount('bob') as AccountId;

/** Of a machine that has nothing to do and no collectors. */
export const IDLE: MachineStatus = {
  recording: true,
  workers: 1,
  connections: 0,
  claimedClients: 0,
  refusals: {},
  collectors: null,
  clockErrorMs: null,
  regionAgeDays: 3,
};

export interface WorldOptions {
  readonly grantTtlMs?: number;
  readonly executor?: Partial<ExecutorOptions>;
  /** Wraps the journal that the API works with. */
  readonly journal?: (journal: Journal) => Journal;
  readonly rates?: ControlOptions['rates'];
  readonly hosts?: readonly string[];
  readonly log?: Log;
  readonly badgeBasis?: 'publication' | 'login' | 'any';
  readonly status?: ControlOptions['status'];
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: ReplyJson;
}

export interface CandidateJson {
  readonly subject: string | null;
  readonly identity: { readonly site: string; readonly account: string } | null;
  readonly identityState: string;
  readonly hops: readonly { readonly inside: { readonly address: string } }[];
}

export interface TraceJson {
  readonly grade: string;
  readonly subjectGrade: string;
  readonly candidates: readonly CandidateJson[];
}

/** The fields of all answers that the tests look at; each route's answer is held against its schema besides. */
export interface ReplyJson extends TraceJson {
  readonly id: string;
  readonly code: string;
  readonly where?: string;
  readonly detail: string;
  readonly state: string;
  readonly digest: string;
  readonly version: number;
  readonly region: string;
  readonly requester: string;
  readonly ambiguous: unknown;
  readonly questions: readonly unknown[];
  readonly next: number | null;
  readonly tokenHash: string | null;
  readonly grant: { readonly id: string; readonly state: string; readonly outcome: string | null } | null;
  readonly requests: readonly { readonly id: string }[];
  readonly entries: readonly { readonly seq: number; readonly kind: string }[];
  readonly badges: readonly { readonly id: string; readonly region: string }[];
  readonly results: readonly { readonly status: string; readonly code?: string; readonly bound?: boolean }[];
  readonly answer: { readonly answers: readonly TraceJson[] };
  readonly answerSha256: string;
  readonly journal: { readonly used: number; readonly answered: number };
  readonly paths: { readonly [path: string]: { readonly [method: string]: unknown } };
}

/** A connection that the gateway has recorded, and an unsafe request that came over it. */
export interface Recorded {
  readonly connection: ConnectionId;
  readonly request: RequestId;
  readonly address: IpAddress;
  readonly port: Port;
  readonly at: Millis;
}

const GUANGDONG: RegionLookup = {
  lookup: () => ({ code: 'CN-GD', source: 'ip2region', dataVersion: '2026-11', reason: null }),
};

const QUICK = { perSecond: 100_000, burst: 100_000 };

/** A whole control side over real files, real processes and a real socket. Close it with `close`. */
export async function openWorld(options: WorldOptions = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'shudi-control-'));
  const keys = join(directory, 'keys');
  mkdirSync(keys, { mode: 0o700 });
  ensureVaultKey(keys);
  createDisclosureKey(keys);
  const lock = lockDirectory(directory);
  const real = await startJournal({ directory });
  const journal = options.journal?.(real) ?? real;
  const accounts: Accounts = await openAccounts({ directory, keysDirectory: keys });
  const recorder = await openSqliteRecorder({ directory, durability: 'os' });
  const { writer } = recorder;
  const reader = await openSqliteReader(directory);
  const register = new Register({
    journal,
    ...(options.grantTtlMs === undefined ? {} : { grantTtlMs: options.grantTtlMs }),
  });
  const first = await bootstrapPeople(register, { requester: 'Rita', approver: 'Anton' });
  const supervisor = await enrolStaff(register, 'Sven', 'supervisor');
  const operator = await enrolStaff(register, 'Olga', 'operator');
  const site = await issueSiteToken(register, FORUM);
  const tokens = {
    requester: first.requester.token.secret,
    approver: first.approver.token.secret,
    supervisor: supervisor.token.secret,
    operator: operator.token.secret,
    site: site.secret,
  };
  const control: ControlOptions = {
    host: '127.0.0.1',
    port: 0,
    hosts: options.hosts ?? [],
    rates: options.rates ?? { person: QUICK, site: QUICK },
    journal,
    register,
    tracer: createTracer({ records: reader, assumedClockErrorMs: 1000, isUnshared: () => false }),
    records: { reader, writer },
    subjects: accounts.subjects,
    badges: accounts.badges,
    regions: GUANGDONG,
    sites: new Map([[FORUM, { badgeBasis: options.badgeBasis ?? 'publication' }]]),
    execute: createExecutor({
      dataDirectory: directory,
      keysDirectory: keys,
      assumedClockErrorMs: 1000,
      unshared: [],
      ...options.executor,
    }),
    status: options.status ?? (() => IDLE),
    ready: () => true,
    clock: systemClock,
    log: options.log ?? silentLog,
  };
  const api = await openControlApi(control);
  const origin = `http://127.0.0.1:${api.address.port}`;
  const routes = allRoutes(control);

  const call = async (
    token: string | null,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply> => {
    const response = await fetch(origin + path, {
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isText = response.headers.get('content-type')?.startsWith('text/plain') === true;
    const json = (isText ? {} : JSON.parse(text === '' ? 'null' : text)) as ReplyJson;
    if (response.ok) expectAnswer(routes, method, path, isText ? text : json);
    return { status: response.status, headers: response.headers, text, json };
  };

  let recorded = 0;
  /** Records a contact as the gateway does, ended or open, bound to accounts. */
  const record = async (
    bound: readonly AccountId[],
    {
      ended = true,
      address = '203.0.113.7',
      port = 40_000 + (recorded % 20_000),
      portKnown = true,
      site = 'forum',
    } = {},
  ): Promise<Recorded> => {
    recorded += 1;
    const connection = writer.nextConnection(Date.now() as Millis);
    const at = (Date.now() - 10_000) as Millis;
    const client = {
      address: canonicalAddress(address) as IpAddress,
      port: portKnown ? (port as Port) : null,
    };
    const own = { address: canonicalAddress('198.51.100.1') as IpAddress, port: 443 as Port };
    const request = randomUUID() as RequestId;
    const subjects = await Promise.all(
      bound.map((account) => accounts.subjects.subjectOf(FORUM, account, at)),
    );
    const items: RecordItem[] = [
      {
        type: 'connection',
        id: connection,
        listener: 'public',
        peer: client,
        client,
        verdict: 'direct',
        chain: '',
        own,
        from: (at - 1000) as Millis,
        clockErrorMs: 5,
      },
      ...subjects.map((subject): RecordItem => {
        const from = (at - 500) as Millis;
        return {
          type: 'binding',
          connection,
          site: FORUM,
          subject,
          learned: 'header',
          from,
          sessionSince: from,
        };
      }),
      { type: 'request', request, connection, site: site as Site, subject: null, learned: null, at },
      ...subjects.map((subject): RecordItem => ({
        type: 'request',
        request,
        connection,
        site: FORUM,
        subject,
        learned: 'header',
        at,
      })),
    ];
    const end = (at + 5000) as Millis;
    if (ended) items.push({ type: 'end', connection, to: end, closed: end, reason: 'closed' });
    await writer.append(items);
    return { connection, request, address: client.address, port: port as Port, at };
  };

  const close = async (): Promise<void> => {
    await api.close();
    await reader.close();
    await recorder.close();
    await accounts.close();
    await journal.close();
    lock.release();
    rmSync(directory, { recursive: true, force: true });
  };
  return {
    directory,
    keys,
    journal,
    register,
    accounts,
    writer,
    reader,
    control,
    api,
    origin,
    routes,
    tokens,
    call,
    record,
    close,
  };
}

export type World = Awaited<ReturnType<typeof openWorld>>;

/** Each answer of success is one that the table promises. */
function expectAnswer(routes: readonly Route[], method: string, path: string, answer: unknown): void {
  const bare = path.split('?', 1)[0] ?? '';
  const found = routes.find(
    (item) => item.method === method && new RegExp(`^${item.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(bare),
  );
  expect(found, `${method} ${bare} is in the table`).toBeDefined();
  if (found !== undefined) expect(Value.Errors(found.answer, answer)).toEqual([]);
}

export const POLICE = {
  kind: 'police-request',
  fields: {
    authority: 'Public security bureau',
    letterNumber: '2026-118',
    letterDate: '2026-11-20',
    officers: [{ name: 'Wang', credential: '44010233' }],
  },
};

/** The question that a record answers. */
export function questionAbout({ address, port, at }: Recorded) {
  return { outside: address, port, at: new Date(at).toISOString() };
}

/** Opens a case and makes a request on it. */
export async function ask(
  world: World,
  questions: readonly unknown[],
  more: object = {},
  token = world.tokens.requester,
) {
  const opened = await world.call(token, 'POST', '/v1/cases', POLICE);
  expect(opened.status).toBe(201);
  const made = await world.call(token, 'POST', '/v1/requests', {
    case: opened.json.id,
    reason: 'Fraud on 20 November',
    questions,
    ...more,
  });
  expect(made.status, made.text).toBe(201);
  return made.json;
}

export function approve(
  world: World,
  request: { id: string; digest: string },
  token = world.tokens.approver,
): Promise<Reply> {
  return world.call(token, 'POST', `/v1/requests/${request.id}/approve`, { digest: request.digest });
}

export function execute(
  world: World,
  request: { id: string },
  token = world.tokens.requester,
): Promise<Reply> {
  return world.call(token, 'POST', `/v1/requests/${request.id}/execute`);
}

/** All entries of the journal, by kind. */
export async function journalled(world: World, kind: string) {
  const entries = await world.journal.entries(0, 100_000);
  return entries.filter((entry) => entry.kind === kind);
}
