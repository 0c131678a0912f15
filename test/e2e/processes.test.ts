import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { IpAddress, Port } from '../../src/model/address.ts';
import { systemClock, type Millis } from '../../src/model/time.ts';
import { SqliteQuery } from '../../src/records/sqlite/query.ts';
import { verifyData } from '../../src/app/verify.ts';
import { EventLog } from '../gateway/event-log.ts';
import { RawClient } from '../gateway/raw-client.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { loadUntil } from './load.ts';
import { checkReleased, checkRequests } from './recorded.ts';
import { startReportingUpstream } from './reporting-upstream.ts';
import { plainConfig, processesOf, serve, untilLogged, type Served } from './serve.ts';

const LOCALHOST = '127.0.0.1' as IpAddress;

async function until(check: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 400 && !check(); tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 25));
  expect(check(), what).toBe(true);
}

/** A new connection each time, until the gateway answers 200. */
async function untilServed(gateway: Served): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(gateway.gatewayPort, '127.0.0.1');
      let text = '';
      socket.on('connect', () => socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'));
      socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(text));
    });
    if (answer.startsWith('HTTP/1.1 200')) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('not served in time');
}

it('what a terminal tells the whole group ends no worker and no recorder', async () => {
  const directory = temporaryDirectory();
  const upstream = await startReportingUpstream();
  const gateway = await serve(directory, plainConfig(directory, upstream.port));
  const all = (): number[] => (['worker', 'recorder'] as const).flatMap((role) => processesOf(gateway, role));
  const before = all();
  expect(before.length).toBeGreaterThanOrEqual(2);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    for (const pid of before) process.kill(pid, signal);
  await new Promise((resolve) => setTimeout(resolve, 500));
  await untilServed(gateway);
  expect(all()).toEqual(before);
  await gateway.stop();
  await upstream.close();
});

describe('a worker that dies', () => {
  it('is replaced; what it forwarded is recorded, its contacts end at their last checkpoint as crashed, the others go on', async () => {
    const directory = temporaryDirectory();
    const data = join(directory, 'data');
    const upstream = await startReportingUpstream();
    const gateway = await serve(
      directory,
      plainConfig(directory, upstream.port, { gateway: { workers: 2 } }),
    );
    const before = processesOf(gateway, 'worker');
    expect(before).toHaveLength(2);
    let stopped = false;
    const load = loadUntil(gateway.gatewayPort, 1, 16, () => stopped);
    await new Promise((resolve) => setTimeout(resolve, 500));
    process.kill(before[0] ?? 0, 'SIGKILL');
    await untilLogged(gateway, '"event":"worker.started"');
    const after = processesOf(gateway, 'worker');
    expect(after).toHaveLength(2);
    expect(after).not.toContain(before[0]);
    expect(after).toContain(before[1]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    stopped = true;
    const released = await load;
    await untilServed(gateway);
    await checkRequests(data, upstream.seen);
    const query = new SqliteQuery(data, systemClock, () => true);
    const window = { from: (Date.now() - 60_000) as Millis, to: Date.now() as Millis };
    const found = query.byClient(LOCALHOST, null, window, 5000);
    expect(found.contacts.some(({ endReason }) => endReason === 'crash')).toBe(true);
    expect(found.contacts.some(({ endReason }) => endReason === 'closed')).toBe(true);
    // From the dead one's last word until its death nobody knows what its clients did.
    expect(query.gaps('gateway', window).some(({ reason }) => reason === 'crash')).toBe(true);
    query.close();
    expect(await gateway.stop()).toBe(0);
    await checkReleased(data, released);
    expect(verifyData(data)).toMatchObject({ ok: true });
    await upstream.close();
  }, 60_000);
});

describe('a recorder that dies', () => {
  it('means 503 with Retry-After until it is back, on connections that live on too; then all is recorded anew', async () => {
    const directory = temporaryDirectory();
    const data = join(directory, 'data');
    const upstream = await startReportingUpstream();
    const gateway = await serve(directory, plainConfig(directory, upstream.port));
    const log = new EventLog();
    const client = await RawClient.open(gateway.gatewayPort, log);
    client.get('/1');
    expect((await client.response()).status).toBe(200);
    const [recorder = 0] = processesOf(gateway, 'recorder');
    process.kill(recorder, 'SIGKILL');
    let refused = 0;
    let status = 0;
    // Until its death is noticed, what needs no new record is still served.
    for (let tries = 0; tries < 400 && (status !== 200 || refused === 0); tries += 1) {
      client.get('/again');
      const response = await client.response();
      status = response.status;
      if (status === 503) {
        refused += 1;
        expect(response.head).toMatch(/^retry-after: 1\r$/im);
        expect(JSON.parse(response.body)).toMatchObject({ code: 'records.unavailable' });
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(status).toBe(200);
    expect(refused).toBeGreaterThan(0);
    expect(processesOf(gateway, 'recorder')).not.toContain(recorder);
    // Exactly the served ones reached the web service, each over an endpoint that is recorded.
    await checkRequests(data, upstream.seen);
    const query = new SqliteQuery(data, systemClock, () => true);
    const window = { from: (Date.now() - 60_000) as Millis, to: Date.now() as Millis };
    const found = query.byClient(LOCALHOST, client.local.port as Port, window, 10);
    query.close();
    // One connection, two contacts: the first ended with the recorder that held it.
    expect(found.contacts.map(({ endReason }) => endReason)).toEqual(['crash', null]);
    client.destroy();
    expect(await gateway.stop()).toBe(0);
    expect(verifyData(data)).toMatchObject({ ok: true });
    await upstream.close();
  }, 60_000);

  it('under load: nothing is forwarded that is not recorded, and the gateway comes back each time', async () => {
    const directory = temporaryDirectory();
    const data = join(directory, 'data');
    const upstream = await startReportingUpstream();
    const gateway = await serve(
      directory,
      plainConfig(directory, upstream.port, { gateway: { workers: 2 } }),
    );
    let stopped = false;
    const load = loadUntil(gateway.gatewayPort, 2, 16, () => stopped);
    for (let round = 1; round <= 3; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      const [recorder = 0] = processesOf(gateway, 'recorder');
      process.kill(recorder, 'SIGKILL');
      await untilLogged(gateway, '"event":"recorder.restarted"', round);
    }
    await untilServed(gateway);
    stopped = true;
    const released = await load;
    await checkRequests(data, upstream.seen);
    expect(await gateway.stop()).toBe(0);
    await checkReleased(data, released);
    expect(upstream.seen.length).toBeGreaterThan(50);
    expect(verifyData(data)).toMatchObject({ ok: true });
    await upstream.close();
  }, 60_000);
});

describe('main that dies', () => {
  it('takes its workers and its recorder with it, so that a new one finds the port and the data free', async () => {
    const directory = temporaryDirectory();
    const upstream = await startReportingUpstream();
    const config = plainConfig(directory, upstream.port, { gateway: { workers: 2 } });
    const gateway = await serve(directory, config);
    const left = [...processesOf(gateway, 'worker'), ...processesOf(gateway, 'recorder')];
    expect(left).toHaveLength(3);
    gateway.child.kill('SIGKILL');
    const alive = (pid: number): boolean => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    await until(() => !left.some(alive), 'all gone');
    const again = await serve(directory, config);
    await untilServed(again);
    expect(await again.stop()).toBe(0);
    await upstream.close();
  }, 60_000);
});
