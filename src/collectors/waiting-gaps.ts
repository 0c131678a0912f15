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
    this.#list = merged([...this.#list, gap]);
  }

  take(): readonly GapRecord[] {
    const list = this.#list;
    this.#list = [];
    return list;
  }

  /** What was taken and could not be stored goes before what was noticed since. */
  keep(gaps: readonly GapRecord[]): void {
    this.#list = merged([...gaps, ...this.#list]);
  }
}

function merged(gaps: readonly GapRecord[]): GapRecord[] {
  const list: GapRecord[] = [];
  for (const gap of gaps) {
    const last = list.at(-1);
    const near = last !== undefined && last.reason === gap.reason && gap.from - last.to <= NEAR_MS;
    if (last !== undefined && (near || list.length >= MOST_GAPS))
      list[list.length - 1] = {
        ...last,
        from: Math.min(last.from, gap.from) as Millis,
        to: Math.max(last.to, gap.to) as Millis,
        count: last.count + gap.count,
      };
    else list.push(gap);
  }
  return list;
}
