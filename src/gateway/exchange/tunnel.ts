import type { ByteSink, ClientConnection } from '../client/client-connection.ts';
import type { UpstreamConnection } from '../upstream/upstream-connection.ts';

/**
 * Bytes both ways, once the web service has agreed to another protocol (RFC 9110, 7.8). One contact for its whole life:
 * a change of account inside is out of sight (R1). Whoever is slower is waited for.
 */
export class Tunnel implements ByteSink {
  readonly #client: ClientConnection;
  readonly #upstream: UpstreamConnection;
  #over = false;

  constructor(client: ClientConnection, upstream: UpstreamConnection) {
    this.#client = client;
    this.#upstream = upstream;
    client.onTunnelDrain = () => upstream.resume();
  }

  onClientBytes(chunk: Buffer): void {
    if (this.#over) return;
    this.#client.tunnelled();
    if (!this.#upstream.write(chunk)) this.#client.pause();
  }

  onClientEnd(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#client.gone) this.#upstream.destroy();
    else {
      this.#upstream.end();
      this.#client.end();
    }
  }

  onUpstreamBytes(chunk: Buffer): void {
    if (this.#over) return;
    this.#client.tunnelled();
    if (!this.#client.write(chunk)) this.#upstream.pause();
  }

  onUpstreamDrain(): void {
    if (!this.#over) this.#client.resume();
  }

  /** The web service has closed: what it sent still reaches the client. */
  onUpstreamEnd(): void {
    if (this.#over) return;
    this.#over = true;
    this.#client.end();
  }
}
