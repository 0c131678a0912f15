import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { IpAddress, Port } from '../../src/model/address.ts';
import { systemClock, type Millis } from '../../src/model/time.ts';
import { SqliteQuery } from '../../src/records/sqlite/query.ts';
import { EventLog } from '../gateway/event-log.ts';
import { RawClient } from '../gateway/raw-client.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { plainConfig, serve } from './serve.ts';

/** A web service that answers when it is told to. */
async function slowUpstream(): Promise<{ port: number; waiting: ServerResponse[] }> {
  const waiting: ServerResponse[] = [];
  const server = createServer((_request, response) => void waiting.push(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, waiting };
}

async function until(check: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400 && !check(); tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 25));
  expect(check()).toBe(true);
}

describe('SIGTERM', () => {
  it('lets what is under way end, closes what is idle, refuses what is new, and stores every end', async () => {
    const directory = temporaryDirectory();
    const upstream = await slowUpstream();
    const gateway = await serve(directory, plainConfig(directory, upstream.port));
    const [busy, idle] = [
      await RawClient.open(gateway.gatewayPort, new EventLog()),
      await RawClient.open(gateway.gatewayPort, new EventLog()),
    ];
    const ends = [busy.local, idle.local];
    idle.get('/');
    await until(() => upstream.waiting.length === 1);
    upstream.waiting[0]?.end('one');
    expect((await idle.response()).body).toBe('one');
    busy.get('/');
    await until(() => upstream.waiting.length === 2);
    const stopped = gateway.stop();
    await idle.untilClosed();
    await expect(RawClient.open(gateway.gatewayPort, new EventLog())).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
    upstream.waiting[1]?.end('two');
    const response = await busy.response();
    expect(response).toMatchObject({ status: 200, body: 'two' });
    expect(response.head).toMatch(/^connection: close\r$/im);
    await busy.untilClosed();
    expect(await stopped).toBe(0);
    const query = new SqliteQuery(join(directory, 'data'), systemClock, () => false);
    const window = { from: (Date.now() - 60_000) as Millis, to: Date.now() as Millis };
    for (const { port } of ends) {
      const found = query.byClient('127.0.0.1' as IpAddress, port as Port, window, 10);
      expect(found.contacts).toMatchObject([{ endReason: 'closed' }]);
    }
    query.close();
  }, 60_000);

  it('does not wait beyond the drain limit', async () => {
    const directory = temporaryDirectory();
    const upstream = await slowUpstream();
    const gateway = await serve(
      directory,
      plainConfig(directory, upstream.port, { gateway: { timeouts: { drain: '500ms' } } }),
    );
    const client = await RawClient.open(gateway.gatewayPort, new EventLog());
    client.get('/');
    await until(() => upstream.waiting.length === 1);
    const began = performance.now();
    expect(await gateway.stop()).toBe(0);
    expect(performance.now() - began).toBeLessThan(10_000);
    await client.untilClosed();
    expect(client.bytes).toBe('');
  }, 60_000);
});
