import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { IpAddress } from '../../model/address.ts';
import type { Accounting } from './accounting.ts';
import type { AccountingRequest } from './packet.ts';

/** So long, ms, and so many are remembered. */
const REMEMBERED_MS = 60_000;
const MOST_REMEMBERED = 10_000;
/** Acct-Delay-Time has whole seconds, and it was counted at another moment. */
const SAME_EVENT_MS = 2000;

/** A request of a sender: what a retransmission shares with it (RFC 2866, 3). */
export function requestKey(from: IpAddress, port: number, request: AccountingRequest): string {
  return `${from} ${port} ${request.identifier} ${request.authenticator.toString('base64')}`;
}

/**
 * All of an event but its time: of a retransmission with a raised Acct-Delay-Time it is the same, though its
 * authenticator is another. What is held is part of it: an access server tells of a second address in the same second.
 */
export function eventKey(from: IpAddress, accounting: Accounting): string {
  const { status, session, server, userName, callingStation, held, ports } = accounting;
  return createHash('sha256')
    .update(JSON.stringify([from, server, session, status, userName, callingStation, held, ports]))
    .digest('base64');
}

export const rememberedAnswers = (): LRUCache<string, Buffer> =>
  new LRUCache({ max: MOST_REMEMBERED, ttl: REMEMBERED_MS });

interface Event {
  readonly atMs: number;
  readonly stored: Promise<boolean>;
}

/** Events that are being stored or were lately, so that each is stored once. */
export class RecentEvents {
  readonly #events = new LRUCache<string, Event>({ max: MOST_REMEMBERED, ttl: REMEMBERED_MS });

  /**
   * Stores an event unless that is under way or done. One that could not be stored is forgotten.
   * @returns `again` when it was known; whether it is durable in the end
   */
  once(
    key: string,
    atMs: number,
    store: () => Promise<boolean>,
  ): { readonly again: boolean; readonly stored: Promise<boolean> } {
    const known = this.#events.get(key);
    if (known !== undefined && Math.abs(known.atMs - atMs) <= SAME_EVENT_MS)
      return { again: true, stored: known.stored };
    const stored = Promise.resolve()
      .then(store)
      .catch(() => false);
    const event = { atMs, stored };
    this.#events.set(key, event);
    void stored.then((durable) => {
      if (this.#events.peek(key) !== event) return;
      // Set again: it is remembered from now on.
      if (durable) this.#events.set(key, event);
      else this.#events.delete(key);
    });
    return { again: false, stored };
  }
}
