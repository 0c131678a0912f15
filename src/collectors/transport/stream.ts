import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import { canonicalAddress, type IpAddress } from '../../model/address.ts';
import { ShudiError } from '../../model/errors.ts';
import { bindError } from './bind.ts';

/** `ended`: by the peer, in order. `broken`: in any other way. `stopped`: the listener was closed. */
export type StreamEnd = 'ended' | 'broken' | 'stopped';

export interface StreamHandler {
  /** Once, before any data: the connection stands, with TLS after the handshake. */
  readonly opened: () => void;
  /** Must not throw. False: the peer has sent nonsense, close it. */
  readonly data: (bytes: Buffer) => boolean;
  /** Once, when the connection is gone, however it ended, also when it was never opened. */
  readonly closed: (end: StreamEnd) => void;
}

export interface StreamStats {
  /** That are open now. */
  readonly connections: number;
  /** That were closed at once, since the start: of unknown peers, or beyond the bound. */
  readonly refused: number;
}

export interface StreamListener {
  readonly address: AddressInfo;
  stats(): StreamStats;
  /** Ends all connections; resolves when each handler was told so. */
  close(): Promise<void>;
}

export interface StreamTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** When given, the client must show a certificate of it. */
  readonly clientCa: Buffer | null;
}

export interface StreamOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tls: StreamTls | null;
  readonly maxConnections: number;
  /** A handshake must be through in this time, whatever trickles in, ms: 10 s unless a test is shorter. */
  readonly handshakeMs?: number;
  /** Asked before any byte is read, also before the TLS handshake. Null: an unknown exporter, closed at once. */
  readonly accept: (from: IpAddress) => StreamHandler | null;
}

/**
 * Listens for streams over TCP, or TLS of at least 1.2 (RFC 5425, 5; RFC 7011, 10.4).
 * @throws ShudiError gateway.port-in-use | config.invalid
 */
export async function listenStream(options: StreamOptions): Promise<StreamListener> {
  const listener = new Listener(options);
  await listener.open();
  return listener;
}

const HANDSHAKE_MS = 10_000;
/**
 * After so long without anything the system asks whether the peer is there still: one that is gone holds no place. One
 * that has nothing to say keeps its connection: it could not tell without it.
 */
const KEEP_ALIVE_MS = 60_000;

interface Connection {
  readonly handler: StreamHandler;
  /** Whether the peer has said that nothing more comes. */
  isEnded: boolean;
}

class Listener implements StreamListener {
  /** Set by `open`. */
  address: AddressInfo = { address: '', family: '', port: 0 };
  readonly #options: StreamOptions;
  readonly #server: Server;
  /** Does not listen: it is handed connections, once they are known to be wanted. */
  readonly #tls: TlsServer | null;
  readonly #connections = new Set<Socket>();
  /** Of connections whose handshake goes on, by their two ends. */
  readonly #handshakes = new Map<string, Connection>();
  #refused = 0;
  #closing: Promise<void> | null = null;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#tls = options.tls === null ? null : this.#tlsServer(options.tls);
    this.#server = createServer({ keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }, (socket) =>
      this.#accept(socket),
    );
    this.#server.maxConnections = options.maxConnections;
    this.#server.on('drop', () => {
      this.#refused += 1;
    });
  }

  async open(): Promise<void> {
    const { host, port } = this.#options;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen({ host, port, exclusive: true }, () => {
          this.#server.off('error', reject);
          resolve();
        });
      });
    } catch (error) {
      throw bindError(error, 'tcp', port);
    }
    // Such as EMFILE on accept: the next connection may fare better.
    this.#server.on('error', () => undefined);
    this.address = this.#server.address() as AddressInfo;
  }

  stats(): StreamStats {
    return { connections: this.#connections.size, refused: this.#refused };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#connections) socket.destroy();
    await closed;
    // The server counts a connection as gone before its `close` is heard.
    while (this.#connections.size > 0) await new Promise((resolve) => setImmediate(resolve));
  }

  #tlsServer({ cert, key, clientCa }: StreamTls): TlsServer {
    let server: TlsServer;
    try {
      server = createTlsServer({
        cert,
        key,
        minVersion: 'TLSv1.2',
        handshakeTimeout: this.#options.handshakeMs ?? HANDSHAKE_MS,
        ...(clientCa === null ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
      });
    } catch (error) {
      throw new ShudiError(
        'config.invalid',
        'The certificate or its key cannot be used.',
        `collector tcp ${this.#options.port}`,
        error,
      );
    }
    server.on('secureConnection', (socket) => this.#secured(socket));
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    return server;
  }

  #accept(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    const from = canonicalAddress(socket.remoteAddress ?? '');
    const handler = from === null || this.#closing !== null ? null : this.#options.accept(from);
    if (handler === null) {
      this.#refused += 1;
      socket.destroy();
      return;
    }
    const ends = endsOf(socket);
    const connection: Connection = { handler, isEnded: false };
    this.#connections.add(socket);
    socket.once('close', () => {
      this.#connections.delete(socket);
      this.#handshakes.delete(ends);
      handler.closed(this.#closing !== null ? 'stopped' : connection.isEnded ? 'ended' : 'broken');
    });
    if (this.#tls === null) {
      this.#serve(socket, connection);
      return;
    }
    this.#handshakes.set(ends, connection);
    this.#tls.emit('connection', socket);
  }

  #secured(socket: TLSSocket): void {
    const ends = endsOf(socket);
    const connection = this.#handshakes.get(ends);
    this.#handshakes.delete(ends);
    socket.on('error', () => socket.destroy());
    if (connection === undefined) socket.destroy();
    else this.#serve(socket, connection);
  }

  #serve(socket: Socket, connection: Connection): void {
    const { handler } = connection;
    handler.opened();
    const onData = (bytes: Buffer): void => {
      if (handler.data(bytes)) return;
      socket.off('data', onData);
      socket.destroy();
    };
    socket.on('data', onData);
    socket.once('end', () => {
      connection.isEnded = !socket.destroyed;
    });
  }
}

const endsOf = (socket: Socket): string =>
  `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress} ${socket.localPort}`;
