import type { IpAddress } from '../../model/address.ts';
import type { RefusalRecord } from '../../model/records.ts';
import type { Clock, Millis } from '../../model/time.ts';
import { clientPrefix } from './client-prefix.ts';

/** What the gateway refused or ended for its own protection; docs/gateway.md explains each. */
export const SECURITY_KINDS = [
  'malformed',
  'head-too-large',
  'slow-head',
  'slow-body',
  'slow-read',
  'body-too-large',
  'rate',
  'account-rate',
  'too-many-connections',
  'upgrade',
  'connect-method',
  'tls',
  'proxy-protocol',
  'client-abort',
  'upstream-timeout',
  'records-aggregated',
  'records-refused',
  'unavailable',
] as const;

export type SecurityKind = (typeof SECURITY_KINDS)[number];

/** Refusals, counted per listener, client prefix, kind and minute (R12). */
export interface SecurityEvents {
  note(listener: string, address: IpAddress, kind: SecurityKind): void;
  /** Gives away the minutes that are over at `now`; all of them for null (the gateway stops). */
  flush(now: Millis | null): RefusalRecord[];
  /** All that were noted since the beginning; a kind that never came is missing. */
  totals(): ReadonlyMap<SecurityKind, number>;
  /** Noted ones that were in no record, because nobody had flushed for too long. */
  readonly dropped: number;
}

const MINUTE_MS = 60_000;
/** Pairs of (prefix, kind) that are kept apart in one minute of one listener. */
const MAX_PAIRS = 4096;
/** Minutes that wait for a flush; the oldest goes first. */
const MAX_MINUTES = 10;
/** Stands for all prefixes beyond the bound. */
const OTHERS = '*';

/** Counts by prefix, then by kind. */
type Prefixes = Map<string, Map<SecurityKind, number>>;

interface ListenerMinute {
  readonly prefixes: Prefixes;
  pairs: number;
}

/** @param clock  tells the minute of what is noted */
export function createSecurityEvents(clock: Clock): SecurityEvents {
  const minutes = new Map<number, Map<string, ListenerMinute>>();
  const totals = new Map<SecurityKind, number>();
  let dropped = 0;

  const minuteAt = (start: number): Map<string, ListenerMinute> => {
    const known = minutes.get(start);
    if (known !== undefined) return known;
    if (minutes.size >= MAX_MINUTES) {
      const oldest = Math.min(...minutes.keys());
      for (const record of recordsOf(oldest, minutes.get(oldest))) dropped += record.count;
      minutes.delete(oldest);
    }
    const fresh = new Map<string, ListenerMinute>();
    minutes.set(start, fresh);
    return fresh;
  };

  return {
    get dropped() {
      return dropped;
    },
    note(listener, address, kind) {
      totals.set(kind, (totals.get(kind) ?? 0) + 1);
      const now = clock();
      const minute = minuteAt(now - (now % MINUTE_MS));
      let counts = minute.get(listener);
      if (counts === undefined) minute.set(listener, (counts = { prefixes: new Map(), pairs: 0 }));
      count(counts, clientPrefix(address), kind);
    },
    flush(now) {
      const records: RefusalRecord[] = [];
      for (const start of [...minutes.keys()].sort((a, b) => a - b)) {
        if (now !== null && start + MINUTE_MS > now) continue;
        for (const record of recordsOf(start, minutes.get(start))) records.push(record);
        minutes.delete(start);
      }
      return records;
    },
    totals: () => totals,
  };
}

function count(counts: ListenerMinute, prefix: string, kind: SecurityKind): void {
  const own = counts.prefixes.get(prefix);
  const known = own?.get(kind);
  if (own !== undefined && known !== undefined) {
    own.set(kind, known + 1);
    return;
  }
  if (counts.pairs < MAX_PAIRS) {
    counts.pairs += 1;
    if (own === undefined) counts.prefixes.set(prefix, new Map([[kind, 1]]));
    else own.set(kind, 1);
    return;
  }
  let others = counts.prefixes.get(OTHERS);
  if (others === undefined) counts.prefixes.set(OTHERS, (others = new Map()));
  others.set(kind, (others.get(kind) ?? 0) + 1);
}

function* recordsOf(
  start: number,
  listeners: ReadonlyMap<string, ListenerMinute> | undefined,
): Generator<RefusalRecord> {
  for (const [listener, { prefixes }] of listeners ?? [])
    for (const [prefix, kinds] of prefixes)
      for (const [kind, count] of kinds)
        yield { type: 'refusal', listener, prefix, kind, minute: start as Millis, count };
}
