import type { Endpoint } from '../../model/address.ts';
import type { Millis } from '../../model/time.ts';
import type { ClientClaim } from './client-address.ts';

/** Where a connection comes from: its two ends, and who the client is when that was told before the first request. */
export interface ConnectionOrigin {
  readonly peer: Endpoint;
  readonly own: Endpoint;
  /** Null for a trusted proxy, each of whose requests tells its own client. */
  readonly claim: ClientClaim | null;
  readonly from: Millis;
  /** When it was accepted, performance.now(). */
  readonly accepted: number;
}

/** Takes over the bytes of a client once its connection is not HTTP any more. */
export interface ByteSink {
  onClientBytes(chunk: Buffer): void;
  onClientEnd(): void;
}
