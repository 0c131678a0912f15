import { describe, expect, it } from 'vitest';
import { openRig, type Rig } from './harness.ts';
import type { SeenResponse } from './raw-client.ts';
import { headerOf } from './raw-upstream.ts';

async function ask(rig: Rig, target: string, method = 'GET'): Promise<SeenResponse> {
  const client = await rig.client();
  client.send(`${method} ${target} HTTP/1.1\r\nHost: forum.example\r\n\r\n`);
  const response = await client.response(method === 'HEAD');
  client.destroy();
  return response;
}
const json = (response: SeenResponse): unknown => JSON.parse(response.body);

describe('healthz and the rest', () => {
  it('healthz: 200, and 503 once the recorder has failed', async () => {
    const rig = await openRig();
    const well = await ask(rig, '/.shudi/healthz');
    expect(well.status).toBe(200);
    expect(headerOf(well.head, 'cache-control')).toBe('no-store');
    rig.records.breakDown();
    await rig.settle();
    const ill = await ask(rig, '/.shudi/healthz');
    expect(ill.status).toBe(503);
    expect(ill.body).not.toContain('disk');
    expect(rig.gateway.healthy()).toBe(false);
    expect((await ask(rig, '/.shudi/healthz', 'HEAD')).status).toBe(503);
  });

  it.each([
    ['GET', '/.shudi'],
    ['GET', '/.shudi/'],
    ['GET', '/.shudi?x'],
    ['GET', '/.shudi/nothing'],
    ['POST', '/.shudi/healthz'],
    ['DELETE', '/.shudi/badge/anna'],
    ['GET', '/.shudi/badge/a/b'],
    ['GET', '/.shudi/../secret'],
  ])('%s %s: 404, never forwarded', async (method, target) => {
    const rig = await openRig();
    const response = await ask(rig, target, method);
    expect(response.status).toBe(404);
    expect(json(response)).toMatchObject({ code: 'gateway.no-route' });
    expect(rig.upstream.sockets).toHaveLength(0);
  });

  it('an own route in absolute form is an own route', async () => {
    const rig = await openRig();
    const response = await ask(rig, 'http://forum.example/.shudi/healthz');
    expect(response.status).toBe(200);
    expect(rig.upstream.sockets).toHaveLength(0);
  });

  it('own and forwarded requests on one connection are answered in order, and the connection is recorded once', async () => {
    const rig = await openRig();
    const client = await rig.client();
    client.send(
      ['/1', '/.shudi/healthz', '/2', '/.shudi/nothing']
        .map((target) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`)
        .join(''),
    );
    const seen: string[] = [];
    for (let round = 0; round < 4; round += 1) {
      const { status, body } = await client.response();
      seen.push(`${status} ${body.slice(0, 15)}`);
    }
    expect(seen).toEqual(['200 ok', '200 {"status":"ok"}', '200 ok', '404 {"type":"urn:sh']);
    expect(rig.records.all('connection')).toHaveLength(1);
  });
});
