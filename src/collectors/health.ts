/**
 * How good a source is, the worst first:
 * - `silent`: nothing came for longer than is usual for it.
 * - `no-nat-fields`: its templates have no field that could tell of a translation.
 * - `no-translation`: it sends, but nothing of it tells of a translation.
 * - `no-port`: its translations have addresses only; many subscribers share each of those.
 */
export type HealthGrade = 'ok' | 'no-port' | 'no-nat-fields' | 'no-translation' | 'silent';

/** What is known of a source since it was listened to. Times are ms by our clock. */
export interface HealthFacts {
  readonly nowMs: number;
  /** Since when it is listened to: a source that never sent is silent from then. */
  readonly sinceMs: number;
  readonly lastRecordMs: number | null;
  /** Null: never silent. */
  readonly silentAfterMs: number | null;
  /** Whether what tells is there at all: the command runs, the pipe or file is open, a stream is. */
  readonly isRunning: boolean;
  readonly records: number;
  /** IPFIX and NetFlow v9: whether any template that came can tell of translations; null for others. */
  readonly tellsTranslations: boolean | null;
  readonly translations: number;
  /** Of these, with an outside port or block. */
  readonly withPort: number;
}

export function gradeOf(facts: HealthFacts): HealthGrade {
  const { nowMs, sinceMs, lastRecordMs, silentAfterMs, records, translations } = facts;
  if (!facts.isRunning) return 'silent';
  if (silentAfterMs !== null && nowMs - (lastRecordMs ?? sinceMs) > silentAfterMs) return 'silent';
  if (records === 0) return 'ok';
  if (facts.tellsTranslations === false && translations === 0) return 'no-nat-fields';
  if (translations === 0) return 'no-translation';
  return facts.withPort === 0 ? 'no-port' : 'ok';
}

const SECONDS = 60;

/** Events a second over the last minute, in one bucket a second. */
export class Rate {
  readonly #counts = new Float64Array(SECONDS);
  /** The second that was counted in last; null before the first. */
  #second: number | null = null;

  count(nowMs: number, events = 1): void {
    const place = this.#turnTo(nowMs) % SECONDS;
    this.#counts[place] = (this.#counts[place] ?? 0) + events;
  }

  /** In the first minute too it is a sixtieth of what came. */
  perSecond(nowMs: number): number {
    this.#turnTo(nowMs);
    return this.#counts.reduce((sum, count) => sum + count, 0) / SECONDS;
  }

  /** Empties the seconds in which nothing was counted. @returns the second that is counted in now */
  #turnTo(nowMs: number): number {
    const now = Math.floor(nowMs / 1000);
    const last = this.#second;
    // The clock was set: back by a little, the latest second counts on; by more, all that was is of no minute.
    if (last !== null && now <= last && last - now < SECONDS) return last;
    if (last === null || now < last || now - last >= SECONDS) this.#counts.fill(0);
    else for (let second = last + 1; second <= now; second += 1) this.#counts[second % SECONDS] = 0;
    this.#second = now;
    return now;
  }
}
