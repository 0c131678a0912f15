import { createHash, createHmac } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** Writes Accounting-Requests, as an access server would. */

export const SECRET = Buffer.from('testing123');

export const attribute = (type: number, value: Buffer): Buffer =>
  Buffer.concat([Buffer.from([type, value.length + 2]), value]);

export const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

export const vendor = (enterprise: number, type: number, value: Buffer): Buffer =>
  attribute(26, Buffer.concat([number(enterprise), attribute(type, value)]));

export interface RequestOptions {
  readonly identifier?: number;
  readonly secret?: Buffer;
  /** Adds a Message-Authenticator (RFC 3579, 3.2). */
  readonly signed?: boolean;
}

export function accountingRequest(
  attributes: readonly Buffer[],
  { identifier = 7, secret = SECRET, signed = false }: RequestOptions = {},
): Buffer {
  const all = signed ? [...attributes, attribute(80, Buffer.alloc(16))] : attributes;
  const body = Buffer.concat(all);
  const packet = Buffer.concat([Buffer.from([4, identifier, 0, 0]), Buffer.alloc(16), body]);
  packet.writeUInt16BE(packet.length, 2);
  if (signed)
    createHmac('md5', secret)
      .update(packet)
      .digest()
      .copy(packet, packet.length - 16);
  createHash('md5').update(packet).update(secret).digest().copy(packet, 4);
  return packet;
}

/** A Status-Server (RFC 5997): its authenticator is random, so it is signed over it. */
export function statusServer({
  identifier = 1,
  secret = SECRET,
  signed = true,
}: RequestOptions = {}): Buffer {
  const packet = Buffer.concat([
    Buffer.from([12, identifier, 0, 0]),
    Buffer.alloc(16, 0x5a),
    signed ? attribute(80, Buffer.alloc(16)) : Buffer.alloc(0),
  ]);
  packet.writeUInt16BE(packet.length, 2);
  if (signed)
    createHmac('md5', secret)
      .update(packet)
      .digest()
      .copy(packet, packet.length - 16);
  return packet;
}

/** Whether an answer is of a request, as its sender verifies it (RFC 2866, 3). */
export function answers(answer: Buffer, request: Buffer, secret: Buffer = SECRET): boolean {
  const plain = Buffer.concat([answer.subarray(0, 4), request.subarray(4, 20), answer.subarray(20)]);
  const right = createHash('md5').update(plain).update(secret).digest();
  return answer[0] === 5 && answer[1] === request[1] && right.equals(answer.subarray(4, 20));
}

/** A socket of an access server. */
export class AccessServer {
  readonly #socket: Socket;
  readonly #port: number;
  readonly #heard: Buffer[] = [];
  #wake: () => void = () => undefined;

  private constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.#port = port;
    socket.on('message', (bytes) => {
      this.#heard.push(bytes);
      this.#wake();
    });
  }

  /** @param port  of the RADIUS server on 127.0.0.1 @param address  that it sends from */
  static async open(port: number, address = '127.0.0.1'): Promise<AccessServer> {
    const socket = createSocket('udp4');
    socket.bind(0, address);
    await once(socket, 'listening');
    return new AccessServer(socket, port);
  }

  async send(...packets: readonly Buffer[]): Promise<void> {
    for (const packet of packets)
      // One after the other: they are to arrive in this order.
      await new Promise<void>((resolve) =>
        this.#socket.send(packet, this.#port, '127.0.0.1', () => resolve()),
      );
  }

  /** The next answer that was not taken yet. */
  async answer(): Promise<Buffer> {
    for (;;) {
      const first = this.#heard.shift();
      if (first !== undefined) return first;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#socket.close();
  }
}
