import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { dropsIn, kernelDrops } from '../../../src/collectors/transport/kernel-drops.ts';
import { listenUdp, type UdpListener } from '../../../src/collectors/transport/udp.ts';
import { ShudiError } from '../../../src/model/errors.ts';

interface Heard {
  readonly listener: UdpListener;
  readonly got: { readonly text: string; readonly from: string }[];
  /** Resolves when so many datagrams have come. */
  readonly until: (count: number) => Promise<void>;
}

async function listen(host: string, receiveBufferBytes = 65_536): Promise<Heard> {
  const got: Heard['got'] = [];
  let check = (): void => undefined;
  const listener = await listenUdp({
    host,
    port: 0,
    receiveBufferBytes,
    onDatagram: (bytes, from) => {
      got.push({ text: bytes.toString('latin1'), from });
      check();
    },
  });
  onTestFinished(() => listener.close());
  const until = (count: number): Promise<void> =>
    new Promise((resolve) => {
      check = () => {
        if (got.length >= count) resolve();
      };
      check();
    });
  return { listener, got, until };
}

/** A connected socket sends at once, without a turn of the event loop. */
async function connected(type: 'udp4' | 'udp6', port: number, host: string): Promise<Socket> {
  const socket = createSocket(type);
  onTestFinished(() => void socket.close());
  const ready = once(socket, 'connect');
  socket.connect(port, host);
  await ready;
  return socket;
}

describe('a UDP listener', () => {
  it.each([
    ['127.0.0.1', 'udp4', '127.0.0.1', '127.0.0.1'],
    ['::1', 'udp6', '::1', '::1'],
    ['::', 'udp4', '127.0.0.1', '127.0.0.1'],
    ['::', 'udp6', '::1', '::1'],
  ] as const)('at %s hears %s from %s as from %s', async (host, type, to, from) => {
    const { listener, got, until } = await listen(host);
    const socket = await connected(type, listener.address.port, to);
    socket.send('one');
    socket.send('');
    socket.send('three');
    await until(3);
    expect(got).toEqual(['one', '', 'three'].map((text) => ({ text, from })));
    expect(listener.stats()).toMatchObject({ datagrams: 3, bytes: 8, kernelDrops: 0 });
  });

  it('tells what the kernel gave, not what was asked for', async () => {
    const { listener } = await listen('127.0.0.1', 2 ** 30);
    const { receiveBufferBytes } = listener.stats();
    expect(receiveBufferBytes).toBeGreaterThan(4096);
    expect(receiveBufferBytes).toBeLessThan(2 ** 30);
  });

  it.each([
    ['127.0.0.1', 'udp4', '127.0.0.1'],
    ['::', 'udp6', '::1'],
  ] as const)('at %s tells what the kernel dropped while we were busy', async (host, type, to) => {
    const { listener, got, until } = await listen(host, 4096);
    const socket = await connected(type, listener.address.port, to);
    const datagram = Buffer.alloc(512);
    // No turn of the event loop lies between these: nobody reads meanwhile.
    for (let index = 0; index < 2000; index += 1) socket.send(datagram);
    const drops = listener.stats().kernelDrops ?? -1;
    expect(drops).toBeGreaterThan(0);
    await until(2000 - drops);
    expect(got.length).toBe(2000 - drops);
    await listener.close();
    expect(listener.stats()).toMatchObject({ datagrams: 2000 - drops, kernelDrops: drops });
  });

  it('a port in use, and a host that is not ours, have their own codes', async () => {
    const { listener } = await listen('127.0.0.1');
    const codeAt = async (host: string): Promise<string> => {
      const { port } = listener.address;
      const options = { host, port, receiveBufferBytes: 65_536, onDatagram: () => undefined };
      const error = await listenUdp(options).then(
        () => null,
        (reason: unknown) => reason,
      );
      return error instanceof ShudiError ? error.code : 'none';
    };
    expect(await codeAt('127.0.0.1')).toBe('gateway.port-in-use');
    expect(await codeAt('192.0.2.77')).toBe('config.invalid');
  });

  it('hears nothing more once it is closed, and its port is free', async () => {
    const { listener, got } = await listen('127.0.0.1');
    const { port } = listener.address;
    const socket = await connected('udp4', port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.send('too late');
    await Promise.all([listener.close(), listener.close()]);
    expect(got).toEqual([]);
    const again = await listenUdp({
      host: '127.0.0.1',
      port,
      receiveBufferBytes: 65_536,
      onDatagram: () => undefined,
    });
    await again.close();
  });
});

describe('the table of sockets', () => {
  const HEAD =
    '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops';
  const row = (local: string, remote: string, drops: string): string =>
    `  101: ${local} ${remote} 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0000000000000000 ${drops}`;
  const NOBODY = '00000000:0000';

  it('is looked up by address and port; a connected socket of the same port is another', () => {
    const table = [
      HEAD,
      row('0100007F:1000', NOBODY, '1'),
      row('0200007F:1283', NOBODY, '2'),
      row('0100007F:1283', '0100007F:0035', '3'),
      row('0100007F:1283', NOBODY, '4'),
      '',
    ].join('\n');
    expect(dropsIn(table, '127.0.0.1', 4739)).toBe(4);
    expect(dropsIn(table, '127.0.0.2', 4739)).toBe(2);
    expect(dropsIn(table, '127.0.0.3', 4739)).toBe(null);
  });

  it('has IPv6 addresses in four words', () => {
    const table = [
      HEAD,
      row('B80D0120000000000000000001000000:1283', '00000000000000000000000000000000:0000', '5'),
    ].join('\n');
    expect(dropsIn(table, '2001:db8::1', 4739)).toBe(5);
  });

  it.each([
    ['without the column', HEAD.replace(' drops', ''), '4'],
    ['with something else in it', HEAD, 'many'],
    ['without a head', '', '4'],
  ])('%s tells nothing', (_name, head, drops) => {
    expect(dropsIn([head, row('0100007F:1283', NOBODY, drops)].join('\n'), '127.0.0.1', 4739)).toBe(null);
  });

  it('has no socket that is not bound', () => {
    expect(kernelDrops('192.0.2.77', 'IPv4', 9)).toBe(null);
  });
});
