import { MAX_CLOCK_ERROR_MS } from '../model/time.ts';
import type { LeaseRecord, MessageRecord, TranslationRecord } from '../model/translations.ts';

/** An event together with what its message says of it. */
export interface ToldTranslation
  extends TranslationRecord, Pick<MessageRecord, 'dialect' | 'digest' | 'clockErrorMs'> {}

export interface ToldLease extends LeaseRecord, Pick<MessageRecord, 'digest' | 'clockErrorMs'> {}

/**
 * Of a message that came twice, or was read from two files, only the first counts; so does one of each place in it. A
 * line without a stamp may be the same another day: then it is another event. Messages are numbered in the order in which
 * they came, which is that of the result: stamps of whole seconds leave much to it.
 */
export function withoutRepetitions<Told extends ToldTranslation | ToldLease>(
  events: readonly Told[],
): Told[] {
  const seen = new Map<string, number[]>();
  const inOrder = events.toSorted((a, b) => a.message - b.message || a.place - b.place);
  return inOrder.filter(({ source, digest, place, at }) => {
    const key = `${source} ${digest} ${place}`;
    const times = seen.get(key);
    if (times?.some((time) => Math.abs(time - at) <= MAX_CLOCK_ERROR_MS) === true) return false;
    if (times === undefined) seen.set(key, [at]);
    else times.push(at);
    return true;
  });
}

/** The larger error; null when one of them was not measured. */
export function worseError(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : Math.max(a, b);
}
