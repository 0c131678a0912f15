import type { Endpoint, IpAddress } from '../model/address.ts';
import type { RecordReader, Window } from '../model/records.ts';
import { MAX_CLOCK_ERROR_MS, overlaps, type Millis } from '../model/time.ts';
import type { Lease, Translation } from '../model/translations.ts';

/** A way from an endpoint inwards: translations from the outside to the inside, then the lease of the innermost address. */
export interface Chain {
  readonly translations: readonly Translation[];
  readonly lease: Lease | null;
  /** The innermost endpoint. */
  readonly inside: Endpoint;
}

export interface Chains {
  readonly chains: readonly Chain[];
  /** How many more there are than were looked at. */
  readonly cut: number;
}

export interface ChainOptions {
  readonly records: RecordReader;
  readonly assumedClockErrorMs: number;
}

/** NATs in a row: a home router's, a carrier's, and one to spare. */
const MOST_HOPS = 4;
const FETCH_LIMIT = 1000;
/** Chains of one question; beyond it the count tells of the rest. */
const MOST_CHAINS = 500;

/** The window, widened by the error of one record's clock. */
export function widened(options: ChainOptions, clockErrorMs: number | null, asked: Window): Window {
  const error = clockErrorMs ?? options.assumedClockErrorMs;
  return { from: (asked.from - error) as Millis, to: (asked.to + error) as Millis };
}

/** Widened by the largest error that any record may have. */
export const widest = (asked: Window): Window => ({
  from: (asked.from - MAX_CLOCK_ERROR_MS) as Millis,
  to: (asked.to + MAX_CLOCK_ERROR_MS) as Millis,
});

const inTime =
  (options: ChainOptions, asked: Window) =>
  (item: Translation | Lease): boolean => {
    const window = widened(options, item.clockErrorMs, asked);
    return overlaps(item, window.from, window.to);
  };

/** The translations that lead on from an endpoint on one side of a NAT to an address that was not passed yet. */
async function steps(
  options: ChainOptions,
  side: 'outside' | 'inside',
  endpoint: Endpoint,
  protocol: number | null,
  passed: readonly Translation[],
  asked: Window,
): Promise<{ readonly near: readonly Translation[]; readonly missed: number }> {
  const { address, port } = endpoint;
  const { translations, total } = await options.records.translations(
    side,
    address,
    port,
    widest(asked),
    FETCH_LIMIT,
  );
  const onward = side === 'outside' ? 'inside' : 'outside';
  const near = translations
    .filter(inTime(options, asked))
    .filter((item) => isOfProtocol(item, endpoint, protocol) && !wasPassed(passed, item[onward].address));
  return { near, missed: Math.max(0, total - translations.length) };
}

/**
 * All ways inwards from an endpoint within the asked window, in every realm.
 * @param protocol  IANA's number, or null for every one
 */
export async function chainsInward(
  options: ChainOptions,
  outside: Endpoint,
  protocol: number | null,
  asked: Window,
): Promise<Chains> {
  const found: Chain[] = [];
  let cut = 0;
  const walk = async (
    endpoint: Endpoint,
    passed: readonly Translation[],
    protocol: number | null,
  ): Promise<void> => {
    const { near, missed } = await steps(options, 'outside', endpoint, protocol, passed, asked);
    cut += missed;
    if (near.length === 0 || passed.length >= MOST_HOPS) {
      cut += near.length;
      await leaf(endpoint, passed);
      return;
    }
    for (const item of near) {
      if (found.length >= MOST_CHAINS) {
        cut += 1;
        return;
      }
      await walk(item.inside, [...passed, item], protocol ?? item.protocol);
    }
  };
  const leaf = async (inside: Endpoint, passed: readonly Translation[]): Promise<void> => {
    const leases = await leasesOn(options, outside, passed, asked);
    cut += leases.cut;
    if (leases.found.length === 0 && passed.length > 0)
      found.push({ translations: passed, lease: null, inside });
    for (const lease of leases.found) found.push({ translations: passed, lease, inside });
  };
  await walk(outside, [], protocol);
  return { chains: found, cut };
}

/**
 * The leases on a way: of the outermost address that anybody holds. A carrier's subscriber may have a NAT of their own
 * behind it, whose insides are nobody's lease, though another subscriber may hold the same address elsewhere.
 */
async function leasesOn(
  options: ChainOptions,
  outside: Endpoint,
  passed: readonly Translation[],
  asked: Window,
): Promise<{ readonly found: readonly Lease[]; readonly cut: number }> {
  let cut = 0;
  const places =
    passed.length === 0
      ? [{ endpoint: outside, realm: '' }]
      : passed.map(({ inside, realm }) => ({ endpoint: inside, realm }));
  for (const { endpoint, realm } of places) {
    const leases = await leasesAt(options, endpoint, realm, asked);
    cut += leases.cut;
    if (leases.found.length > 0) return { found: leases.found, cut };
  }
  return { found: [], cut };
}

/** The leases of an address in a realm; where only one of both names a realm they are taken to be the same. */
export async function leasesAt(
  options: ChainOptions,
  { address }: Endpoint,
  realm: string,
  asked: Window,
): Promise<{ readonly found: readonly Lease[]; readonly cut: number }> {
  const { leases, total } = await options.records.leases(address, widest(asked), FETCH_LIMIT);
  const found = leases
    .filter(inTime(options, asked))
    .filter((lease) => realm === '' || lease.realm === '' || lease.realm === realm);
  return { found, cut: total - leases.length };
}

/** ICMP has numbers where others have ports: who asks for a port does not mean them. */
const ICMP: ReadonlySet<number | null> = new Set([1, 58]);

function isOfProtocol(item: Translation, { port }: Endpoint, protocol: number | null): boolean {
  if (protocol === null) return port === null || !ICMP.has(item.protocol);
  return item.protocol === null || item.protocol === protocol;
}

/**
 * All ways outwards from an inside endpoint: each as its translations from the outside to the inside.
 */
export async function chainsOutward(
  options: ChainOptions,
  inside: Endpoint,
  protocol: number | null,
  asked: Window,
): Promise<{ readonly chains: readonly (readonly Translation[])[]; readonly cut: number }> {
  const found: (readonly Translation[])[] = [];
  let cut = 0;
  const walk = async (
    endpoint: Endpoint,
    passed: readonly Translation[],
    protocol: number | null,
  ): Promise<void> => {
    const { near, missed } = await steps(options, 'inside', endpoint, protocol, passed, asked);
    cut += missed;
    if ((near.length === 0 || passed.length >= MOST_HOPS) && passed.length > 0) found.push(passed);
    if (passed.length >= MOST_HOPS) {
      cut += near.length;
      return;
    }
    for (const item of near) {
      if (found.length >= MOST_CHAINS) {
        cut += 1;
        return;
      }
      const { address, low, high } = item.outside;
      await walk({ address, port: low === high ? low : null }, [item, ...passed], protocol ?? item.protocol);
    }
  };
  await walk(inside, [], protocol);
  return { chains: found, cut };
}

/** Two exporters may tell of one NAT, and a NAT of itself: an address that was passed is not entered again. */
const wasPassed = (passed: readonly Translation[], address: IpAddress): boolean =>
  passed.some(({ inside, outside }) => inside.address === address || outside.address === address);
