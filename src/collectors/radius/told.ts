import { createHash } from 'node:crypto';
import { isV4 } from '../../model/address.ts';
import type { ToldTranslation } from '../feed.ts';
import type { ToldAccounting, ToldLease } from '../lease-feed.ts';
import type { Accounting } from './accounting.ts';

/**
 * What an Accounting-Request says, as the feed takes it.
 * @param original  the whole datagram
 * @param receivedMs  when it came by our clock
 */
export function toldAccounting(
  accounting: Accounting,
  original: Uint8Array,
  receivedMs: number,
): ToldAccounting {
  const { status, server, delaySeconds } = accounting;
  const seconds = eventSeconds(accounting);
  const timeMs = eventTimeMs(accounting, receivedMs);
  const head = {
    original,
    // Our own time would measure that the server's clock is right.
    sentMs: seconds === null ? null : (seconds + delaySeconds) * 1000,
    byOurClock: seconds === null,
  };
  if (status === 'on' || status === 'off')
    return { ...head, leases: [], translations: [], restarted: { server, timeMs } };
  const session = sessionDigest(accounting);
  const { userName, callingStation } = accounting;
  const none = status === 'stop' ? [{ address: null, bits: 0 }] : [];
  const held = accounting.held.length > 0 ? accounting.held : none;
  const leases = held.map(({ address, bits }): ToldLease => ({
    event: status,
    timeMs,
    session,
    server,
    address,
    bits,
    userName,
    callingStation,
  }));
  return { ...head, leases, translations: translations(accounting, timeMs), restarted: null };
}

/** When it happened, ms: by the server's clock where it tells (RFC 2869, 5.3), else so long ago as it says by ours. */
export function eventTimeMs(accounting: Accounting, receivedMs: number): number {
  const seconds = eventSeconds(accounting);
  if (seconds !== null) return seconds * 1000;
  return Math.max(0, receivedMs - accounting.delaySeconds * 1000);
}

/** A server whose clock was never set tells 0. */
const eventSeconds = (accounting: Accounting): number | null => accounting.eventSeconds || null;

/**
 * The first 8 bytes of SHA-256 over the server, NUL and Acct-Session-Id, hex: servers make the id from MAC addresses
 * and names, and those do not reach the records.
 */
export function sessionDigest({ server, session }: Pick<Accounting, 'server' | 'session'>): string {
  return createHash('sha256')
    .update(`${server}\0`)
    .update(Buffer.from(session, 'hex'))
    .digest('hex')
    .slice(0, 16);
}

/** Ports belong to the IPv4 address that the same message tells; without it nobody holds them. */
function translations({ status, held, ports }: Accounting, timeMs: number): ToldTranslation[] {
  const inside = held.find(({ address }) => isV4(address));
  if (inside === undefined) return [];
  return ports.flatMap(({ outside, low, high, event }) =>
    outside === null
      ? []
      : {
          event: event ?? (status === 'stop' ? 'delete' : 'interim'),
          timeMs,
          untilMs: null,
          realm: '',
          protocol: null,
          inside: { address: inside.address, port: null },
          outside: { address: outside, low, high, step: 1 },
          remote: null,
          flow: null,
        },
  );
}
