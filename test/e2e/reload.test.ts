import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { once } from 'node:events';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { EventLog } from '../gateway/event-log.ts';
import { RawClient } from '../gateway/raw-client.ts';
import { makeCertificate } from '../gateway/tls/make-certificate.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { hasTool } from '../support/tools.ts';
import { startReportingUpstream } from './reporting-upstream.ts';
import { plainConfig, processesOf, serve, untilLogged, type Served } from './serve.ts';

async function hangUp(
  gateway: Served,
  directory: string,
  config: object,
  logged: string,
  times = 1,
): Promise<void> {
  writeFileSync(join(directory, 'shudi.yaml'), JSON.stringify(config));
  gateway.child.kill('SIGHUP');
  await untilLogged(gateway, logged, times);
}

function journal(directory: string, kind: string): { readonly [key: string]: unknown }[] {
  const database = new DatabaseSync(join(directory, 'data', 'journal.sqlite'), { readOnly: true });
  const rows = database.prepare('SELECT * FROM entries').all();
  database.close();
  return rows
    .map((row) => JSON.stringify(row))
    .filter((text) => text.includes(kind))
    .map((text) => JSON.parse(text) as { [key: string]: unknown });
}

describe('SIGHUP', () => {
  it('is heard while the gateway starts, and heeded once it has', async () => {
    const directory = temporaryDirectory();
    const upstream = await startReportingUpstream();
    const lock = join(directory, 'data', 'lock');
    let early = false;
    const gateway = await serve(directory, plainConfig(directory, upstream.port), (child) => {
      const timer = setInterval(() => {
        if (!existsSync(lock)) return;
        clearInterval(timer);
        early = child.kill('SIGHUP');
      }, 2);
      child.once('exit', () => clearInterval(timer));
    });
    await untilLogged(gateway, '"event":"reloaded"');
    expect(early).toBe(true);
    expect(gateway.log().indexOf('"event":"reloaded"')).toBeGreaterThan(0);
    expect(await gateway.stop()).toBe(0);
  });

  it('reaches a worker that is just being started', async () => {
    const directory = temporaryDirectory();
    const upstream = await startReportingUpstream();
    const config = (limits: object): object =>
      plainConfig(directory, upstream.port, { gateway: { workers: 2, limits } });
    const gateway = await serve(directory, config({ targetBytes: 2048 }));
    const [worker = 0] = processesOf(gateway, 'worker');
    process.kill(worker, 'SIGKILL');
    await untilLogged(gateway, '"event":"worker.ended"');
    // The other one is forked, and does not listen yet.
    while (processesOf(gateway, 'worker').length < 2) await sleep(2);
    await hangUp(gateway, directory, config({ targetBytes: 1024 }), '"event":"reloaded"');
    expect(gateway.log()).not.toContain('"event":"worker.started"');
    await untilLogged(gateway, '"event":"worker.started"');
    // The system spreads connections over both.
    const clients = await Promise.all(
      Array.from({ length: 24 }, () => RawClient.open(gateway.gatewayPort, new EventLog())),
    );
    for (const client of clients) {
      client.get(`/${'x'.repeat(1100)}`);
      expect((await client.response()).status).toBe(414);
    }
    expect(await gateway.stop()).toBe(0);
  });

  it.each([1, 2])(
    'another configuration counts from the next request on, over connections that stay (%i workers)',
    async (workers) => {
      const directory = temporaryDirectory();
      const [old, next] = [await startReportingUpstream(), await startReportingUpstream()];
      const config = (port: number, changes: object = {}): object =>
        plainConfig(directory, port, { gateway: { workers, ...changes } });
      const gateway = await serve(directory, config(old.port));
      const clients = await Promise.all(
        Array.from({ length: 8 }, () => RawClient.open(gateway.gatewayPort, new EventLog())),
      );
      for (const client of clients) {
        client.get('/');
        expect((await client.response()).status).toBe(200);
      }
      expect(old.seen).toHaveLength(8);
      await hangUp(
        gateway,
        directory,
        config(next.port, { limits: { targetBytes: 1024 } }),
        '"event":"reloaded"',
      );
      for (const client of clients) {
        client.get('/');
        expect((await client.response()).status).toBe(200);
        expect(client.closed).toBe(false);
      }
      expect(old.seen).toHaveLength(8);
      expect(next.seen).toHaveLength(8);
      clients[0]?.get(`/${'x'.repeat(1100)}`);
      expect((await clients[0]?.response())?.status).toBe(414);
      // What cannot be used changes nothing: a bad key, and a port that is taken.
      await hangUp(gateway, directory, { ...config(old.port), nonsense: 1 }, '"event":"not-reloaded"');
      const taken = { listeners: [{ name: 'public', host: '127.0.0.1', port: old.port }] };
      await hangUp(gateway, directory, config(old.port, taken), '"event":"not-reloaded"', 2);
      clients[1]?.get('/');
      expect((await clients[1]?.response())?.status).toBe(200);
      expect(old.seen).toHaveLength(8);
      const told = JSON.stringify(journal(directory, 'config.'));
      expect(told).toMatch(/configSha256/);
      expect(told).toMatch(/gateway\.limits\.targetBytes/);
      expect(told).toMatch(/gateway\.routes\[0\]\.upstream/);
      expect(told).toMatch(/config\.refused/);
      expect(told).not.toContain(String(next.port));
      for (const client of clients) client.destroy();
      expect(await gateway.stop()).toBe(0);
      await Promise.all([old.close(), next.close()]);
    },
    60_000,
  );

  it('a listener more, and one less: the new one answers, the old one ends with its connections served', async () => {
    const directory = temporaryDirectory();
    const upstream = await startReportingUpstream();
    const both = {
      listeners: [
        { name: 'public', host: '127.0.0.1', port: 0 },
        { name: 'second', host: '127.0.0.1', port: 0 },
      ],
    };
    const gateway = await serve(directory, plainConfig(directory, upstream.port));
    await hangUp(
      gateway,
      directory,
      plainConfig(directory, upstream.port, { gateway: both }),
      '"event":"reloaded"',
    );
    const client = await RawClient.open(gateway.gatewayPort, new EventLog());
    client.get('/');
    expect((await client.response()).status).toBe(200);
    client.destroy();
    expect(await gateway.stop()).toBe(0);
    await upstream.close();
  }, 60_000);
});

describe.runIf(hasTool('openssl'))('TLS', () => {
  async function handshake(port: number, servername: string): Promise<TLSSocket> {
    const socket = connectTls({ port, host: '127.0.0.1', servername, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    return socket;
  }
  const ask = async (socket: TLSSocket): Promise<string> => {
    socket.write('GET / HTTP/1.1\r\nHost: forum.example\r\n\r\n');
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    return chunk.toString('latin1');
  };

  it('a new certificate is used from the next handshake on; connections under way stay, and no handshake fails', async () => {
    const directory = temporaryDirectory();
    const upstream = await startReportingUpstream();
    const first = makeCertificate(directory, 'first', { names: 'DNS:forum.example' });
    const config = (files: object): object =>
      plainConfig(directory, upstream.port, { listener: { tls: { certificates: [files] } } });
    const gateway = await serve(directory, config(first));
    const old = await handshake(gateway.gatewayPort, 'forum.example');
    const serial = old.getPeerCertificate().serialNumber;
    expect(await ask(old)).toMatch(/^HTTP\/1\.1 200/);
    let failed = 0;
    let served = 0;
    const until = new AbortController();
    const going = (async () => {
      while (!until.signal.aborted) {
        try {
          const socket = await handshake(gateway.gatewayPort, 'forum.example');
          if ((await ask(socket)).startsWith('HTTP/1.1 200')) served += 1;
          else failed += 1;
          socket.destroy();
        } catch {
          failed += 1;
        }
      }
    })();
    const second = makeCertificate(directory, 'second', { names: 'DNS:forum.example' });
    await hangUp(gateway, directory, config(second), '"event":"reloaded"');
    const renewed = await handshake(gateway.gatewayPort, 'forum.example');
    expect(renewed.getPeerCertificate().serialNumber).not.toBe(serial);
    // One that cannot be used is refused, and the one before stays.
    writeFileSync(second.key, 'nonsense');
    await hangUp(gateway, directory, config(second), '"event":"not-reloaded"');
    const still = await handshake(gateway.gatewayPort, 'forum.example');
    expect(still.getPeerCertificate().serialNumber).toBe(renewed.getPeerCertificate().serialNumber);
    until.abort();
    await going;
    expect(await ask(old)).toMatch(/^HTTP\/1\.1 200/);
    expect(failed).toBe(0);
    expect(served).toBeGreaterThan(0);
    for (const socket of [old, renewed, still]) socket.destroy();
    expect(upstream.seen.every(({ method }) => method === 'GET')).toBe(true);
    expect(await gateway.stop()).toBe(0);
    await upstream.close();
  }, 60_000);
});
