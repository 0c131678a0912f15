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
  /**
   * What it told and nobody can read yet may have happened from then on; null: all is read. What is given up when this is
   * asked is a gap of the source at once.
   */
  readonly waitingSince?: () => Millis | null;
}

/** By so much more than time has passed our clock may move without having been set, ms. */
const SET_MS = 1000;

/** No recorder's epoch: its start is to be stored yet. */
const NOT_STARTED = -1;

interface Heard {
  /** Since the last word; null when nothing was. */
  readonly firstHeard: Millis | null;
  readonly heard: Millis;
  readonly silent: boolean;
  /** What was told of the time before is read. */
  readonly read: Millis;
  readonly now: Millis;
}

interface State extends VouchedSource {
  /** Up to when it is told what the source did: recorded, or was silent. It goes back when our clock is set back. */
  told: Millis;
  /** No time before is covered any more: it is already, or nobody vouches for it. It never goes back. */
  covered: Millis;
  /** When it was looked at last, by a clock that nobody sets, ms. */
  lookedMs: number;
  /** Since the last word that was stored; null when nothing was. */
  firstHeard: Millis | null;
  /** What is being stored now: one word waits for the one before. */
  round: Promise<void> | null;
  readonly begun: Millis;
  /** When it was stopped; null before. */
  wasRunning: boolean | null;
  isSilent: boolean;
  /** What was told waited to be read at the last word: until it is read the source does not vouch up to now. */
  isHeld: boolean;
  epoch: number;
}

/**
 * Says for each source up to when it recorded all that it was told (R5): coverage while something comes, a gap when it
 * is silent for longer than is usual for it, and what was lost. Only time that was lived through is covered, and once:
 * not what our clock skipped when it was set ahead, or slept through, nor what it shows again after it was set back; and
 * only when all that was told of it could be read.
 */
export class Vouching {
  readonly #writer: RecordWriter;
  readonly #clock: Clock;
  readonly #elapsed: () => number;
  readonly #states: State[] = [];
  readonly #timer: NodeJS.Timeout;
  /** What happens from then on is not vouched for; null while it goes on. */
  #stopped: Millis | null = null;

  /** @param elapsed  ms by a clock that nobody sets and that stands while the machine sleeps */
  constructor(writer: RecordWriter, clock: Clock, elapsed: () => number = () => performance.now()) {
    this.#writer = writer;
    this.#clock = clock;
    this.#elapsed = elapsed;
    this.#timer = setInterval(() => void this.vouch(), VOUCH_MS);
  }

  /** Begins with a source; what it says from now on is covered. */
  async begin(source: VouchedSource): Promise<void> {
    const now = this.#clock();
    const state: State = {
      ...source,
      told: now,
      covered: now,
      lookedMs: this.#elapsed(),
      firstHeard: null,
      round: null,
      begun: now,
      wasRunning: null,
      isSilent: false,
      isHeld: false,
      epoch: NOT_STARTED,
    };
    this.#states.push(state);
    await this.#inTurn(state, async () => {
      if (await this.#append(state, [turned(state, 'start', now), ...coverage(state, now, now)]))
        state.epoch = this.#writer.epoch;
    });
  }

  /** Where the word before is not stored yet it is the one that is waited for. */
  async vouch(): Promise<void> {
    await Promise.all(
      this.#states.map((state) => state.round ?? this.#inTurn(state, () => this.#tell(state))),
    );
  }

  /** From now on nothing is vouched for, as nobody listens any more: what came before is still to be stored. */
  stop(): void {
    clearInterval(this.#timer);
    if (this.#stopped !== null) return;
    this.#stopped = this.#clock();
    for (const state of this.#states) state.wasRunning = state.isRunning();
  }

  /** Ends all of them in order, with what came until `stop`. */
  async end(): Promise<void> {
    this.stop();
    await Promise.all(this.#states.flatMap(({ round }) => round ?? []));
    await this.vouch();
    const at = this.#now();
    await Promise.all(this.#states.map((state) => this.#append(state, [turned(state, 'stop', at)])));
    this.#states.length = 0;
  }

  async #tell(state: State): Promise<void> {
    const { source, silentAfterMs } = state;
    const now = this.#look(state);
    // First: what is given up is a gap that must be stored with the coverage that goes beyond it.
    const read = Math.min(now, state.waitingSince?.() ?? now) as Millis;
    const gaps = source.takeGaps();
    state.firstHeard ??= source.takeFirstHeard();
    const { firstHeard } = state;
    const heard = Math.min(source.heard ?? state.begun, now) as Millis;
    const isRunning = state.wasRunning ?? state.isRunning();
    const silent = !isRunning || (silentAfterMs !== null && now - heard > silentAfterMs);
    const items: RecordItem[] = gaps.flatMap(gapByDay);
    const isHeld = read < now;
    // The recorder began anew since, or the start could not be stored: to it the source has not started yet.
    const isNew = state.epoch !== this.#writer.epoch;
    if (isNew || (state.isHeld && !isHeld)) items.push(turned(state, 'start', state.told));
    if (isHeld && (isNew || !state.isHeld)) items.push(turned(state, 'stop', now));
    items.push(...sinceTold(state, { firstHeard, heard, silent, read, now }));
    if (items.length === 0 || (await this.#append(state, items))) {
      state.told = now;
      state.covered = later(state.covered, read);
      state.firstHeard = null;
      state.isSilent = silent;
      state.isHeld = isHeld;
      state.epoch = this.#writer.epoch;
    } else source.keepGaps(gaps);
  }

  /** @returns now, by our clock, which may have been set since the last look */
  #look(state: State): Millis {
    const { source, lookedMs } = state;
    const now = this.#now();
    state.lookedMs = this.#elapsed();
    if (now - state.told > state.lookedMs - lookedMs + SET_MS) state.covered = later(state.covered, now);
    if (now < state.told) state.told = now;
    // By the clock as it is now it was heard now at the latest: silence is counted from here.
    if (source.heard !== null && source.heard > now) source.heard = now;
    return now;
  }

  #now(): Millis {
    const now = this.#clock();
    return this.#stopped === null || now < this.#stopped ? now : this.#stopped;
  }

  #inTurn(state: State, does: () => Promise<void>): Promise<void> {
    state.round = does().finally(() => {
      state.round = null;
    });
    return state.round;
  }

  async #append(state: State, items: readonly RecordItem[]): Promise<boolean> {
    try {
      await this.#writer.append(items);
      return true;
    } catch {
      // What is not vouched for is a gap by itself.
      state.told = this.#clock();
      state.lookedMs = this.#elapsed();
      state.covered = later(state.covered, state.told);
      return false;
    }
  }
}

/** Whether it vouches up to now, beyond what is stored. */
const turned = ({ source }: State, event: 'start' | 'stop', at: Millis): RecordItem => ({
  type: 'lifecycle',
  source: source.name,
  event,
  at,
});

const later = (a: Millis, b: Millis): Millis => (a > b ? a : b);

/**
 * What is said of the time since the last word. Silence begins with what was last heard, which may have been vouched
 * for already, and ends with what is heard first.
 */
function sinceTold(state: State, { firstHeard, heard, silent, read, now }: Heard): RecordItem[] {
  const within = (at: Millis): Millis => Math.min(Math.max(at, state.told), now) as Millis;
  const resumed = state.isSilent ? within(firstHeard ?? now) : state.told;
  const items = resumed > state.told ? silence(state, state.told, resumed) : [];
  const until = silent ? within(heard) : now;
  // What waited to be read is covered when it is.
  const from = state.isSilent ? later(resumed, state.covered) : state.covered;
  const to = Math.min(until, read) as Millis;
  if (to > from) items.push(...coverage(state, from, to));
  if (silent && resumed < now) items.push(...silence(state, state.isSilent ? until : heard, now));
  return items;
}

const coverage = ({ source }: State, from: Millis, to: Millis): RecordItem[] =>
  byDay(from, to).map((part) => ({ type: 'coverage', source: source.name, ...part }));

/** Its count stands with the first day. */
export const gapByDay = (gap: GapRecord): RecordItem[] =>
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
