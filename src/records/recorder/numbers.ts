import type { ConnectionId } from '../../model/records.ts';
import type { Millis } from '../../model/time.ts';

/** Writers at once: each numbers its connections within a lane of its own. */
export const LANES = 64;

/** Numbers a millisecond, over all lanes: so numbers rise with time and stay below 2^53 until the year 2039. */
const A_MILLISECOND = 4096;

/** The first number of a lane that is not below `least`. */
export function firstInLane(least: number, lane: number): number {
  return Math.ceil((least - lane) / LANES) * LANES + lane;
}

/** The number from which a writer may begin that opens at `now`. */
export function firstNumber(highest: number, now: Millis, lane: number): number {
  return firstInLane(Math.max(highest + 1, now * A_MILLISECOND), lane);
}

/** The numbers of one writer: rising, and congruent to its lane. */
export class ConnectionNumbers {
  readonly #lane: number;
  #next: number;

  constructor(lane: number, first: number) {
    this.#lane = lane;
    this.#next = first;
  }

  next(at: Millis): ConnectionId {
    const number = Math.max(this.#next, firstInLane(at * A_MILLISECOND, this.#lane));
    this.#next = number + LANES;
    return number as ConnectionId;
  }
}
