import type { ClientConnection } from '../client/client-connection.ts';
import type { ByteSink } from '../client/connection-contract.ts';
import type { LiveContact } from '../client/contact.ts';
import type { UpstreamConnection } from '../upstream/upstream-connection.ts';

/**
 * Bytes both ways, once the web service has agreed to another protocol (RFC 9110, 7.8). One contact for its whole life:
 * a change of account inside is out of sight (R1). When that contact has ended, as the recorder began anew or there were
 * too many clients of proxies, the tunnel ends with it: the client comes back, and is recorded. Whoever is slower is
 * waited for; whoever has closed its half still gets what the other one sends.
 */
export class Tunnel implements ByteSink {
  readonly #client: ClientConnection;
  readonly #upstream: UpstreamConnection;
  readonly #contact: LiveContact;
  #over = false;

  constructor(client: ClientConnection, upstream: UpstreamConnection, contact: LiveContact) {
    this.#client = client;
    this.#upstream = upstream;
    this.#contact = contact;
    contact.uses += 1;
    upstream.tunnel();
    client.onTunnelDrain = () => upstream.resume();
  }

  onClientBytes(chunk: Buffer): void {
    if (this.#over || !this.#recorded()) return;
    this.#contact.lastByte = this.#client.listener.gateway.parts.clock();
    this.#client.tunnelled();
    if (!this.#upstream.write(chunk)) this.#client.pause();
  }

  onClientEnd(): void {
    if (this.#client.gone) {
      this.#upstream.destroy();
      this.#end();
    } else if (!this.#over) this.#upstream.end();
  }

  onUpstreamBytes(chunk: Buffer): void {
    if (this.#over || !this.#recorded()) return;
    this.#client.tunnelled();
    if (!this.#client.write(chunk)) this.#upstream.pause();
  }

  onUpstreamDrain(): void {
    if (!this.#over) this.#client.resume();
  }

  /** The web service has closed: what it sent still reaches the client. */
  onUpstreamEnd(): void {
    if (this.#over) return;
    this.#end();
    this.#client.end();
  }

  /** Whether what goes through still has its record; ends the tunnel otherwise. */
  #recorded(): boolean {
    if (this.#upstream.epoch === this.#client.listener.gateway.book.epoch && !this.#contact.ended)
      return true;
    this.#end();
    this.#upstream.destroy();
    this.#client.destroy();
    return false;
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#contact.uses -= 1;
  }
}
