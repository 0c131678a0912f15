import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket as TcpSocket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { IpfixReceiver } from '../../../src/collectors/ipfix/receiver.ts';
import {
  listenStream,
  type StreamListener,
  type StreamTls,
} from '../../../src/collectors/transport/stream.ts';
import { listenUdp, type UdpListener } from '../../../src/collectors/transport/udp.ts';
import { canonicalAddress, type IpAddress } from '../../../src/model/address.ts';
import { makeCertificate } from '../../gateway/tls/make-certificate.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { hasTool } from '../../support/tools.ts';
import { message, nat44, NAT44, set, template } from './exporter.ts';
import { heardFeed, type HeardFeed } from './source-feed.ts';

const HOST = '127.0.0.1';
const MESSAGES = [
  message([set(2, [template(256, NAT44)])]),
  message([set(256, [nat44({ outsidePort: 50_001 })])]),
  message([set(256, [nat44({ outsidePort: 50_002, event: 5 })])], { sequence: 1 }),
];
const PORTS = ['create 50001', 'delete 50002'];

const told = ({ messages }: HeardFeed): string[] =>
  messages.flatMap(({ translations }) =>
    translations.map(({ event, outside }) => `${event} ${outside?.low}`),
  );

/** A receiver that knows these exporters only. */
function receiver(known: Readonly<Record<string, HeardFeed>>): IpfixReceiver {
  return new IpfixReceiver({
    sourceOf: (from) => {
      const feed = known[from];
      return feed === undefined ? null : { feed, dialect: null };
    },
  });
}

async function hear(taken: IpfixReceiver): Promise<UdpListener> {
  const listener = await listenUdp({
    host: '0.0.0.0',
    port: 0,
    receiveBufferBytes: 1_048_576,
    onDatagram: taken.datagram,
  });
  onTestFinished(() => listener.close());
  return listener;
}

async function exporterAt(address: string, port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  onTestFinished(() => void socket.close());
  socket.bind(0, address);
  await once(socket, 'listening');
  const ready = once(socket, 'connect');
  socket.connect(port, HOST);
  await ready;
  return socket;
}

describe('exporters that send datagrams', () => {
  it('are each decoded by their own templates, and strangers are counted', async () => {
    const [first, second] = [heardFeed(), heardFeed()];
    const taken = receiver({ '127.0.0.2': first, '127.0.0.3': second });
    const { address } = await hear(taken);
    const [one, two, stranger] = await Promise.all(
      ['127.0.0.2', '127.0.0.3', '127.0.0.4'].map((each) => exporterAt(each, address.port)),
    );
    for (const datagram of MESSAGES) stranger?.send(datagram);
    two?.send(MESSAGES[1] ?? '');
    for (const datagram of MESSAGES) one?.send(datagram);
    await Promise.all([first.until(3), second.until(1)]);
    expect(told(first)).toEqual(PORTS);
    expect(first.messages.map(({ original }) => original)).toEqual(MESSAGES);
    expect(told(second)).toEqual([]);
    expect(taken.stats()).toEqual({ unknown: 3, exporters: 2, streams: 0 });
    const status = taken.status().sort((a, b) => a.from.localeCompare(b.from));
    expect(status).toMatchObject([
      { from: '127.0.0.2', transport: 'udp', events: 2, dialects: ['rfc8158'] },
      { from: '127.0.0.3', transport: 'udp', events: 0, pending: 1 },
    ]);
  });

  it('are no more than 1024', () => {
    const feed = heardFeed();
    const taken = new IpfixReceiver({ sourceOf: () => ({ feed, dialect: null }) });
    for (let index = 0; index < 1500; index += 1)
      taken.datagram(MESSAGES[0] ?? Buffer.alloc(0), numbered(index));
    expect(feed.messages.length).toBe(1500);
    expect(taken.stats()).toEqual({ unknown: 0, exporters: 1024, streams: 0 });
  });

  function numbered(index: number): IpAddress {
    const address = canonicalAddress(`198.18.${index >> 8}.${index & 255}`);
    if (address === null) throw new Error('no address');
    return address;
  }
});

async function open(taken: IpfixReceiver, tls: StreamTls | null): Promise<StreamListener> {
  const listener = await listenStream({
    host: HOST,
    port: 0,
    tls,
    maxConnections: 8,
    accept: taken.accept,
  });
  onTestFinished(() => listener.close());
  return listener;
}

/** When it is closed; how does not matter. */
function gone(socket: TcpSocket): Promise<void> {
  socket.on('error', () => undefined).resume();
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

describe('exporters that send streams', () => {
  it('over TCP: each connection has its own templates', async () => {
    const feed = heardFeed();
    const taken = receiver({ [HOST]: feed });
    const { address } = await open(taken, null);
    const socket = connect(address.port, HOST);
    socket.write(Buffer.concat(MESSAGES));
    // Before the first connection nothing could be told.
    await feed.until(4);
    expect(feed.calls[0]).toBe('lost 0');
    expect(told(feed)).toEqual(PORTS);
    expect(taken.stats()).toEqual({ unknown: 0, exporters: 0, streams: 1 });
    const again = connect(address.port, HOST);
    again.write(MESSAGES[1] ?? '');
    await feed.until(5);
    expect(told(feed)).toEqual(PORTS);
    socket.destroy();
    again.end(MESSAGES[1]?.subarray(0, 9) ?? '');
    await feed.until(8);
    expect(feed.calls.slice(-3)).toEqual(['unread message-cut 1', 'unread template-never-came 1', 'lost 0']);
  });

  it('are closed when they send nonsense, and when they are strangers', async () => {
    const feed = heardFeed();
    const taken = receiver({ [HOST]: feed });
    const listener = await open(taken, null);
    const hostile = connect(listener.address.port, HOST);
    hostile.write(Buffer.concat([...MESSAGES, Buffer.alloc(400, 'x')]));
    await gone(hostile);
    expect(feed.calls).toEqual([
      'lost 0',
      'take 0',
      'take 1',
      'take 1',
      'unread message-version 1',
      'lost 0',
    ]);
    await gone(connect({ port: listener.address.port, host: HOST, localAddress: '127.0.0.9' }));
    expect(taken.stats()).toEqual({ unknown: 1, exporters: 0, streams: 0 });
    expect(listener.stats()).toEqual({ connections: 0, refused: 1 });
  });

  it.runIf(hasTool('openssl'))('over TLS, with a certificate of their own', async () => {
    const directory = temporaryDirectory();
    const [own, theirs] = ['collector', 'exporter'].map((name) => {
      const { cert, key } = makeCertificate(directory, name, { names: `IP:${HOST}` });
      return { cert: readFileSync(cert), key: readFileSync(key) };
    });
    if (own === undefined || theirs === undefined) throw new Error('no certificate');
    const feed = heardFeed();
    const taken = receiver({ [HOST]: feed });
    const { address } = await open(taken, { ...own, clientCa: theirs.cert });
    const bare = connectTls({ host: HOST, port: address.port, ca: own.cert });
    bare.write(Buffer.concat(MESSAGES));
    await gone(bare);
    expect(feed.calls).toEqual([]);
    const socket = connectTls({ host: HOST, port: address.port, ca: own.cert, ...theirs });
    onTestFinished(() => void socket.destroy());
    socket.write(Buffer.concat(MESSAGES));
    await feed.until(4);
    expect(told(feed)).toEqual(PORTS);
  });
});
