/** Why a stream is no stream of IPFIX messages. */
export type StreamFault = 'message-version' | 'message-length';

const VERSION = 10;
/** Version and length. */
const PREFIX = 4;
const SHORTEST = 16;

/**
 * Cuts a stream into IPFIX messages by the length in each one's head (RFC 7011, 3.1 and 10.4.3). It holds one message
 * at most, 65,535 bytes. After nonsense there is no way to find the next message, so the stream must be closed.
 */
export class StreamCutter {
  readonly #onMessage: (message: Buffer) => void;
  readonly #prefix = Buffer.alloc(PREFIX);
  #prefixBytes = 0;
  /** The message that is not yet whole; null while its length is not known. */
  #message: Buffer | null = null;
  #filled = 0;
  #fault: StreamFault | null = null;

  /** @param onMessage  given each whole message, in a buffer of its own that may be kept */
  constructor(onMessage: (message: Buffer) => void) {
    this.#onMessage = onMessage;
  }

  /** Bytes of a message that is not yet whole. */
  get waiting(): number {
    return this.#message === null ? this.#prefixBytes : this.#filled;
  }

  /** Takes the next bytes, however they were cut. @returns why the stream makes no sense; null while it does */
  push(bytes: Buffer): StreamFault | null {
    let at = 0;
    while (this.#fault === null && at < bytes.length)
      at += this.#message === null ? this.#readPrefix(bytes, at) : this.#fill(this.#message, bytes, at);
    return this.#fault;
  }

  #readPrefix(bytes: Buffer, at: number): number {
    const taken = bytes.copy(this.#prefix, this.#prefixBytes, at);
    this.#prefixBytes += taken;
    if (this.#prefixBytes >= 2 && this.#prefix.readUInt16BE(0) !== VERSION) this.#fault = 'message-version';
    else if (this.#prefixBytes === PREFIX) this.#begin(this.#prefix.readUInt16BE(2));
    return taken;
  }

  #begin(length: number): void {
    if (length < SHORTEST) {
      this.#fault = 'message-length';
      return;
    }
    this.#message = Buffer.allocUnsafe(length);
    this.#filled = this.#prefix.copy(this.#message);
  }

  #fill(message: Buffer, bytes: Buffer, at: number): number {
    const taken = bytes.copy(message, this.#filled, at);
    this.#filled += taken;
    if (this.#filled === message.length) {
      this.#message = null;
      this.#prefixBytes = 0;
      this.#onMessage(message);
    }
    return taken;
  }
}
