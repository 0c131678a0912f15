import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { METRICS_TYPE } from '../../src/api/metrics.ts';
import { issueToken, revokeToken } from '../../src/disclosure/people.ts';
import { newToken } from '../../src/disclosure/tokens.ts';
import { openWorld, type World } from './support.ts';

let world: World;
let revoked: string;
beforeAll(async () => {
  world = await openWorld({ hosts: ['control.example'] });
  const { person } = (await world.register.authenticate(world.tokens.requester)) as {
    person: { id: string };
  };
  const token = await issueToken(world.register, 'machine', person.id);
  await revokeToken(world.register, 'machine', token.id);
  revoked = token.secret;
});
afterAll(() => world.close());

const WHO = ['requester', 'approver', 'supervisor', 'operator', 'site'] as const;
const filled = (path: string): string =>
  path.replace(
    '{id}',
    path.includes('cases')
      ? 'c-0000000000000000'
      : path.includes('people')
        ? 'p-0000000000000000'
        : 'r-0000000000000000',
  );
const bodyFor = (method: string): unknown => (method === 'GET' ? undefined : {});

describe('every route', () => {
  it('opens to the roles of its row, and to nobody else', async () => {
    const denied: string[] = [];
    const allowed: string[] = [];
    for (const { method, path, access } of world.routes) {
      for (const who of WHO) {
        const reply = await world.call(world.tokens[who], method, filled(path), bodyFor(method));
        const open =
          access === 'public' ||
          (access === 'site' ? who === 'site' : who !== 'site' && access.includes(who));
        const line = `${who}: ${method} ${path}`;
        if (open) {
          allowed.push(line);
          expect(reply.json.code ?? '', line).not.toMatch(/^auth\.(role|missing|unknown)$/);
        } else {
          denied.push(line);
          expect(reply, line).toMatchObject({ status: 403, json: { code: 'auth.role' } });
        }
      }
    }
    expect(denied.length + allowed.length).toBe(world.routes.length * WHO.length);
    // The table as the issue has it; a change here is a change of who may do what.
    expect(allowed.filter((line) => !/healthz|readyz|openapi/.test(line)).sort()).toEqual(EXPECTED);
  });

  it('is shut to no token, an unknown one, a revoked one and other schemes', async () => {
    for (const { method, path, access } of world.routes) {
      if (access === 'public') continue;
      const attempt = (headers: Record<string, string>) =>
        world.call(null, method, filled(path), bodyFor(method), headers);
      const none = await attempt({});
      expect(none).toMatchObject({ status: 401, json: { code: 'auth.missing' } });
      expect(none.headers.get('www-authenticate')).toBe('Bearer');
      const basic = await attempt({ authorization: `Basic ${btoa(`x:${world.tokens.requester}`)}` });
      expect(basic.json.code).toBe('auth.missing');
      for (const token of [revoked, newToken('person').secret, newToken('site').secret, 'x', 'shudi_p_']) {
        const reply = await attempt({ authorization: `Bearer ${token}` });
        expect(reply, `${method} ${path}`).toMatchObject({ status: 401, json: { code: 'auth.unknown' } });
      }
    }
  });

  it('has the methods of the table and no other', async () => {
    const paths = new Set(world.routes.map(({ path }) => path));
    for (const path of paths) {
      const methods = world.routes.filter((item) => item.path === path).map(({ method }) => method as string);
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'].filter(
        (name) => !methods.includes(name),
      )) {
        const response = await fetch(world.origin + filled(path), {
          method,
          headers: { authorization: `Bearer ${world.tokens.requester}`, origin: 'https://evil.example' },
        });
        expect(response.status, `${method} ${path}`).toBe(405);
        expect(response.headers.get('allow')?.split(', ').sort()).toEqual(methods.sort());
        expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
        await response.arrayBuffer();
      }
    }
  });

  it('is the only one there is', async () => {
    for (const path of [
      '/',
      '/v1',
      '/v1/',
      '/v1/cases',
      '/v1/requests/x/y/z',
      '/V1/cases',
      '/v1//cases',
      '/metrics/',
      '/v1/people',
    ]) {
      const reply = await world.call(world.tokens.requester, 'GET', path);
      expect([404, 405], path).toContain(reply.status);
      expect(reply.json.code).toMatch(/^api\.(not-found|method)$/);
    }
  });
});

const EXPECTED = [
  'approver: GET /v1/cases/{id}',
  'approver: GET /v1/people/{id}',
  'approver: GET /v1/requests',
  'approver: GET /v1/requests/{id}',
  'approver: POST /v1/people',
  'approver: POST /v1/people/{id}/confirm',
  'approver: POST /v1/requests/{id}/approve',
  'operator: GET /metrics',
  'operator: GET /v1/status',
  'requester: GET /v1/cases/{id}',
  'requester: GET /v1/people/{id}',
  'requester: GET /v1/requests',
  'requester: GET /v1/requests/{id}',
  'requester: POST /v1/cases',
  'requester: POST /v1/people',
  'requester: POST /v1/people/{id}/confirm',
  'requester: POST /v1/requests',
  'requester: POST /v1/requests/{id}/execute',
  'requester: POST /v1/trace',
  'requester: PUT /v1/requests/{id}',
  'site: GET /v1/accounts/{id}/badge',
  'site: POST /v1/badges',
  'site: POST /v1/events',
  'supervisor: GET /v1/audit',
  'supervisor: GET /v1/cases/{id}',
  'supervisor: GET /v1/people/{id}',
  'supervisor: GET /v1/requests',
  'supervisor: GET /v1/requests/{id}',
];

describe('what is open to anybody', () => {
  it('says that it lives and is ready, and nothing else', async () => {
    expect(await world.call(null, 'GET', '/healthz')).toMatchObject({ status: 200, json: { status: 'ok' } });
    expect(await world.call(null, 'GET', '/readyz')).toMatchObject({
      status: 200,
      json: { status: 'ready' },
    });
  });

  it('describes every route of the table, its parameters and its errors', async () => {
    const { json } = await world.call(null, 'GET', '/openapi.json');
    expect(json).toMatchObject({ openapi: '3.1.0', info: { title: 'Shudi control API' } });
    const described = Object.entries(json.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual(world.routes.map(({ method, path }) => `${method} ${path}`).sort());
    expect(json.paths['/v1/requests/{id}/approve']?.['post']).toMatchObject({
      security: [{ person: [] }],
      parameters: [{ name: 'id', in: 'path', required: true }],
      requestBody: { required: true },
      responses: { 201: {}, default: { content: { 'application/problem+json': {} } } },
    });
    expect(json.paths['/v1/events']?.['post']).toMatchObject({ security: [{ site: [] }] });
    expect(json.paths['/metrics']?.['get']).toMatchObject({
      security: [{ person: [] }],
      responses: { 200: { content: { [METRICS_TYPE]: { schema: { type: 'string' } } } } },
    });
  });

  it('is not to be kept, framed or sniffed', async () => {
    for (const path of ['/healthz', '/nowhere', '/v1/audit']) {
      const { headers } = await world.call(null, 'GET', path);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    }
  });
});
