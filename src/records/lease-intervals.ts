import type { IpAddress } from '../model/address.ts';
import { MAX_CLOCK_ERROR_MS, type Millis } from '../model/time.ts';
import type { Lease, RestartRecord } from '../model/translations.ts';
import type { Since } from './coverage.ts';
import { withoutRepetitions, worseError, type ToldLease } from './told.ts';
import { exactly, notBefore, type VouchedSince } from './translation-intervals.ts';

interface Open {
  readonly told: ToldLease;
  readonly address: IpAddress;
  readonly since: Since;
  readonly began: Lease['began'];
}

/**
 * Joins what access servers told into leases, oldest first: a session's Start, Interims and Stop (RFC 2866). A lease
 * whose Stop never came ends where its prefix is given to another session, or where its server began anew.
 * @param events  of prefixes that hold one address, and the stops of their sessions, in any order
 */
export function joinLeases(
  events: readonly ToldLease[],
  restarts: readonly RestartRecord[],
  vouchedSince: VouchedSince,
): Lease[] {
  const inOrder = withoutRepetitions(events).sort(
    // Stamps have whole seconds: an end comes after a beginning.
    (a, b) => a.at - b.at || Number(a.event === 'stop') - Number(b.event === 'stop'),
  );
  const waiting = restarts.toSorted((a, b) => a.at - b.at);
  const done: Lease[] = [];
  let open: Open[] = [];
  /** The restarts so far. */
  const passed: RestartRecord[] = [];

  const end = (item: Open, to: Millis | null, ended: Lease['ended'], by: ToldLease | null): void => {
    const { told } = item;
    done.push({
      source: told.source,
      server: told.server,
      realm: told.realm,
      address: item.address,
      bits: told.bits,
      subject: told.subject,
      line: told.line,
      from: item.since.perhaps,
      to: to === null ? null : (Math.max(to, item.since.surely) as Millis),
      began: item.began,
      surelyFrom: item.since.surely,
      ended,
      clockErrorMs: by === null ? told.clockErrorMs : worseError(told.clockErrorMs, by.clockErrorMs),
      digests: by === null || by.digest === told.digest ? [told.digest] : [told.digest, by.digest],
    });
  };
  const finish = (
    which: (item: Open) => boolean,
    to: Millis,
    ended: Lease['ended'],
    by: ToldLease | null,
  ): number => {
    const over = open.filter(which);
    for (const item of over) end(item, to, ended, by);
    open = open.filter((item) => !over.includes(item));
    return over.length;
  };
  const restart = (until: Millis): void => {
    for (let next = waiting[0]; next !== undefined && next.at <= until; next = waiting[0]) {
      const { source, server, at } = next;
      waiting.shift();
      passed.push(next);
      finish(
        ({ told, since }) =>
          told.source === source && (server === '' || told.server === server) && since.surely < at,
        at,
        'restart',
        null,
      );
    }
  };
  /** From when a session may have held the prefix of which only a later sign is known. */
  const since = (told: ToldLease): Since => {
    let least = -Infinity;
    for (const { source, server, at } of passed)
      if (source === told.source && (server === '' || server === told.server) && at <= told.at)
        least = Math.max(least, at);
    for (const item of done)
      if (isRival(item, told) && item.to !== null && item.to <= told.at) least = Math.max(least, item.to);
    for (const item of open) if (isRival(item.told, told)) least = Math.max(least, item.since.surely);
    return notBefore(least, vouchedSince(told.source, told.at));
  };

  /** When sessions were told to be over, with the prefix where it was named. */
  const over = new Map<string, Millis>();
  /** One that was said again, in other words, is no end of something that nobody saw begin. */
  const isRepeated = (stop: ToldLease): boolean =>
    [keyOf(stop), sessionOf(stop)].some(
      (key) => stop.at - (over.get(key) ?? -Infinity) <= MAX_CLOCK_ERROR_MS,
    );
  for (const told of inOrder) {
    restart(told.at);
    const own = (item: Open): boolean =>
      sameSession(item.told, told) &&
      (told.address === null || (item.address === told.address && item.told.bits === told.bits));
    if (told.event === 'stop') {
      const isOver = finish(own, told.at, 'told', told) > 0;
      if (!isOver && told.address !== null && !isRepeated(told))
        end({ told, address: told.address, since: since(told), began: 'before' }, told.at, 'told', told);
      if (isOver || told.address !== null) over.set(keyOf(told), told.at);
      continue;
    }
    if (told.address === null) continue;
    // A number that a server uses again after it has lost its memory: another session.
    if (told.event === 'start')
      finish((item) => own(item) && isAnother(item.told, told), told.at, 'reallocated', null);
    if (open.some(own)) continue;
    const began = told.event === 'start' ? exactly(told.at) : since(told);
    finish((item) => isRival(item.told, told) && !sameSession(item.told, told), told.at, 'reallocated', null);
    over.delete(keyOf(told));
    over.delete(sessionOf(told));
    open.push({
      told,
      address: told.address,
      since: began,
      began: told.event === 'start' ? 'told' : 'before',
    });
  }
  restart(Infinity as Millis);
  for (const item of open) end(item, null, null, null);
  return done.sort((a, b) => a.from - b.from);
}

const sessionOf = ({ source, server, session }: ToldLease): string => `${source} ${server} ${session}`;
const keyOf = (told: ToldLease): string =>
  told.address === null ? sessionOf(told) : `${sessionOf(told)} ${told.address}/${told.bits}`;

const sameSession = (a: ToldLease, b: ToldLease): boolean =>
  a.source === b.source && a.server === b.server && a.session === b.session;

/** Whether a start is not that of an open session, said again. */
const isAnother = (open: ToldLease, start: ToldLease): boolean =>
  start.at - open.at > MAX_CLOCK_ERROR_MS ||
  (open.subject !== null && start.subject !== null && open.subject !== start.subject) ||
  (open.line !== null && start.line !== null && open.line !== start.line);

/** Whether only one of both can hold its prefix: they are of one source and realm. All here hold the same address. */
const isRival = (a: Pick<Lease, 'source' | 'realm' | 'server'>, b: ToldLease): boolean =>
  a.source === b.source && a.realm === b.realm && a.server === b.server;
