import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openRig } from './harness.ts';
import { OK } from './raw-upstream.ts';

describe('starting', () => {
  it('a port in use is said to be', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    await expect(openRig({ listener: { port } })).rejects.toMatchObject({
      code: 'gateway.port-in-use',
      where: 'listener public',
    });
  });

  it('an address that this machine does not have is said to be', async () => {
    await expect(openRig({ listener: { host: '192.0.2.1' } })).rejects.toMatchObject({
      code: 'config.invalid',
      where: 'listener public',
    });
  });
});

describe('stopping', () => {
  it('lets a request under way end, then does not wait for its connection', async () => {
    const rig = await openRig();
    rig.upstream.answer = () => undefined;
    const [busy, idle] = [await rig.client(), await rig.client()];
    busy.get('/');
    await rig.log.until(() => rig.upstream.requests.length === 1, 'the request');
    let closed = false;
    const closing = rig.gateway.close().then(() => (closed = true));
    await idle.untilClosed();
    await rig.settle();
    expect(closed).toBe(false);
    rig.upstream.last.connection.write(OK);
    expect((await busy.response()).body).toBe('ok');
    const started = performance.now();
    await closing;
    expect(performance.now() - started).toBeLessThan(3000);
    await rig.log.untilSeen('record', 'end');
    expect(rig.gateway.counts()).toEqual({ connections: 0, direct: 0, claimed: 0 });
  });

  it('accepts nobody afterwards', async () => {
    const rig = await openRig();
    await rig.gateway.close();
    await expect(rig.client()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('more connections than the limit are closed at once', async () => {
    const rig = await openRig({ limits: { connections: 1 } });
    const one = await rig.client();
    one.get('/');
    await one.response();
    const two = await rig.client();
    await two.untilClosed();
    one.get('/');
    expect((await one.response()).status).toBe(200);
  });
});
