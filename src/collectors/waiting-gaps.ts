import type { Millis } from '../model/time.ts';
import type { GapRecord } from '../model/translations.ts';

/** Gaps that wait to be stored, at most. */
const MOST_GAPS = 100;
/** Gaps of one reason that lie no further apart become one, ms. */
const NEAR_MS = 1000;

/** Gaps of one source that are not stored yet, in the order in which they were noticed; near ones become one. */
export class WaitingGaps {
  #list: GapRecord[] = [];

  add(gap: GapRecord): void {
    const list = this.#list;
    const near = list.findLastIndex((other) => other.reason === gap.reason && areNear(other, gap));
    if (near === -1 && list.length < MOST_GAPS) list.push(gap);
    else {
      const place = near === -1 ? list.length - 1 : near;
      list[place] = joined(list[place] ?? gap, gap);
    }
  }

  take(): readonly GapRecord[] {
    const list = this.#list;
    this.#list = [];
    return list;
  }

  /** What was taken and could not be stored goes before what was noticed since. */
  keep(gaps: readonly GapRecord[]): void {
    const since = this.#list;
    this.#list = [];
    for (const gap of [...gaps, ...since]) this.add(gap);
  }
}

const areNear = (a: GapRecord, b: GapRecord): boolean => b.from - a.to <= NEAR_MS && a.from - b.to <= NEAR_MS;

const joined = (a: GapRecord, b: GapRecord): GapRecord => ({
  ...a,
  from: Math.min(a.from, b.from) as Millis,
  to: Math.max(a.to, b.to) as Millis,
  count: a.count + b.count,
});
