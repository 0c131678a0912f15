import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDemo, type Demo } from '../../src/app/demo/demo.ts';
import { silentLog } from '../../src/platform/log.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { Visitor, type Page } from './browser-like.ts';
import { shudi } from './command.ts';
import { freePort } from './free-port.ts';

/** The main job, end to end, as the "done when" tells it. */
describe('the story: register, log in, post, trace, disclose', () => {
  const root = temporaryDirectory();
  const data = join(root, 'demo-data');
  let demo: Demo;
  let printed = '';
  let gateway = '';
  let proxy = '';
  let control = '';
  let requester = '';
  let approver = '';
  let carol: Visitor;
  let posted: Page;

  beforeAll(async () => {
    const ports = { gateway: await freePort(), control: await freePort(), proxy: await freePort() };
    demo = await startDemo({ directory: data, write: (text) => (printed += text), log: silentLog, ports });
    gateway = `http://127.0.0.1:${ports.gateway}`;
    proxy = `http://127.0.0.1:${ports.proxy}`;
    control = `http://127.0.0.1:${ports.control}`;
    const tokens = [...printed.matchAll(/shudi_p_[A-Za-z0-9_-]+/g)].map(([token]) => token);
    [requester = '', approver = ''] = tokens;
  }, 60_000);

  afterAll(async () => {
    carol?.leave();
    await demo?.stop();
    // Nothing is left behind.
    expect(existsSync(data)).toBe(false);
  }, 30_000);

  async function trace(args: readonly string[]): Promise<{ status: number | null; answer: Answer }> {
    const ran = await shudi(['trace', '--data', data, '--json', ...args]);
    return { status: ran.status, answer: JSON.parse(ran.out) as Answer };
  }

  async function api(
    token: string,
    method: string,
    path: string,
    body?: object,
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(`${control}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  interface Answer {
    readonly grade: string;
    readonly subjectGrade: string;
    readonly reasons: readonly string[];
    readonly candidates: readonly {
      readonly subject: string | null;
      readonly identity?: { readonly site: string; readonly account: string } | null;
      readonly hops: readonly {
        readonly kind: string;
        readonly inside: { readonly address: string; readonly port: number };
        readonly egress: readonly { readonly local: { readonly address: string; readonly port: number } }[];
      }[];
    }[];
  }

  it('the first question that the demo prints has the answer that it promises', async () => {
    const command = /shudi -- (trace .*)/.exec(printed)?.[1]?.split(' ') ?? [];
    const { status, answer } = await trace(command.slice(command.indexOf('--outside')));
    expect(status).toBe(0);
    expect(answer).toMatchObject({
      grade: 'exact',
      subjectGrade: 'exact',
      reasons: [],
      candidates: [{ hops: [{ kind: 'contact', inside: { address: '113.66.1.1' } }] }],
    });
    expect(answer.candidates[0]?.subject).toMatch(/^h-/);
    expect(JSON.stringify(answer)).not.toContain('anna');
  });

  it('registers, logs in and posts through the gateway; the profile says unknown for a loopback address', async () => {
    carol = new Visitor(gateway);
    const registered = await carol.submit('/register', '/register', {
      account: 'carol',
      password: 'correct horse',
    });
    expect(registered.status).toBeLessThan(400);
    expect(Object.keys(registered.headers).filter((name) => name.startsWith('x-shudi'))).toEqual([]);
    posted = await carol.submit('/', '/posts', { title: 'hello', text: 'from here' });
    expect(posted.status).toBeLessThan(400);
    expect((await carol.get('/u/carol')).body).toContain('未知');
  });

  it('shows 广东 on the profile of one who posts through the proxy that claims a Guangdong address', async () => {
    const [, password = ''] = /bert \/ (\S+)/.exec(printed) ?? [];
    const bert = new Visitor(proxy);
    expect((await bert.submit('/login', '/login', { account: 'bert', password })).status).toBeLessThan(400);
    expect((await bert.submit('/', '/posts', { title: 'hi', text: 'from Guangdong' })).status).toBeLessThan(
      400,
    );
    expect((await bert.get('/u/bert')).body).toContain('广东');
    bert.leave();
    const badge = await fetch(`${gateway}/.shudi/badge/bert`);
    expect(await badge.json()).toEqual({ region: 'CN-GD', label: { zh: '广东', en: 'Guangdong' } });
    const svg = await fetch(`${gateway}/.shudi/badge/bert.svg`);
    expect(svg.headers.get('content-type')).toContain('image/svg+xml');
    expect(await svg.text()).toContain('IP属地：广东');
    const again = await fetch(`${gateway}/.shudi/badge/bert`, {
      headers: { 'if-none-match': badge.headers.get('etag') ?? '' },
    });
    expect(again.status).toBe(304);
  });

  it('a client that claims to be elsewhere is not believed', async () => {
    const liar = new Visitor(gateway);
    const page = await liar.get('/', {
      'x-forwarded-for': '203.80.96.10',
      forwarded: 'for=203.80.96.10',
      'x-ip-region': 'CN-HK',
    });
    liar.leave();
    const { answer } = await trace(['--outside', '203.80.96.10', '--at', page.at.toISOString()]);
    expect(answer).toMatchObject({ grade: 'none', reasons: [] });
  });

  it('a trace finds the endpoint; a wrong port or time does not; without a port it is ambiguous', async () => {
    const at = posted.at.toISOString();
    const right = await trace(['--outside', '127.0.0.1', '--port', String(posted.port), '--at', at]);
    expect(right).toMatchObject({ status: 0, answer: { grade: 'exact', subjectGrade: 'exact' } });
    expect(right.answer.candidates).toHaveLength(1);
    const wrongPort = await trace(['--outside', '127.0.0.1', '--port', '9', '--at', at]);
    expect(wrongPort).toMatchObject({
      status: 1,
      answer: { grade: 'none', subjectGrade: 'none', reasons: [], candidates: [] },
    });
    const before = await trace([
      '--outside',
      '127.0.0.1',
      '--port',
      String(posted.port),
      '--at',
      new Date(posted.at.getTime() - 3_600_000).toISOString(),
    ]);
    expect(before).toMatchObject({
      status: 1,
      answer: { grade: 'gap', reasons: ['recorder-not-running'], candidates: [] },
    });
    const portless = await trace(['--outside', '127.0.0.1', '--at', at]);
    expect(portless.answer.grade).toBe('ambiguous');
    expect(portless.answer.reasons).toContain('no-port');
  });

  it('a time without an offset and an unknown option are refused with exit status 2', async () => {
    const local = await shudi([
      'trace',
      '--data',
      data,
      '--outside',
      '127.0.0.1',
      '--at',
      '2026-11-22T08:00:00',
    ]);
    expect(local.status).toBe(2);
    expect(local.err).toContain('time.no-offset');
    const unknown = await shudi(['trace', '--data', data, '--outsider', '127.0.0.1']);
    expect(unknown.status).toBe(2);
    expect(unknown.err).not.toContain('    at ');
  });

  it('the gateway-side endpoint leads back to the same client', async () => {
    const { answer } = await trace([
      '--outside',
      '127.0.0.1',
      '--port',
      String(posted.port),
      '--at',
      posted.at.toISOString(),
    ]);
    const local = answer.candidates[0]?.hops[0]?.egress[0]?.local;
    const reverse = await trace([
      '--egress',
      local?.address ?? '',
      '--port',
      String(local?.port),
      '--at',
      posted.at.toISOString(),
    ]);
    expect(reverse.answer).toMatchObject({
      grade: 'exact',
      subjectGrade: 'exact',
      candidates: [
        {
          hops: [{ outside: { portLow: local?.port }, inside: { address: '127.0.0.1', port: posted.port } }],
        },
      ],
    });
  });

  it('request, approve, execute names the account; one person alone cannot', async () => {
    const fields = {
      authority: 'Municipal Public Security Bureau',
      letterNumber: '2026-001',
      letterDate: '2026-11-22',
      officers: [{ name: 'Li', credential: 'P-100001' }],
    };
    const opened = await api(requester, 'POST', '/v1/cases', { kind: 'police-request', fields });
    expect(opened.status, JSON.stringify(opened.body)).toBe(201);
    const question = { outside: '127.0.0.1', port: posted.port, at: posted.at.toISOString() };
    const made = await api(requester, 'POST', '/v1/requests', {
      case: opened.body['id'],
      reason: 'who posted',
      questions: [question],
    });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    const id = String(made.body['id']);
    const digest = made.body['digest'];

    expect((await api(requester, 'POST', `/v1/requests/${id}/execute`, {})).status).toBeGreaterThanOrEqual(
      400,
    );
    expect((await api(requester, 'POST', `/v1/requests/${id}/approve`, { digest })).status).toBe(403);
    expect((await api(approver, 'POST', `/v1/requests/${id}/execute`, {})).status).toBe(403);

    expect((await api(approver, 'POST', `/v1/requests/${id}/approve`, { digest })).status).toBeLessThan(300);
    const executed = await api(requester, 'POST', `/v1/requests/${id}/execute`, {});
    expect(executed.status, JSON.stringify(executed.body)).toBe(200);
    expect(JSON.stringify(executed.body)).toContain('"account":"carol"');
    expect(JSON.stringify(executed.body)).not.toContain('bert');
    // A grant is good once.
    expect((await api(requester, 'POST', `/v1/requests/${id}/execute`, {})).status).toBeGreaterThanOrEqual(
      400,
    );
  }, 30_000);

  it('no file of the data directory holds an account, a cookie or a token', () => {
    const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const all = Buffer.concat(
      files.map((entry) => readFileSync(join(entry.parentPath, entry.name))),
    ).toString('latin1');
    expect(files.length).toBeGreaterThan(4);
    for (const secret of ['carol', 'anna', 'bert', requester, approver, ...carol.cookies()])
      expect(all).not.toContain(secret);
  });

  it('verify finds all whole, and a changed record in a copy', async () => {
    const copy = join(root, 'copy');
    cpSync(data, copy, { recursive: true });
    const whole = await shudi(['verify', '--json', copy]);
    expect(whole.status, whole.out).toBe(0);
    const day = (JSON.parse(whole.out) as { days: { day: string }[] }).days[0]?.day ?? '';
    const database = new DatabaseSync(join(copy, 'records', `${day}.sqlite`));
    database.exec(
      `UPDATE connections SET client_port = client_port + 1 WHERE id = (SELECT max(id) FROM connections)`,
    );
    database.close();
    const changed = await shudi(['verify', copy]);
    expect(changed.status).toBe(1);
    expect(changed.out).toContain('are not those that were stored');
  });
});
