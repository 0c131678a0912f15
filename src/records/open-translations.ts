import type { IpAddress } from '../model/address.ts';
import type { Millis } from '../model/time.ts';
import type { PortRange, Translation } from '../model/translations.ts';
import { SIGN_MS, type Since } from './coverage.ts';
import type { ToldTranslation } from './told.ts';

/** A translation under way. */
export interface Open {
  readonly told: ToldTranslation;
  readonly outside: PortRange;
  readonly since: Since;
  readonly began: Translation['began'];
  /** When its ports were first given to another inside; null while they were not. */
  challenged: Millis | null;
}

/** Ports of one bucket: a block of a carrier lies in one or a few. */
const BUCKET = 256;

/**
 * The translations under way of one source, found by their inside and by their outside ports: an address that many share
 * has tens of thousands, and each event asks for a few of them.
 */
export class OpenTranslations {
  readonly #all = new Set<Open>();
  readonly #byInside = new Map<string, Set<Open>>();
  /** Those whose ports were not given to another. */
  readonly #holders = new Map<string, Set<Open>>();
  /** In the order of their challenge; one that was taken back stands here still. */
  readonly #challenged: { readonly open: Open; readonly at: Millis }[] = [];
  #givenUp = 0;

  [Symbol.iterator](): Iterator<Open> {
    return this.#all[Symbol.iterator]();
  }

  add(open: Open): void {
    this.#all.add(open);
    put(this.#byInside, insideKey(open.told), open);
    if (open.challenged === null) this.#hold(open);
  }

  remove(open: Open): void {
    this.#all.delete(open);
    drop(this.#byInside, insideKey(open.told), open);
    this.#letGo(open);
  }

  /** Those of the inside that an event names, in the order of their beginning. */
  ofInside(told: ToldTranslation): Open[] {
    return [...(this.#byInside.get(insideKey(told)) ?? [])];
  }

  /** Those that may hold one of the ports, and have not let go of any. */
  holders(outside: PortRange): ReadonlySet<Open> {
    const [first, ...more] = bucketsOf(outside).map((key) => this.#holders.get(key) ?? NONE);
    return more.length === 0 ? (first ?? NONE) : new Set([first ?? NONE, ...more].flatMap((set) => [...set]));
  }

  challenge(open: Open, at: Millis): void {
    open.challenged = at;
    this.#challenged.push({ open, at });
    this.#letGo(open);
  }

  /** It has its ports still, whoever was given them since. */
  takeBack(open: Open): void {
    if (open.challenged === null) return;
    open.challenged = null;
    this.#hold(open);
  }

  /** Takes out what another has had for longer than a late sign is waited for. */
  takeGivenUp(now: Millis): Open[] {
    const taken: Open[] = [];
    for (;;) {
      const next = this.#challenged[this.#givenUp];
      if (next === undefined || now - next.at <= SIGN_MS) return taken;
      this.#givenUp += 1;
      if (next.open.challenged !== next.at || !this.#all.has(next.open)) continue;
      this.remove(next.open);
      taken.push(next.open);
    }
  }

  #hold(open: Open): void {
    for (const key of bucketsOf(open.outside)) put(this.#holders, key, open);
  }

  #letGo(open: Open): void {
    for (const key of bucketsOf(open.outside)) drop(this.#holders, key, open);
  }
}

const NONE: ReadonlySet<Open> = new Set();

const insideKey = ({ realm, inside: { address, port } }: ToldTranslation): string =>
  `${realm} ${address} ${port ?? ''}`;

/** None of an address alone: it says nothing of its ports. */
function bucketsOf({ address, low, high }: PortRange): string[] {
  if (low === null || high === null) return [];
  const first = Math.floor(low / BUCKET);
  const count = Math.floor(high / BUCKET) - first + 1;
  return Array.from({ length: count }, (_, index) => bucketKey(address, first + index));
}

const bucketKey = (address: IpAddress, bucket: number): string => `${address} ${bucket}`;

function put(map: Map<string, Set<Open>>, key: string, open: Open): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([open]));
  else set.add(open);
}

function drop(map: Map<string, Set<Open>>, key: string, open: Open): void {
  const set = map.get(key);
  set?.delete(open);
  if (set?.size === 0) map.delete(key);
}
