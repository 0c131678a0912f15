import type { Badge } from '../model/accounts.ts';
import type { Link, Peer } from '../platform/rpc.ts';
import type { WorkerContract } from './accounts-contract.ts';
import { keyHalves } from './badge-table.ts';
import type { BadgeListener, StoredBadges } from './badges.ts';

/** Accounts in a page: 200 kB, under a millisecond of either side's time. */
const PAGE = 16_384;

/**
 * Gives a worker all badges, and from now on each new one as soon as it is stored. Resolves when the worker has what
 * there was; a page never overwrites a badge that came by itself, so the two may overlap.
 * @param inTime  waits for the worker's answer
 */
export async function feedBadges(
  { table, numbers, listeners }: StoredBadges,
  link: Link,
  peer: Peer<WorkerContract>,
  inTime: (work: Promise<unknown>) => Promise<void>,
): Promise<void> {
  let told = 0;
  const newlyShown = (): readonly Badge[] => {
    const fresh = told === numbers.shown.length ? [] : numbers.shown.slice(told);
    told = numbers.shown.length;
    return fresh;
  };
  const listener: BadgeListener = (index, number) => {
    const [high, low] = keyHalves(index);
    peer.push('badge', { shown: newlyShown(), high, low, value: numbers.placeOf(number) });
  };
  let open = true;
  listeners.add(listener);
  link.onClosed(() => {
    open = false;
    listeners.delete(listener);
  });
  for (const { keys, values } of table.pages(PAGE)) {
    const places = values.map((number) => numbers.placeOf(number));
    await inTime(peer.call('page', { shown: newlyShown(), accounts: table.size, keys, values: places }));
    if (!open) return;
  }
}
