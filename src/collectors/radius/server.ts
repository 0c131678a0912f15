import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6, type AddressInfo } from 'node:net';
import { canonicalAddress, type IpAddress } from '../../model/address.ts';
import { systemClock, type Clock } from '../../model/time.ts';
import type { LeaseFeed } from '../lease-feed.ts';
import { bindError } from '../transport/bind.ts';
import { kernelDrops } from '../transport/kernel-drops.ts';
import { readAccounting } from './accounting.ts';
import {
  readRequest,
  readStatusServer,
  STATUS_SERVER,
  writeResponse,
  type AccountingRequest,
} from './packet.ts';
import { eventKey, RecentEvents, rememberedAnswers, requestKey } from './recent.ts';
import { eventTimeMs, toldAccounting } from './told.ts';

export interface RadiusClient {
  readonly feed: LeaseFeed;
  readonly secret: Buffer;
}

export interface RadiusServerOptions {
  /** An address. With several of its own a machine should name one: answers must come from where requests went to. */
  readonly host: string;
  /** With 0 the system chooses a free one. */
  readonly port: number;
  readonly receiveBufferBytes: number;
  /** Null: an unknown client, which is ignored. Must not throw. */
  readonly clientOf: (from: IpAddress) => RadiusClient | null;
  readonly clock?: Clock;
}

export interface RadiusStats {
  readonly datagrams: number;
  readonly bytes: number;
  readonly answered: number;
  /** Retransmissions, which were not stored again. */
  readonly repeated: number;
  readonly unknownClients: number;
  readonly rejected: number;
  /** Beyond what may be under way at once: the access server sends again. */
  readonly dropped: number;
  /** The feed could not store them: the access server sends again. */
  readonly notStored: number;
  readonly underWay: number;
  readonly kernelDrops: number | null;
  readonly receiveBufferBytes: number;
}

export interface RadiusServer {
  readonly address: AddressInfo;
  /** Reads /proc: to be asked every some seconds. */
  stats(): RadiusStats;
  /** Reads no more; resolves when what is under way is answered, after five seconds in any case. */
  close(): Promise<void>;
}

const MOST_UNDER_WAY = 10_000;
/** One client must leave room for the others. */
const MOST_OF_CLIENT = 5000;
const CLOSING_MS = 5000;

/**
 * Takes RADIUS accounting (RFC 2866) over UDP. A request is answered when the feed has it durable, never before.
 * @throws ShudiError gateway.port-in-use | config.invalid
 */
export async function startRadiusServer(options: RadiusServerOptions): Promise<RadiusServer> {
  const { host, port, receiveBufferBytes } = options;
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address: host, port, exclusive: true }, () => {
        socket.off('error', reject);
        resolve();
      });
    });
    if (receiveBufferBytes > 0) socket.setRecvBufferSize(receiveBufferBytes);
  } catch (error) {
    socket.close();
    throw bindError(error, 'udp', port);
  }
  return new Server(socket, options);
}

class Server implements RadiusServer {
  readonly address: AddressInfo;
  readonly #socket: Socket;
  readonly #clientOf: RadiusServerOptions['clientOf'];
  readonly #clock: Clock;
  readonly #underWay = new Set<string>();
  /** How many of these are of each client. */
  readonly #ofClient = new Map<LeaseFeed, number>();
  readonly #answers = rememberedAnswers();
  readonly #events = new RecentEvents();
  readonly #receiveBufferBytes: number;
  readonly #counts = {
    datagrams: 0,
    bytes: 0,
    answered: 0,
    repeated: 0,
    unknownClients: 0,
    rejected: 0,
    dropped: 0,
    notStored: 0,
  };
  #lastDrops: number | null = null;
  #closing: Promise<void> | null = null;
  #closed = false;
  /** Answers that the socket has not sent yet: closed now it would not send them. */
  #sending = 0;
  #whenIdle: () => void = () => undefined;

  constructor(socket: Socket, { clientOf, clock = systemClock }: RadiusServerOptions) {
    this.#socket = socket;
    this.#clientOf = clientOf;
    this.#clock = clock;
    this.address = socket.address();
    this.#receiveBufferBytes = socket.getRecvBufferSize();
    socket.on('message', (bytes, sender) => {
      if (this.#closing === null) this.#take(bytes, sender);
    });
    // A failed read of one datagram: the socket stays, and the next one is read.
    socket.on('error', () => undefined);
  }

  stats(): RadiusStats {
    const { address, family, port } = this.address;
    if (!this.#closed) this.#lastDrops = kernelDrops(address, family, port);
    return {
      ...this.#counts,
      underWay: this.#underWay.size,
      kernelDrops: this.#lastDrops,
      receiveBufferBytes: this.#receiveBufferBytes,
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#busy())
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, CLOSING_MS);
        this.#whenIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    this.stats();
    this.#closed = true;
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }

  #take(bytes: Buffer, sender: RemoteInfo): void {
    this.#counts.datagrams += 1;
    this.#counts.bytes += bytes.length;
    const from = canonicalAddress(sender.address);
    // Port 0 can be forged, and nothing can be sent to it.
    const client = from === null || sender.port === 0 ? null : this.#clientOf(from);
    if (from === null || client === null) {
      this.#counts.unknownClients += 1;
      return;
    }
    const { secret } = client;
    if (bytes[0] === STATUS_SERVER) {
      const request = readStatusServer(bytes, secret);
      if (typeof request === 'string') this.#reject(client, request);
      else this.#send(writeResponse(request, secret), sender);
      return;
    }
    const request = readRequest(bytes, secret);
    if (typeof request === 'string') this.#reject(client, request);
    else this.#account(bytes, request, client, from, sender);
  }

  #account(
    bytes: Buffer,
    request: AccountingRequest,
    client: RadiusClient,
    from: IpAddress,
    sender: RemoteInfo,
  ): void {
    const key = requestKey(from, sender.port, request);
    const answer = this.#answers.get(key);
    if (answer !== undefined || this.#underWay.has(key)) {
      this.#counts.repeated += 1;
      if (answer !== undefined) this.#send(answer, sender);
      return;
    }
    const accounting = readAccounting(request);
    if (typeof accounting === 'string') {
      this.#reject(client, accounting);
      // It is a right request of a kind that says nothing here (of a tunnel, say): unanswered it would come for ever.
      if (accounting === 'unknown-status') this.#send(writeResponse(request, client.secret), sender);
      return;
    }
    const ofClient = this.#ofClient.get(client.feed) ?? 0;
    if (this.#underWay.size >= MOST_UNDER_WAY || ofClient >= MOST_OF_CLIENT) {
      this.#counts.dropped += 1;
      return;
    }
    this.#underWay.add(key);
    this.#ofClient.set(client.feed, ofClient + 1);
    const receivedMs = this.#clock();
    const { again, stored } = this.#events.once(
      eventKey(from, accounting),
      eventTimeMs(accounting, receivedMs),
      () => client.feed.account(toldAccounting(accounting, bytes, receivedMs)),
    );
    if (again) this.#counts.repeated += 1;
    const response = writeResponse(request, client.secret);
    void stored.then((durable) => {
      this.#underWay.delete(key);
      this.#ofClient.set(client.feed, (this.#ofClient.get(client.feed) ?? 1) - 1);
      if (durable) {
        this.#answers.set(key, response);
        this.#send(response, sender);
      } else this.#counts.notStored += 1;
      if (!this.#busy()) this.#whenIdle();
    });
  }

  #reject({ feed }: RadiusClient, reason: string): void {
    this.#counts.rejected += 1;
    feed.rejected(`radius-${reason}`, 1);
  }

  #send(response: Buffer, { address, port }: RemoteInfo): void {
    if (this.#closed) return;
    this.#sending += 1;
    // One that does not get out is asked for again.
    this.#socket.send(response, port, address, (error) => {
      this.#sending -= 1;
      if (error === null) this.#counts.answered += 1;
      if (!this.#busy()) this.#whenIdle();
    });
  }

  #busy(): boolean {
    return this.#underWay.size > 0 || this.#sending > 0;
  }
}
