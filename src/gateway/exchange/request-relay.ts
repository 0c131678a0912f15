import { forwardedLines, trailerLines } from '../http1/headers.ts';
import type { Route } from '../route-table.ts';
import type { UpstreamConnection, UpstreamUser } from '../upstream/upstream-connection.ts';
import type { Exchange } from './exchange.ts';

/** The way of one request to the upstream: head, body, trailers. */
export class RequestRelay {
  readonly #exchange: Exchange;
  #bodyBytes = 0;
  /** The body waits until the request is forwarded, and while the upstream takes no more. */
  #forwarding = false;
  #sent: boolean;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#sent = !exchange.request.hasBody;
  }

  /** Whether the whole request is with the upstream. */
  get sent(): boolean {
    return this.#sent;
  }

  /**
   * Sends the head, and what has come of the body.
   * @param contactLines  what the upstream is told of the client, see LiveContact
   * @param user  who the answer is for
   */
  begin(route: Route, upstream: UpstreamConnection, contactLines: string, user: UpstreamUser): void {
    const { request, client, requestId } = this.#exchange;
    const { block } = request;
    const upgrade = this.#upgrade(route);
    upstream.begin(user, { head: request.method === 'HEAD', upgrade });
    const head =
      `${request.method} ${request.target} HTTP/1.1\r\nHost: ${request.host === '' ? route.upstream.host : request.host}\r\n` +
      `${forwardedLines(block, client.listener.names, route.identityCookie)}${contactLines}` +
      `X-Request-Id: ${requestId}\r\n${upgrade === null ? '' : `Connection: upgrade\r\nUpgrade: ${upgrade}\r\n`}\r\n`;
    if (!request.hasBody) {
      upstream.write(head);
      return;
    }
    // The head and what has come of the body go out together.
    upstream.cork();
    upstream.write(head);
    this.#forwarding = true;
    client.release();
    upstream.uncork();
  }

  /** The protocol that is asked for, where the route passes it on; a body would be read by two protocols. */
  #upgrade(route: Route): string | null {
    const { block, hasBody, minor } = this.#exchange.request;
    if (block.upgrade === null) return null;
    if (!hasBody && minor === 1 && route.upgrades.includes(block.upgrade)) return block.upgrade;
    this.#exchange.note('upgrade');
    return null;
  }

  /** A piece of the body. Returns false when it is longer than the route takes. */
  onBody(chunk: Buffer): boolean {
    const { upstream, route, client, request } = this.#exchange;
    if (upstream === null || route === null || !this.#forwarding) return true;
    this.#bodyBytes += chunk.length;
    if (this.#bodyBytes > route.bodyBytes) return false;
    let free: boolean;
    if (request.block.chunked) {
      upstream.cork();
      upstream.write(`${chunk.length.toString(16)}\r\n`);
      upstream.write(chunk);
      free = upstream.write('\r\n');
      upstream.uncork();
    } else free = upstream.write(chunk);
    if (!free) client.hold();
    return true;
  }

  onEnd(trailers: readonly string[]): void {
    const { upstream, client, request } = this.#exchange;
    this.#sent = true;
    if (request.block.chunked)
      upstream?.write(`0\r\n${trailerLines(trailers, client.listener.trust.claims)}\r\n`);
  }

  /** What is still to come of the body is read away. */
  discard(): void {
    this.#forwarding = false;
  }
}
