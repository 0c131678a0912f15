import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { IpfixReceiver } from '../../../src/collectors/ipfix/receiver.ts';
import { dropsIn } from '../../../src/collectors/transport/kernel-drops.ts';
import {
  listenStream,
  type StreamListener,
  type StreamOptions,
} from '../../../src/collectors/transport/stream.ts';
import { listenUdp } from '../../../src/collectors/transport/udp.ts';
import { makeCertificate } from '../../gateway/tls/make-certificate.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { hasTool } from '../../support/tools.ts';
import { message, nat44, NAT44, set, template } from '../ipfix/exporter.ts';
import { heardFeed, type HeardFeed } from '../ipfix/source-feed.ts';

const HOST = '127.0.0.1';
const PATIENT = { timeout: 10_000, interval: 5 };
const root = temporaryDirectory();
const definition = message([set(2, [template(256, NAT44)])]);
const events = message([set(256, [nat44(), nat44({ event: 5 })])]);

function receiver() {
  const feed = heardFeed();
  return { feed, ipfix: new IpfixReceiver({ sourceOf: () => ({ feed, dialect: null }) }) };
}

const translations = (feed: HeardFeed): number =>
  feed.messages.reduce((sum, told) => sum + told.translations.length, 0);

async function stream(
  options: Partial<StreamOptions> & Pick<StreamOptions, 'accept'>,
): Promise<StreamListener> {
  const listener = await listenStream({
    host: HOST,
    port: 0,
    tls: null,
    maxConnections: 10,
    idleMs: 60_000,
    ...options,
  });
  onTestFinished(() => listener.close());
  return listener;
}

function dialled<Connection extends Socket>(socket: Connection): Connection {
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** However it ends; an error is an end too. */
const gone = (socket: Socket): Promise<void> =>
  new Promise((resolve) => void socket.once('close', () => resolve()));

describe('over UDP', () => {
  it('datagrams come with their sender; what the kernel has no room for is counted', async () => {
    let seen = 0;
    const listener = await listenUdp({
      host: HOST,
      port: 0,
      receiveBufferBytes: 4096,
      onDatagram: (_bytes, from) => {
        expect(from).toBe(HOST);
        seen += 1;
      },
    });
    onTestFinished(() => listener.close());
    expect(listener.stats()).toMatchObject({ datagrams: 0, kernelDrops: 0 });
    expect(listener.stats().receiveBufferBytes).toBeGreaterThan(0);
    const socket = createSocket('udp4');
    onTestFinished(() => void socket.close());
    // All in one turn of the loop: nobody reads meanwhile.
    for (let count = 0; count < 2000; count += 1)
      socket.send(Buffer.alloc(1000), listener.address.port, HOST);
    await vi.waitFor(() => expect(listener.stats().kernelDrops).toBeGreaterThan(0), PATIENT);
    const { datagrams, bytes, kernelDrops } = listener.stats();
    expect(seen).toBe(datagrams);
    expect(bytes).toBe(datagrams * 1000);
    expect(datagrams + (kernelDrops ?? 0)).toBeLessThanOrEqual(2000);
  });

  it('a port that is in use is said to be', async () => {
    const listener = await listenUdp({
      host: HOST,
      port: 0,
      receiveBufferBytes: 0,
      onDatagram: () => undefined,
    });
    onTestFinished(() => listener.close());
    const { port } = listener.address;
    await expect(
      listenUdp({ host: HOST, port, receiveBufferBytes: 0, onDatagram: () => undefined }),
    ).rejects.toMatchObject({ code: 'gateway.port-in-use' });
  });

  it('the drops of a socket are found in the table of the system', () => {
    const table = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops',
      '  77: 0100007F:1283 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 100 2 0000000000000000 42',
      '  78: 0100007F:1284 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 101 2 0000000000000000 7',
    ].join('\n');
    expect(dropsIn(table, HOST, 0x1283)).toBe(42);
    expect(dropsIn(table, HOST, 0x1285)).toBeNull();
  });
});

describe('over TCP', () => {
  it('messages come whole, however they were parted; templates hold for their connection only', async () => {
    const { feed, ipfix } = receiver();
    const listener = await stream({ accept: ipfix.accept });
    const first = dialled(connect(listener.address.port, HOST));
    await once(first, 'connect');
    for (const byte of Buffer.concat([definition, events])) first.write(Buffer.from([byte]));
    await vi.waitFor(() => expect(translations(feed)).toBe(2), PATIENT);
    first.destroy();
    const second = dialled(connect(listener.address.port, HOST));
    second.write(events);
    await vi.waitFor(() => expect(ipfix.status().some(({ pending }) => pending === 1)).toBe(true), PATIENT);
    expect(translations(feed)).toBe(2);
  });

  it('nonsense, silence, strangers and one too many are hung up on', async () => {
    const { feed, ipfix } = receiver();
    const listener = await stream({ accept: ipfix.accept, maxConnections: 1, idleMs: 200 });
    const nonsense = dialled(connect(listener.address.port, HOST));
    nonsense.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await gone(nonsense);
    expect(feed.calls).toEqual([expect.stringMatching(/^rejected /)]);
    const silent = dialled(connect(listener.address.port, HOST));
    await once(silent, 'connect');
    const tooMany = dialled(connect(listener.address.port, HOST));
    await gone(tooMany);
    await gone(silent);
    await vi.waitFor(() => expect(listener.stats()).toMatchObject({ connections: 0, refused: 1 }), PATIENT);
    const closed = await stream({ accept: () => null });
    const stranger = dialled(connect(closed.address.port, HOST));
    await gone(stranger);
    expect(closed.stats()).toMatchObject({ connections: 0, refused: 1 });
  });
});

describe.runIf(hasTool('openssl'))('over TLS', () => {
  const own = makeCertificate(root, 'own', { names: 'IP:127.0.0.1' });
  const exporter = makeCertificate(root, 'exporter');
  const pem = (path: string): Buffer => readFileSync(path);
  const tls = { cert: pem(own.cert), key: pem(own.key), clientCa: pem(exporter.cert) };

  async function send(
    options: ConnectionOptions,
    clientCa: Buffer | null,
  ): Promise<{ feed: HeardFeed; socket: Socket }> {
    const { feed, ipfix } = receiver();
    const listener = await stream({ accept: ipfix.accept, tls: { ...tls, clientCa } });
    const socket = dialled(connectTls({ host: HOST, port: listener.address.port, ca: tls.cert, ...options }));
    socket.write(Buffer.concat([definition, events]));
    return { feed, socket };
  }

  it('an exporter with a certificate of ours is heard', async () => {
    const { feed } = await send({ cert: pem(exporter.cert), key: pem(exporter.key) }, tls.clientCa);
    await vi.waitFor(() => expect(translations(feed)).toBe(2), PATIENT);
  });

  it('one without is not, and neither is one of another authority', async () => {
    const none = await send({}, tls.clientCa);
    await gone(none.socket);
    const other = makeCertificate(root, 'other');
    const wrong = await send({ cert: pem(other.cert), key: pem(other.key) }, tls.clientCa);
    await gone(wrong.socket);
    expect([none, wrong].map(({ feed }) => feed.messages.length)).toEqual([0, 0]);
  });

  it('where none is asked for, none is needed; TLS 1.1 is refused', async () => {
    const { feed } = await send({}, null);
    await vi.waitFor(() => expect(translations(feed)).toBe(2), PATIENT);
    const old = await send(
      { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' },
      null,
    );
    await gone(old.socket);
    expect(old.feed.messages).toEqual([]);
  });
});
