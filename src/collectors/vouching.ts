import type { RecordItem, RecordWriter } from '../model/records.ts';
import { DAY_MS, type Clock, type Millis } from '../model/time.ts';
import type { GapRecord } from '../model/translations.ts';
import type { Source } from './source.ts';

/** How often a source's coverage is stored, ms; LIVE_SOURCE_MS is three times that. */
export const VOUCH_MS = 20_000;

export interface VouchedSource {
  readonly source: Source;
  /** After so long without anything it counts as silent, ms; null: never, as the other side would send again. */
  readonly silentAfterMs: number | null;
  /** Whether it is there at all now: the program that tells runs, the socket listens. */
  readonly isRunning: () => boolean;
}

/** No recorder's epoch: its start is to be stored yet. */
const NOT_STARTED = -1;

interface Heard {
  /** Since the last word; null when nothing was. */
  readonly firstHeard: Millis | null;
  readonly heard: Millis;
  readonly silent: boolean;
  readonly now: Millis;
}

interface State extends VouchedSource {
  /** Up to when it is told what the source did: recorded, or was silent. */
  told: Millis;
  readonly begun: Millis;
  isSilent: boolean;
  epoch: number;
}

/**
 * Says for each source up to when it recorded all that it was told (R5): coverage while something comes, a gap when it
 * is silent for longer than is usual for it, and what was lost.
 */
export class Vouching {
  readonly #writer: RecordWriter;
  readonly #clock: Clock;
  readonly #states: State[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(writer: RecordWriter, clock: Clock) {
    this.#writer = writer;
    this.#clock = clock;
    this.#timer = setInterval(() => void this.vouch(), VOUCH_MS);
  }

  /** Begins with a source; what it says from now on is covered. */
  async begin(source: VouchedSource): Promise<void> {
    const now = this.#clock();
    const state: State = { ...source, told: now, begun: now, isSilent: false, epoch: NOT_STARTED };
    this.#states.push(state);
    if (await this.#append(state, [startOf(state), coverageOf(state, state.told)]))
      state.epoch = this.#writer.epoch;
  }

  async vouch(): Promise<void> {
    await Promise.all(this.#states.map((state) => this.#tell(state)));
  }

  /** Ends all of them in order. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.vouch();
    const at = this.#clock();
    await Promise.all(
      this.#states.map((state) =>
        this.#append(state, [{ type: 'lifecycle', source: state.source.name, event: 'stop', at }]),
      ),
    );
    this.#states.length = 0;
  }

  async #tell(state: State): Promise<void> {
    const { source, silentAfterMs } = state;
    const now = this.#clock();
    if (now <= state.told) return;
    const gaps = source.takeGaps();
    const firstHeard = source.takeFirstHeard();
    const heard = source.heard ?? state.begun;
    const silent = !state.isRunning() || (silentAfterMs !== null && now - heard > silentAfterMs);
    const items: RecordItem[] = gaps.flatMap(gapByDay);
    // The recorder began anew since, or the start could not be stored: to it the source has not started yet.
    if (state.epoch !== this.#writer.epoch) items.push(startOf(state));
    items.push(...sinceTold(state, { firstHeard, heard, silent, now }));
    if (await this.#append(state, items)) {
      state.told = now;
      state.isSilent = silent;
      state.epoch = this.#writer.epoch;
    } else source.keepGaps(gaps);
  }

  async #append(state: State, items: readonly RecordItem[]): Promise<boolean> {
    try {
      await this.#writer.append(items);
      return true;
    } catch {
      // What is not vouched for is a gap by itself.
      state.told = this.#clock();
      return false;
    }
  }
}

const startOf = ({ source, told }: State): RecordItem => ({
  type: 'lifecycle',
  source: source.name,
  event: 'start',
  at: told,
});

const coverageOf = ({ source, told }: State, to: Millis): RecordItem => ({
  type: 'coverage',
  source: source.name,
  from: told,
  to,
});

/**
 * What is said of the time since the last word. Silence begins with what was last heard, which may have been vouched
 * for already, and ends with what is heard first.
 */
function sinceTold(state: State, { firstHeard, heard, silent, now }: Heard): RecordItem[] {
  const within = (at: Millis): Millis => Math.min(Math.max(at, state.told), now) as Millis;
  const resumed = state.isSilent ? within(firstHeard ?? now) : state.told;
  const items = state.isSilent ? silence(state, state.told, resumed) : [];
  const until = silent ? within(heard) : now;
  if (until > resumed) items.push(...coverage(state, resumed, until));
  if (silent && resumed < now) items.push(...silence(state, state.isSilent ? until : heard, now));
  return items;
}

const coverage = ({ source }: State, from: Millis, to: Millis): RecordItem[] =>
  byDay(from, to).map((part) => ({ type: 'coverage', source: source.name, ...part }));

/** Its count stands with the first day. */
const gapByDay = (gap: GapRecord): RecordItem[] =>
  byDay(gap.from, gap.to).map((part, index) => ({ ...gap, ...part, count: index === 0 ? gap.count : 0 }));

const silence = ({ source }: State, from: Millis, to: Millis): RecordItem[] =>
  byDay(Math.min(from, to) as Millis, to).map((part) => ({
    type: 'gap',
    source: source.name,
    ...part,
    reason: 'silent',
    count: 0,
  }));

/** A stretch of time, cut at midnights (UTC): each part is kept with its day. */
export function byDay(from: Millis, to: Millis): { readonly from: Millis; readonly to: Millis }[] {
  const parts: { from: Millis; to: Millis }[] = [];
  let start: number = from;
  do {
    const midnight = (Math.floor(start / DAY_MS) + 1) * DAY_MS;
    parts.push({ from: start as Millis, to: Math.min(midnight, to) as Millis });
    start = midnight;
  } while (start < to);
  return parts;
}
