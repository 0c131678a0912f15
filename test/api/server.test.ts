import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openControlApi } from '../../src/api/control-api.ts';
import { RateLimit } from '../../src/api/rate.ts';
import type { Millis } from '../../src/model/time.ts';
import { getWithHost, sendRaw } from './raw.ts';
import { openWorld, POLICE, type World } from './support.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld({ hosts: ['Control.example'] });
});
afterAll(() => world.close());

describe('the control server', () => {
  it('answers for its own names only (DNS rebinding)', async () => {
    const { port } = world.api.address;
    for (const host of [
      `127.0.0.1:${port}`,
      'localhost',
      'LOCALHOST:1',
      '[::1]:9080',
      'control.example',
      'control.example:443',
    ]) {
      expect(await getWithHost(port, host), host).toContain('HTTP/1.1 200');
    }
    for (const host of [
      'evil.example',
      '127.0.0.1.evil.example',
      'localhost.',
      'a@localhost',
      '127.0.0.1:x',
      '10.0.0.1',
      '',
    ]) {
      const reply = await getWithHost(port, host);
      expect(reply, host).toMatch(/HTTP\/1\.1 4(00|21)/);
      expect(reply, host).not.toContain('"ok"');
    }
    expect(await getWithHost(port, null)).toContain('HTTP/1.1 400');
    expect(await getWithHost(port, 'evil.example', '/nowhere')).toContain('api.host');
    expect(await getWithHost(port, 'evil.example', 'http://localhost/healthz')).toContain('HTTP/1.1 421');
  });

  it('refuses what is no HTTP, and heads and bodies that are too large, with a problem document', async () => {
    const { port } = world.api.address;
    expect(await sendRaw(port, 'NONSENSE\r\n\r\n')).toContain('"code":"api.malformed"');
    const large = `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`;
    expect(await sendRaw(port, large)).toMatch(/HTTP\/1\.1 4(00|31)/);
    const body = JSON.stringify({ ...POLICE, fields: { note: 'x'.repeat(300_000) } });
    const reply = await world.call(world.tokens.requester, 'POST', '/v1/cases', body);
    expect(reply).toMatchObject({ status: 413, json: { code: 'api.too-large' } });
  });

  it('takes JSON only, and one well-formed document', async () => {
    const post = (body: string, type = 'application/json') =>
      world.call(world.tokens.requester, 'POST', '/v1/cases', body, { 'content-type': type });
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/json',
    ]) {
      expect((await post('{}', type)).json.code, type).toBe('api.media-type');
    }
    for (const body of [
      '',
      '{',
      '{}{}',
      '{"__proto__":{"x":1}}',
      '{"constructor":{"prototype":{}}}',
      '\u0000',
    ]) {
      expect((await post(body)).json.code, body).toBe('api.malformed');
    }
    for (const body of ['null', '[]', '1', '"x"', '{}'])
      expect((await post(body)).json.code, body).toBe('api.invalid');
  });

  it('names the field that is wrong, and no field is passed over in silence', async () => {
    const post = async (body: unknown) =>
      (await world.call(world.tokens.requester, 'POST', '/v1/cases', body)).json;
    expect(await post({ ...POLICE, more: 1 })).toMatchObject({ code: 'api.invalid', where: 'body/more' });
    expect(await post({ ...POLICE, kind: 'favour' })).toMatchObject({
      code: 'api.invalid',
      where: 'body/kind',
    });
    expect(await post({ ...POLICE, fields: { ...POLICE.fields, letterNumber: '' } })).toMatchObject({
      code: 'case.invalid',
      where: 'fields/letterNumber',
    });
    const query = await world.call(world.tokens.supervisor, 'GET', '/v1/audit?after=1&before=2');
    expect(query.json).toMatchObject({ code: 'api.invalid', where: 'query/before' });
    expect((await world.call(world.tokens.supervisor, 'GET', '/v1/audit?after=-1')).json.code).toBe(
      'api.invalid',
    );
    expect((await world.call(world.tokens.supervisor, 'GET', '/v1/audit?after=1&after=2')).json.code).toBe(
      'api.invalid',
    );
    const lone = `{"kind":"police-request","fields":{"note":"\\ud800"}}`;
    expect((await world.call(world.tokens.requester, 'POST', '/v1/cases', lone)).json.code).toBe(
      'api.invalid',
    );
  });

  it('says when its port is taken', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as { port: number };
    await expect(openControlApi({ ...world.control, port })).rejects.toMatchObject({
      code: 'gateway.port-in-use',
    });
    blocker.close();
  });

  it('is not ready when the recorder is not', async () => {
    const api = await openControlApi({ ...world.control, ready: () => false });
    const response = await fetch(`http://127.0.0.1:${api.address.port}/readyz`);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).not.toBeNull();
    await response.arrayBuffer();
    await api.close();
  });

  it('slows down a token that comes too often, and no other one', async () => {
    const slow = await openWorld({
      rates: { person: { perSecond: 0.1, burst: 3 }, site: { perSecond: 1, burst: 1 } },
    });
    try {
      const ask = () => slow.call(slow.tokens.operator, 'GET', '/v1/status');
      for (let at = 0; at < 3; at++) expect((await ask()).status).toBe(200);
      const refused = await ask();
      expect(refused).toMatchObject({ status: 429, json: { code: 'auth.rate' } });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(5);
      expect((await slow.call(slow.tokens.supervisor, 'GET', '/v1/audit')).status).toBe(200);
    } finally {
      await slow.close();
    }
  });
});

describe('a rate', () => {
  it('fills again with time, and not with a clock that steps back', () => {
    const time = { now: 0 };
    const limit = new RateLimit(() => time.now as Millis);
    const take = () => limit.take('t', { perSecond: 2, burst: 2 });
    expect([take(), take(), take()]).toEqual([0, 0, 1]);
    time.now = 500;
    expect([take(), take()]).toEqual([0, 1]);
    time.now = 0;
    expect(take()).toBe(1);
    time.now = 1_000_000;
    expect([take(), take(), take()]).toEqual([0, 0, 1]);
  });
});
