import { createSocket, type Socket } from 'node:dgram';
import { isIPv6, type AddressInfo } from 'node:net';
import { canonicalAddress, type IpAddress } from '../../model/address.ts';
import { bindError } from './bind.ts';
import { kernelDrops } from './kernel-drops.ts';

export interface UdpStats {
  readonly datagrams: number;
  readonly bytes: number;
  /** Datagrams that the kernel dropped as the receive buffer was full; null where that cannot be told. */
  readonly kernelDrops: number | null;
  /** What the kernel really gave. Linux reports twice what was asked for, as its own bookkeeping counts too. */
  readonly receiveBufferBytes: number;
}

export interface UdpListener {
  readonly address: AddressInfo;
  /** Reads /proc: to be asked every some seconds, not for each datagram. After `close` the last values stay. */
  stats(): UdpStats;
  /** Resolves when the socket is closed; no datagram is handed over after the call. */
  close(): Promise<void>;
}

export interface UdpOptions {
  /** An address; `::` hears IPv4 too. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The system may give less (net.core.rmem_max). */
  readonly receiveBufferBytes: number;
  /** Must not throw. The buffer is fresh and may be kept. */
  readonly onDatagram: (bytes: Buffer, from: IpAddress) => void;
}

/**
 * Listens for datagrams.
 * @throws ShudiError gateway.port-in-use | config.invalid
 */
export async function listenUdp(options: UdpOptions): Promise<UdpListener> {
  const socket = createSocket({ type: isIPv6(options.host) ? 'udp6' : 'udp4' });
  try {
    await bind(socket, options);
    if (options.receiveBufferBytes > 0) socket.setRecvBufferSize(options.receiveBufferBytes);
  } catch (error) {
    socket.close();
    throw bindError(error, 'udp', options.port);
  }
  return new Listener(socket, options);
}

async function bind(socket: Socket, { host, port }: UdpOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.off('error', reject);
      resolve();
    });
  });
}

class Listener implements UdpListener {
  readonly address: AddressInfo;
  readonly #socket: Socket;
  readonly #receiveBufferBytes: number;
  #datagrams = 0;
  #bytes = 0;
  #lastDrops: number | null = null;
  #closing: Promise<void> | null = null;

  constructor(socket: Socket, { onDatagram }: UdpOptions) {
    this.#socket = socket;
    this.address = socket.address();
    this.#receiveBufferBytes = socket.getRecvBufferSize();
    socket.on('message', (bytes, sender) => {
      const from = canonicalAddress(sender.address);
      if (from === null || this.#closing !== null) return;
      this.#datagrams += 1;
      this.#bytes += bytes.length;
      onDatagram(bytes, from);
    });
    // A failed read of one datagram: the socket stays, and the next one is read.
    socket.on('error', () => undefined);
  }

  stats(): UdpStats {
    const { address, family, port } = this.address;
    if (this.#closing === null) this.#lastDrops = kernelDrops(address, family, port);
    return {
      datagrams: this.#datagrams,
      bytes: this.#bytes,
      kernelDrops: this.#lastDrops,
      receiveBufferBytes: this.#receiveBufferBytes,
    };
  }

  close(): Promise<void> {
    if (this.#closing === null) {
      this.stats();
      this.#closing = new Promise((resolve) => this.#socket.close(() => resolve()));
    }
    return this.#closing;
  }
}
