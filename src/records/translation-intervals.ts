import type { Endpoint, Port } from '../model/address.ts';
import type { Millis } from '../model/time.ts';
import type { PortRange, Remote, RestartRecord, Translation } from '../model/translations.ts';
import type { Since } from './coverage.ts';
import { OpenTranslations, type Open } from './open-translations.ts';
import { withoutRepetitions, worseError, type ToldTranslation } from './told.ts';

/** Since when what a source's only sign tells of at `at` was there (coverage.ts). */
export type VouchedSince = (source: string, at: Millis) => Since;

/** Where one outside port serves several remotes at once: there only its own end ends a translation. */
const OVERLOADING: ReadonlySet<string> = new Set(['conntrack', 'ulogd']);

/**
 * Joins events into translations, oldest first. A create and its delete may come late, twice, or not at all; a delete
 * may name the inside alone (see model/translations.ts, and RFC 7768, 2, on blocks whose end is never told).
 * @param events  all of the outside endpoint (or of the inside one, together with what took its outside over later),
 *   in any order
 */
export function joinTranslations(
  events: readonly ToldTranslation[],
  restarts: readonly RestartRecord[],
  vouchedSince: VouchedSince,
): Translation[] {
  const bySource = Map.groupBy(withoutRepetitions(events), ({ source }) => source);
  const joined = [...bySource].flatMap(([source, told]) =>
    new Joiner(
      // That of one access server says nothing of what others hold.
      restarts.filter((item) => item.source === source && item.server === '').map(({ at }) => at),
      vouchedSince,
    ).join(told),
  );
  return joined.sort((a, b) => a.from - b.from);
}

/** The events of one source. */
class Joiner {
  readonly #restarts: Millis[];
  readonly #vouchedSince: VouchedSince;
  readonly #done: Translation[] = [];
  /** They stand alone: no beginning is concluded from them, so that an answer does not depend on which were looked at. */
  readonly #flows: Translation[] = [];
  readonly #open = new OpenTranslations();
  /** The last restart so far: what is there since cannot be older. */
  #restarted: Millis | null = null;

  constructor(restarts: Millis[], vouchedSince: VouchedSince) {
    this.#restarts = restarts.sort((a, b) => a - b);
    this.#vouchedSince = vouchedSince;
  }

  join(events: readonly ToldTranslation[]): Translation[] {
    // Within a millisecond beginnings come first: an end then finds the one that it belongs to.
    const inOrder = events.toSorted(
      (a, b) => a.at - b.at || Number(a.event === 'delete') - Number(b.event === 'delete'),
    );
    for (const told of inOrder) {
      this.#restart(told.at);
      this.#giveUp(told.at);
      if (told.event === 'delete') this.#delete(told);
      else if (told.outside === null) continue;
      else if (told.event === 'flow') this.#flow(told, told.outside);
      else this.#create(told, told.outside);
    }
    this.#restart(Infinity as Millis);
    for (const open of this.#open)
      this.#end(open, open.challenged, open.challenged === null ? null : 'reallocated', null);
    return [...this.#done, ...this.#flows];
  }

  /** What was open when the source began anew has ended. */
  #restart(until: Millis): void {
    let at = this.#restarts[0];
    while (at !== undefined && at <= until) {
      const moment = at;
      this.#restarts.shift();
      if (moment !== Infinity) this.#restarted = moment;
      for (const open of [...this.#open].filter(({ since }) => since.surely < moment)) {
        this.#open.remove(open);
        const early = open.challenged !== null && open.challenged < moment;
        this.#end(open, early ? open.challenged : moment, early ? 'reallocated' : 'restart', null);
      }
      at = this.#restarts[0];
    }
  }

  /** What another has had for so long has ended, also when a late sign of it should come. */
  #giveUp(now: Millis): void {
    for (const open of this.#open.takeGivenUp(now)) this.#end(open, open.challenged, 'reallocated', null);
  }

  #create(told: ToldTranslation, outside: PortRange): void {
    const own = this.#open.ofInside(told).filter((open) => isSame(open, told, outside));
    if (told.event === 'interim' && own.length > 0) {
      for (const open of own) this.#open.takeBack(open);
      return;
    }
    // It was given to another in between, and now to this one again: the end of the first time was never told.
    for (const open of own) {
      if (open.challenged === null) continue;
      this.#open.remove(open);
      this.#end(open, open.challenged, 'reallocated', null);
    }
    const over = [...this.#open.holders(outside)].filter((open) =>
      takesOver(told, { ...open.told, outside: open.outside }),
    );
    for (const open of over) this.#open.challenge(open, told.at);
    this.#open.add({
      told,
      outside,
      since: told.event === 'interim' ? this.#since(told, outside) : exactly(told.at),
      began: told.event === 'interim' ? 'before' : 'told',
      challenged: null,
    });
  }

  #delete(told: ToldTranslation): void {
    const matching = this.#open.ofInside(told).filter((open) => isSame(open, told, told.outside));
    // The newest: of the older ones the end may have been lost, and that shows as a gap since. Who names the inside alone
    // ends all that it has.
    const ended = told.outside === null ? matching : matching.slice(-1);
    for (const open of ended) {
      this.#open.remove(open);
      this.#end(open, told.at, 'told', told);
    }
    if (ended.length === 0 && told.outside !== null) {
      const since = this.#since(told, told.outside);
      const late: Open = { told, outside: told.outside, since, began: 'before', challenged: null };
      this.#end(late, told.at, 'told', told);
    }
  }

  #flow(told: ToldTranslation, outside: PortRange): void {
    const open: Open = { told, outside, since: exactly(told.at), began: 'told', challenged: null };
    this.#end(open, told.until ?? told.at, 'told', null, this.#flows);
  }

  /** From when something may have been there of which only a later sign is known. */
  #since(told: ToldTranslation, outside: PortRange): Since {
    const vouched = this.#vouchedSince(told.source, told.at);
    let least: number = -Infinity;
    if (this.#restarted !== null && this.#restarted <= told.at) least = this.#restarted;
    if (OVERLOADING.has(told.dialect)) return notBefore(least, vouched);
    // Of an address alone many are mapped at once.
    if (outside.low === null) return notBefore(least, vouched);
    // While another had it, it cannot have been there.
    const excludes = (range: PortRange, protocol: number | null): boolean =>
      range.low !== null && shares(range, protocol, outside, told.protocol);
    for (const item of this.#done)
      if (item.to !== null && item.to <= told.at && excludes(item.outside, item.protocol))
        least = Math.max(least, item.to);
    for (const open of this.#open)
      if (excludes(open.outside, open.told.protocol)) least = Math.max(least, open.since.surely);
    return notBefore(least, vouched);
  }

  #end(
    open: Open,
    to: Millis | null,
    ended: Translation['ended'],
    by: ToldTranslation | null,
    list = this.#done,
  ): void {
    const { told } = open;
    list.push({
      source: told.source,
      dialect: told.dialect,
      realm: told.realm,
      protocol: told.protocol,
      inside: told.inside,
      outside: open.outside,
      remote: told.remote,
      from: open.since.perhaps,
      to: to === null ? null : (Math.max(to, open.since.surely) as Millis),
      began: open.began,
      surelyFrom: open.since.surely,
      ended,
      clockErrorMs: by === null ? told.clockErrorMs : worseError(told.clockErrorMs, by.clockErrorMs),
      digests: by === null || by.digest === told.digest ? [told.digest] : [told.digest, by.digest],
    });
  }
}

/** Of what was told. */
export const exactly = (time: Millis): Since => ({ surely: time, perhaps: time });

/** While another held it, it cannot have been there. */
export const notBefore = (least: number, { surely, perhaps }: Since): Since => ({
  surely: Math.max(surely, least) as Millis,
  perhaps: Math.max(perhaps, least) as Millis,
});

const sameEndpoint = (a: Endpoint, b: Endpoint): boolean => a.address === b.address && a.port === b.port;
const sameRange = (a: PortRange, b: PortRange): boolean =>
  a.address === b.address && a.low === b.low && a.high === b.high && a.step === b.step;

/** Whether an event is about a translation that is open; `outside` null: it names the inside alone. */
function isSame({ told, outside: range }: Open, event: ToldTranslation, outside: PortRange | null): boolean {
  return (
    told.realm === event.realm &&
    (told.protocol === event.protocol || event.protocol === null || told.protocol === null) &&
    (told.flow === null || event.flow === null || told.flow === event.flow) &&
    sameEndpoint(told.inside, event.inside) &&
    (outside === null || sameRange(range, outside)) &&
    !differentRemotes(told.remote, event.remote)
  );
}

/** Whether both are told and differ; two that went elsewhere may have gone to one place. */
function differentRemotes(a: Remote, b: Remote): boolean {
  if (a === null || b === null) return false;
  if (a === 'elsewhere' || b === 'elsewhere') return a !== b;
  return !sameEndpoint(a, b);
}

/** Whether two ranges of outside ports have one in common, for a protocol in common. */
function shares(a: PortRange, ofA: number | null, b: PortRange, ofB: number | null): boolean {
  if (a.address !== b.address || (ofA !== null && ofB !== null && ofA !== ofB)) return false;
  if (a.low === null || a.high === null || b.low === null || b.high === null) return true;
  return hasCommonPort(a, b);
}

function hasCommonPort(a: PortRange, b: PortRange): boolean {
  for (let port = a.low ?? 0; port <= (a.high ?? 0); port += Math.max(1, a.step))
    if (holdsPort(b, port as Port)) return true;
  return false;
}

/** Whether a port lies in a range; an address alone holds every one. */
export function holdsPort({ low, high, step }: PortRange, port: Port): boolean {
  if (low === null || high === null) return true;
  return port >= low && port <= high && (port - low) % Math.max(1, step) === 0;
}

/** What a translation holds. */
type Held = Pick<Translation, 'realm' | 'protocol' | 'inside' | 'outside' | 'remote'>;

/**
 * A new allocation to another inside ends what held its ports, unless both are told to serve remotes of their own. One
 * within the block of the same inside is no other.
 */
export function takesOver(told: ToldTranslation, held: Held): boolean {
  const { outside } = told;
  if (outside === null || told.event === 'delete' || OVERLOADING.has(told.dialect)) return false;
  if (told.realm === held.realm && isWithin(told.inside, held.inside)) return false;
  if (differentRemotes(told.remote, held.remote)) return false;
  // An address alone says nothing of its ports: many share it.
  if (outside.low === null || held.outside.low === null) return false;
  return shares(outside, told.protocol, held.outside, held.protocol);
}

/** Whether both are one inside, or a port and the whole of it. */
const isWithin = (a: Endpoint, b: Endpoint): boolean =>
  a.address === b.address && (a.port === b.port || a.port === null || b.port === null);
