import type { LeaseRecord, MessageRecord, TranslationRecord } from '../model/translations.ts';

/** An event together with what its message says of it. */
export interface ToldTranslation
  extends TranslationRecord, Pick<MessageRecord, 'dialect' | 'digest' | 'clockErrorMs'> {}

export interface ToldLease extends LeaseRecord, Pick<MessageRecord, 'digest' | 'clockErrorMs'> {}

/** Of a message that came twice, or was read from two files, only the first counts; so does one of each place in it. */
export function withoutRepetitions<Told extends ToldTranslation | ToldLease>(
  events: readonly Told[],
): Told[] {
  const seen = new Set<string>();
  return events.filter(({ source, digest, place }) => {
    const key = `${source} ${digest} ${place}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** The larger error; null when one of them was not measured. */
export function worseError(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : Math.max(a, b);
}
