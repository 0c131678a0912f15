import { lookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { LRUCache } from 'lru-cache';

/** How long a name's addresses are believed, ms: a look-up takes one of four threads that disk reads need too (R11). */
const TTL_MS = 10_000;

const known = new LRUCache<string, readonly LookupAddress[]>({ max: 1000, ttl: TTL_MS });
const underWay = new Map<string, Promise<readonly LookupAddress[]>>();

function addressesOf(host: string): Promise<readonly LookupAddress[]> {
  const running = underWay.get(host);
  if (running !== undefined) return running;
  const asked = new Promise<readonly LookupAddress[]>((resolve, reject) => {
    lookup(host, { all: true }, (error, addresses) => {
      if (error === null) resolve(addresses);
      else reject(error);
    });
  }).finally(() => underWay.delete(host));
  underWay.set(host, asked);
  asked.then(
    (addresses) => known.set(host, addresses),
    () => undefined,
  );
  return asked;
}

/** Resolves upstream names, remembering them for a moment; questions for one name are asked once. */
export const cachedLookup: LookupFunction = (host, options, callback) => {
  const answer = (addresses: readonly LookupAddress[]): void => {
    const [first] = addresses;
    if (options.all === true) callback(null, [...addresses]);
    else callback(null, first?.address ?? '', first?.family ?? 0);
  };
  const found = known.get(host);
  if (found !== undefined) {
    answer(found);
    return;
  }
  addressesOf(host).then(answer, (error: NodeJS.ErrnoException) => callback(error, '', 0));
};
