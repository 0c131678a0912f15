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

interface Stretch {
  from: Millis;
  to: Millis;
  /** What was noted last. */
  last: Millis;
  /** What was noted last before the message that is read now; null when all was noted in it. */
  before: Millis | null;
  /** What could not be read since `from`, until the next is noted. */
  open: { readonly from: Millis; readonly count: number } | null;
  readonly unread: Unread[];
}

/** The stretches of time that a file tells of, and what in them could not be read. */
export class Stretches {
  readonly #list: Stretch[] = [];
  /** In which something was noted since the last message. */
  readonly #touched = new Set<Stretch>();
  #unread = 0;

  note(item: RecordItem): void {
    if (item.type !== 'translation' && item.type !== 'lease') return;
    const at = item.type === 'translation' && item.event === 'flow' ? (item.until ?? item.at) : item.at;
    const stretch = this.#list.find(({ from, to }) => at >= from - STRETCH_MS && at <= to + STRETCH_MS);
    if (stretch === undefined) {
      if (this.#list.length >= MOST_STRETCHES) return;
      const begun: Stretch = { from: at, to: at, last: at, before: null, open: null, unread: [] };
      this.#list.push(begun);
      this.#touched.add(begun);
      return;
    }
    stretch.from = earlier(stretch.from, at);
    stretch.to = later(stretch.to, at);
    stretch.last = at;
    this.#touched.add(stretch);
    this.#close(stretch, at);
  }

  /**
   * A message was read; all that it tells is noted.
   * @param unread  so much of it could not be read: it happened between what was read before it and after it, of
   * whichever stretch it is
   * @param givenUp  so much had waited to be read, for as long as anybody knows
   */
  read(unread: number, givenUp: number): void {
    // Before what was noted first, and after what was noted last, nothing is vouched for.
    if (unread + givenUp > 0)
      for (const stretch of this.#list) {
        const { from, before, last, open } = stretch;
        const since = givenUp > 0 ? from : (open?.from ?? before ?? last);
        stretch.open = {
          from: earlier(since, open?.from ?? since),
          count: (open?.count ?? 0) + unread + givenUp,
        };
      }
    for (const stretch of this.#touched) stretch.before = stretch.last;
    this.#touched.clear();
  }

  /** What vouches for them, and what is missing from them. */
  items(source: string): RecordItem[] {
    // Of a file in no order what was noted last may lie in the middle.
    for (const stretch of this.#list) if (stretch.to > stretch.last) this.#close(stretch, stretch.to);
    return this.#list.flatMap(({ from, to, unread }) => [
      ...byDay(from, to).map((part): RecordItem => ({ type: 'coverage', source, ...part })),
      ...unread.flatMap((gap) => gapByDay({ type: 'gap', source, reason: 'dropped', ...gap })),
    ]);
  }

  /** How many times of which something could not be read are among the items. */
  get gaps(): number {
    return this.#unread;
  }

  #close(stretch: Stretch, at: Millis): void {
    if (stretch.open === null) return;
    const { from, count } = stretch.open;
    stretch.open = null;
    const gap: Unread = { from: earlier(from, at), to: later(from, at), count };
    const last = stretch.unread.at(-1);
    if (last === undefined || (this.#unread < MOST_STRETCHES && !areNear(last, gap))) {
      stretch.unread.push(gap);
      this.#unread += 1;
      return;
    }
    last.from = earlier(last.from, gap.from);
    last.to = later(last.to, gap.to);
    last.count += gap.count;
  }
}

const earlier = (a: Millis, b: Millis): Millis => (a < b ? a : b);
const later = (a: Millis, b: Millis): Millis => (a > b ? a : b);

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
