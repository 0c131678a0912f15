import type { RecordItem, RecordWriter } from '../../model/records.ts';
import { DAY_MS, type Millis } from '../../model/time.ts';
import { byDay } from '../vouching.ts';

/** Events further apart do not vouch for the time between them: one stray stamp would cover years. */
const STRETCH_MS = 2 * DAY_MS;
const MOST_STRETCHES = 1000;

/** The stretches of time that a file tells of. */
export class Stretches {
  readonly #list: { from: Millis; to: Millis }[] = [];

  note(item: RecordItem): void {
    if (item.type !== 'translation' && item.type !== 'lease') return;
    const at = item.type === 'translation' && item.event === 'flow' ? (item.until ?? item.at) : item.at;
    const near = this.#list.find(({ from, to }) => at >= from - STRETCH_MS && at <= to + STRETCH_MS);
    if (near !== undefined) {
      near.from = Math.min(near.from, at) as Millis;
      near.to = Math.max(near.to, at) as Millis;
    } else if (this.#list.length < MOST_STRETCHES) this.#list.push({ from: at, to: at });
  }

  /** What vouches for them. */
  items(source: string): RecordItem[] {
    return this.#list.flatMap(({ from, to }) =>
      byDay(from, to).map((part): RecordItem => ({ type: 'coverage', source, ...part })),
    );
  }
}

/** A writer of which each item is looked at. */
export function watched(writer: RecordWriter, look: (item: RecordItem) => void): RecordWriter {
  return {
    get epoch() {
      return writer.epoch;
    },
    nextConnection: (at) => writer.nextConnection(at),
    append: (items) => {
      for (const item of items) look(item);
      return writer.append(items);
    },
    close: () => writer.close(),
  };
}
