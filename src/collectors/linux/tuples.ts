import type { Endpoint } from '../../model/address.ts';

/** One direction of an entry of Linux's connection tracking, as its packets have it. */
export interface Tuple {
  readonly source: Endpoint;
  readonly destination: Endpoint;
}

export interface Sides {
  readonly inside: Endpoint;
  readonly outside: Endpoint;
  readonly remote: Endpoint;
}

/**
 * What an entry translates. It has two tuples, the one that began it and the reply's. With source NAT the reply goes to
 * the public endpoint: that is the reply tuple's destination; with destination NAT it comes from the inside: that is
 * its source. Null when nothing is translated.
 */
export function translatedSides(original: Tuple, reply: Tuple): Sides | null {
  if (differ(original.source, reply.destination))
    return { inside: original.source, outside: reply.destination, remote: reply.source };
  if (differ(original.destination, reply.source))
    return { inside: reply.source, outside: original.destination, remote: original.source };
  return null;
}

const differ = (a: Endpoint, b: Endpoint): boolean => a.address !== b.address || a.port !== b.port;
