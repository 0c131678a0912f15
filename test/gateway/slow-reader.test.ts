import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openRig, type Rig, type RigOptions } from './harness.ts';
import type { RawClient } from './raw-client.ts';

const MEGABYTE = 1_000_000;

/** A client that has stopped reading before it asks for so many bytes, and what it got once it reads again. */
async function slow(
  rig: Rig,
): Promise<{ client: RawClient; readonly ask: (bytes: number, lines?: string) => void }> {
  const client = await rig.client();
  client.socket.removeAllListeners('data');
  client.socket.on('data', (chunk: Buffer) => {
    client.received += chunk.length;
    rig.log.add('client', 'bytes');
  });
  client.socket.pause();
  return {
    client,
    ask: (count, lines = '') => client.get(`/${count}`, lines),
  };
}

async function serving(options: RigOptions): Promise<Rig> {
  const rig = await openRig(options);
  rig.upstream.answer = ({ head }, connection) => {
    const count = Number(/^GET \/(\d+)/.exec(head)?.[1] ?? 0);
    connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${count}\r\n\r\n${'x'.repeat(count)}`);
  };
  return rig;
}

const whole = (rig: Rig, client: RawClient, bytes: number): Promise<void> =>
  rig.log.until(() => client.received > bytes, `${bytes} bytes and a head`);

/** Bytes that the kernel holds for a client that does not read: of the gateway's socket and of the client's own. */
function held({ local }: RawClient): number {
  const port = local.port.toString(16).toUpperCase().padStart(4, '0');
  let sum = 0;
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1)) {
    const [, from = '', to = '', , queues = ''] = line.trim().split(/\s+/);
    const [sending = '0', receiving = '0'] = queues.split(':');
    if (to.endsWith(`:${port}`)) sum += Number.parseInt(sending, 16);
    if (from.endsWith(`:${port}`)) sum += Number.parseInt(receiving, 16);
  }
  return sum;
}

/** Sizes from what the kernel takes to some 100 KB more, so that the tail of most waits in the gateway. */
async function sizes(rig: Rig): Promise<number[]> {
  const { client, ask } = await slow(rig);
  ask(16 * MEGABYTE);
  await sleep(500);
  const least = held(client);
  client.destroy();
  expect(least).toBeGreaterThan(100_000);
  return Array.from({ length: 14 }, (_, index) => least + index * 8000);
}

describe('a client that reads slowly', () => {
  it('and has closed its half gets the whole of a long answer, and is no security event', async () => {
    const rig = await serving({ timeouts: { sendIdleMs: 20_000 } });
    const { client, ask } = await slow(rig);
    ask(16 * MEGABYTE);
    await rig.log.until(() => rig.upstream.requests.length === 1, 'the request');
    await sleep(200);
    client.socket.end();
    await sleep(1000);
    client.socket.resume();
    await whole(rig, client, 16 * MEGABYTE);
    expect(rig.gateway.refusals().get('slow-read') ?? 0).toBe(0);
  });

  it('and closes its half while the tail waits gets the tail', async () => {
    const rig = await serving({ timeouts: { sendIdleMs: 20_000 } });
    const all = await Promise.all((await sizes(rig)).map(async (bytes) => ({ bytes, ...(await slow(rig)) })));
    for (const { ask, bytes } of all) ask(bytes);
    await sleep(500);
    for (const { client } of all) client.socket.end();
    await sleep(500);
    for (const { client } of all) client.socket.resume();
    await Promise.all(all.map(({ client, bytes }) => whole(rig, client, bytes)));
  });

  it('may take longer than a moment for an answer that ends the connection', async () => {
    const rig = await serving({ timeouts: { sendIdleMs: 20_000 } });
    const all = await Promise.all((await sizes(rig)).map(async (bytes) => ({ bytes, ...(await slow(rig)) })));
    for (const { ask, bytes } of all) ask(bytes, 'Connection: close\r\n');
    await sleep(3000);
    for (const { client } of all) client.socket.resume();
    await Promise.all(all.map(({ client, bytes }) => whole(rig, client, bytes)));
    await Promise.all(all.map(({ client }) => client.untilClosed()));
  });

  it('may take longer than keepAlive for the answer before', async () => {
    const rig = await serving({ timeouts: { sendIdleMs: 20_000, keepAliveMs: 200 } });
    const all = await Promise.all((await sizes(rig)).map(async (bytes) => ({ bytes, ...(await slow(rig)) })));
    for (const { ask, bytes } of all) ask(bytes);
    await sleep(1000);
    for (const { client } of all) client.socket.resume();
    await Promise.all(all.map(({ client, bytes }) => whole(rig, client, bytes)));
    expect(rig.gateway.refusals().get('slow-read') ?? 0).toBe(0);
  });

  it('does not make answers pile up: the next request is read when there is room', async () => {
    const rig = await serving({ timeouts: { sendIdleMs: 20_000 } });
    const { client, ask } = await slow(rig);
    ask(2.4 * MEGABYTE);
    await rig.log.until(() => rig.upstream.requests.length === 1, 'the request');
    for (let count = 0; count < 400; count += 1) ask(20_000);
    await sleep(500);
    const asked = rig.upstream.requests.length;
    // Some megabytes are in the kernel's buffers; what is beyond them waits as requests.
    expect(asked).toBeLessThan(380);
    client.socket.end();
    client.socket.resume();
    await client.untilClosed();
    expect(rig.upstream.requests).toHaveLength(401);
    expect(client.received).toBeGreaterThan(2.4 * MEGABYTE + 400 * 20_000);
  });

  it('and takes nothing for sendIdle is cut, with a word to the operator', async () => {
    const rig = await serving({ timeouts: { sendIdleMs: 300 } });
    const { client, ask } = await slow(rig);
    ask(16 * MEGABYTE, 'Connection: close\r\n');
    await rig.log.until(() => (rig.gateway.refusals().get('slow-read') ?? 0) > 0, 'the event');
    client.socket.resume();
    await client.untilClosed();
    expect(client.received).toBeLessThan(16 * MEGABYTE);
  });
});
