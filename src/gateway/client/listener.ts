import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Server as TlsServer, TLSSocket } from 'node:tls';
import { canonicalAddress, socketPort, type Endpoint } from '../../model/address.ts';
import { ShudiError } from '../../model/errors.ts';
import { Registry, type Place } from '../../platform/registry.ts';
import type { GatewayContext, ListenerContext } from '../context.ts';
import type { Timed } from '../deadlines.ts';
import { clientPrefix } from '../guard/client-prefix.ts';
import { createConnectionCounter, type ConnectionCounter } from '../guard/connection-counter.ts';
import { requestNames } from '../http1/headers.ts';
import type { ListenerOptions, ProxyProtocolOptions } from '../options.ts';
import { loadCertificates, type LoadedCertificates } from '../tls/certificates.ts';
import { createTlsServer } from '../tls/tls-server.ts';
import { addressList, createTrust, type ClientClaim } from './client-address.ts';
import { ClientConnection } from './client-connection.ts';
import type { ConnectionOrigin } from './connection-contract.ts';
import { ProxyHeaderReader, ProxyProtocolError, type ProxyHeader } from './proxy-protocol.ts';

/** What a listener is told by the configuration, checked and loaded; a reload makes it anew. */
export interface ListenerSetup {
  readonly options: ListenerOptions;
  readonly certificates: LoadedCertificates | null;
}

/** @throws ShudiError config.invalid when a certificate cannot be used */
export function prepareListener(options: ListenerOptions): ListenerSetup {
  return { options, certificates: options.tls === null ? null : loadCertificates(options.tls) };
}

/** A socket that was accepted, and by what it is counted as its client's. */
interface Accepted {
  readonly socket: Socket;
  readonly place: Place;
  prefix: string | null;
}

interface Accepting extends ListenerContext {
  readonly setup: ListenerSetup;
  readonly mayProxy: (peer: Endpoint) => boolean;
  /** Where every client connects to; null when the listener has several addresses, so that each must be asked. */
  readonly own: Endpoint | null;
}

/** One port: accepts, tells who connects (PROXY protocol, TLS), and hands the connection to ClientConnection. */
export class Listener {
  readonly #server: Server;
  readonly #gateway: GatewayContext;
  readonly #sockets = new Registry<Socket>();
  readonly #connections = new Registry<ClientConnection>();
  /** Of connections whose TLS handshake goes on, by the peer's endpoint. */
  readonly #handshakes = new Map<string, ConnectionOrigin>();
  readonly #perClient: ConnectionCounter = createConnectionCounter();
  #accepting: Accepting;
  #tls: TlsServer | null = null;

  private constructor(setup: ListenerSetup, gateway: GatewayContext) {
    this.#gateway = gateway;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
    this.#accepting = this.#acceptingOf(setup);
    this.#server.maxConnections = gateway.settings.limits.connections;
    this.#server.on('drop', (data) => {
      const peer = canonicalAddress(data?.remoteAddress ?? '');
      if (peer !== null) gateway.events.note(this.name, peer, 'too-many-connections');
    });
  }

  /** @throws ShudiError gateway.port-in-use | config.invalid */
  static async open(setup: ListenerSetup, gateway: GatewayContext, reusePort: boolean): Promise<Listener> {
    const listener = new Listener(setup, gateway);
    await listen(listener.#server, setup.options, reusePort);
    listener.configure(setup);
    return listener;
  }

  get name(): string {
    return this.#accepting.name;
  }

  get address(): AddressInfo {
    return this.#server.address() as AddressInfo;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Whether a setup can be taken over without another socket. */
  takes({ options }: ListenerSetup): boolean {
    // A port that was left to the system is the one that it gave.
    return options.host === this.#accepting.setup.options.host && options.port === this.address.port;
  }

  /** From now on new connections are treated by this; those that are open stay as they are. */
  configure(setup: ListenerSetup): void {
    this.#accepting = this.#acceptingOf(setup);
    this.#server.maxConnections = this.#gateway.settings.limits.connections;
  }

  /** Accepts no more; lets what is under way end within `graceMs`, then closes the rest. */
  async close(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#connections.each((connection) => connection.drain());
    const late = setTimeout(() => {
      this.#sockets.each((socket) => void socket.destroy());
    }, graceMs);
    await closed;
    clearTimeout(late);
    // The server counts a socket as closed before its own `close`, which ends its records.
    while (this.#connections.size > 0) await new Promise((resolve) => setImmediate(resolve));
  }

  #acceptingOf(setup: ListenerSetup): Accepting {
    const { options, certificates } = setup;
    const trust = createTrust(options);
    this.#tls = certificates === null ? null : this.#tlsServer(certificates);
    const from = options.proxyProtocol === null ? null : addressList(options.proxyProtocol.from);
    return {
      gateway: this.#gateway,
      name: options.name,
      scheme: certificates === null ? 'http' : 'https',
      trust,
      names: requestNames(trust.claims),
      connections: this.#connections,
      setup,
      own: this.#own(options),
      mayProxy: (peer) => from?.(peer.address) ?? true,
    };
  }

  #own({ host }: ListenerOptions): Endpoint | null {
    const bound = this.#server.address();
    if (bound === null || typeof bound === 'string' || isWildcard(host)) return null;
    return endpointOf(bound.address, bound.port);
  }

  #tlsServer(certificates: LoadedCertificates): TlsServer {
    return createTlsServer(certificates, {
      handshakeMs: this.#gateway.settings.timeouts.requestHeadMs,
      secured: (socket) => this.#secured(socket),
      failed: (socket) => {
        const origin = this.#handshakes.get(endKey(socket));
        if (origin !== undefined)
          this.#gateway.events.note(this.name, (origin.claim?.client ?? origin.peer).address, 'tls');
      },
    });
  }

  #accept(socket: Socket): void {
    const accepting = this.#accepting;
    const peer = endpointOf(socket.remoteAddress, socket.remotePort);
    const own = accepting.own ?? endpointOf(socket.localAddress, socket.localPort);
    // It was gone before it could be asked for its address.
    if (peer === null || own === null) {
      socket.destroy();
      return;
    }
    const accepted: Accepted = { socket, place: this.#sockets.add(socket), prefix: null };
    socket.on('close', () => this.#closed(accepted));
    const from = this.#gateway.parts.clock();
    const at = performance.now();
    const { proxyProtocol } = accepting.setup.options;
    if (proxyProtocol === null) {
      const claim: ClientClaim | null = accepting.trust.trusts(peer.address)
        ? null
        : { client: peer, verdict: 'direct', chain: '' };
      this.#admit(accepted, accepting, { peer, own, claim, from, accepted: at });
      return;
    }
    if (!accepting.mayProxy(peer)) {
      this.#gateway.events.note(this.name, peer.address, 'proxy-protocol');
      socket.destroy();
      return;
    }
    this.#readProxyHeader(socket, proxyProtocol, peer, (header) =>
      this.#admit(accepted, accepting, { peer, own, claim: claimOf(header, peer), from, accepted: at }),
    );
  }

  /** Nothing of the connection is looked at before its header is whole, and it must come. */
  #readProxyHeader(
    socket: Socket,
    { headerBytes, timeoutMs }: ProxyProtocolOptions,
    peer: Endpoint,
    done: (header: ProxyHeader) => void,
  ): void {
    const { deadlines, events } = this.#gateway;
    const reader = new ProxyHeaderReader(headerBytes);
    const refuse = (): void => {
      events.note(this.name, peer.address, 'proxy-protocol');
      socket.destroy();
    };
    const timed: Timed = { deadline: performance.now() + timeoutMs, expire: refuse };
    const place = deadlines.add(timed);
    const stop = (): void => {
      deadlines.remove(place);
      socket.off('data', onData);
      socket.off('close', stop);
      socket.off('end', refuse);
    };
    const onData = (chunk: Buffer): void => {
      try {
        const read = reader.push(chunk);
        if (read === null) return;
        stop();
        socket.pause();
        if (read.rest.length > 0) socket.unshift(read.rest);
        done(read.header);
      } catch (error) {
        if (!(error instanceof ProxyProtocolError)) throw error;
        refuse();
      }
    };
    socket.on('data', onData);
    socket.on('close', stop);
    socket.on('end', refuse);
    socket.on('error', () => socket.destroy());
  }

  #closed({ place, prefix }: Accepted): void {
    this.#sockets.remove(place);
    if (prefix !== null) this.#perClient.leave(prefix);
  }

  #admit(accepted: Accepted, accepting: Accepting, origin: ConnectionOrigin): void {
    const { socket } = accepted;
    // A proxy's connections are of many clients: those are counted by the proxy.
    if (origin.claim !== null && !this.#count(accepted, origin.claim)) return;
    if (this.#tls === null) {
      serve(socket, accepting, origin);
      return;
    }
    const key = endKey(socket);
    this.#handshakes.set(key, origin);
    socket.once('close', () => this.#handshakes.delete(key));
    socket.on('error', () => socket.destroy());
    this.#tls.emit('connection', socket);
  }

  #count(accepted: Accepted, claim: ClientClaim): boolean {
    const prefix = clientPrefix(claim.client.address);
    if (!this.#perClient.enter(prefix, this.#gateway.settings.limits.connectionsPerClient)) {
      this.#gateway.events.note(this.name, claim.client.address, 'too-many-connections');
      accepted.socket.destroy();
      return false;
    }
    accepted.prefix = prefix;
    return true;
  }

  #secured(socket: TLSSocket): void {
    const origin = this.#handshakes.get(endKey(socket));
    if (origin === undefined) socket.destroy();
    else serve(socket, this.#accepting, origin);
  }
}

function serve(socket: Socket, listener: ListenerContext, origin: ConnectionOrigin): void {
  new ClientConnection(socket, listener, origin).resume();
}

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';

function endKey(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}

/** Who the client is by a PROXY header; a balancer that speaks for itself is its own client. */
function claimOf(header: ProxyHeader, peer: Endpoint): ClientClaim {
  if (header.command === 'local') return { client: peer, verdict: 'direct', chain: header.chain };
  if (header.source === null) return { client: peer, verdict: 'unverified', chain: header.chain };
  return { client: header.source, verdict: 'proxy-protocol', chain: header.chain };
}

function endpointOf(address: string | undefined, port: number | undefined): Endpoint | null {
  const canonical = address === undefined ? null : canonicalAddress(address);
  return canonical === null ? null : { address: canonical, port: socketPort(port) };
}

const BACKLOG = 4096;

async function listen(
  server: Server,
  { host, port, name }: ListenerOptions,
  reusePort: boolean,
): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, reusePort, backlog: BACKLOG }, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'EADDRINUSE')
      throw new ShudiError('gateway.port-in-use', `Port ${port} is in use.`, `listener ${name}`, error);
    if (code === 'EADDRNOTAVAIL' || code === 'EACCES')
      throw new ShudiError(
        'config.invalid',
        `The listener's host and port cannot be used (${code}).`,
        `listener ${name}`,
        error,
      );
    throw error;
  }
}
