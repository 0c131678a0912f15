import type { RecordItem, RecordWriter } from '../../model/records.ts';
import { DAY_MS, type Millis } from '../../model/time.ts';
import { byDay, gapByDay } from '../vouching.ts';

/** Events further apart do not vouch for the time between them: one stray stamp would cover years. */
const STRETCH_MS = 2 * DAY_MS;
const MOST_STRETCHES = 1000;
/** Gaps that lie no further apart are one, ms. */
const NEAR_MS = 1000;

/** What could not be read: of when, and how much. */
interface Unread {
  from: Millis;
  to: Millis;
  count: number;
}

/** The stretches of time that a file tells of, and what in them could not be read. */
export class Stretches {
  readonly #list: { from: Millis; to: Millis }[] = [];
  readonly #unread: Unread[] = [];
  /** What was noted last; null before anything is. */
  #last: Millis | null = null;
  /** What was noted last before the message that is read now. */
  #before: Millis | null = null;
  /** What could not be read since `from`, until the next is noted. */
  #open: { from: Millis; count: number } | null = null;

  note(item: RecordItem): void {
    if (item.type !== 'translation' && item.type !== 'lease') return;
    const at = item.type === 'translation' && item.event === 'flow' ? (item.until ?? item.at) : item.at;
    this.#last = at;
    this.#cover(at);
    if (this.#open === null) return;
    const { from, count } = this.#open;
    this.#open = null;
    this.#missing({ from: Math.min(from, at) as Millis, to: Math.max(from, at) as Millis, count });
  }

  /**
   * A message was read; all that it tells is noted.
   * @param unread  so much of it could not be read: it happened between what was read before it and after it
   */
  read(unread: number): void {
    const from = this.#open?.from ?? this.#before ?? this.#last;
    // Before what was noted first, and after what was noted last, nothing is vouched for.
    if (unread > 0 && from !== null) this.#open = { from, count: (this.#open?.count ?? 0) + unread };
    this.#before = this.#last;
  }

  /** What vouches for them, and what is missing from them. */
  items(source: string): RecordItem[] {
    const covered = this.#list.flatMap(({ from, to }) =>
      byDay(from, to).map((part): RecordItem => ({ type: 'coverage', source, ...part })),
    );
    const missing = this.#unread.flatMap(({ from, to, count }) =>
      gapByDay({ type: 'gap', source, from, to, reason: 'dropped', count }),
    );
    return [...covered, ...missing];
  }

  #cover(at: Millis): void {
    const near = this.#list.find(({ from, to }) => at >= from - STRETCH_MS && at <= to + STRETCH_MS);
    if (near !== undefined) {
      near.from = Math.min(near.from, at) as Millis;
      near.to = Math.max(near.to, at) as Millis;
    } else if (this.#list.length < MOST_STRETCHES) this.#list.push({ from: at, to: at });
  }

  /** Of one that lies further from another than is vouched for between them nothing is told. */
  #missing(gap: Unread): void {
    if (gap.to - gap.from > STRETCH_MS) return;
    const last = this.#unread.at(-1);
    if (last === undefined || (this.#unread.length < MOST_STRETCHES && !areNear(last, gap))) {
      this.#unread.push(gap);
      return;
    }
    last.from = Math.min(last.from, gap.from) as Millis;
    last.to = Math.max(last.to, gap.to) as Millis;
    last.count += gap.count;
  }
}

const areNear = (a: Unread, b: Unread): boolean => b.from - a.to <= NEAR_MS && a.from - b.to <= NEAR_MS;

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
