import type { Clock, Millis } from '../../model/time.ts';

/** Failures in a row after which an endpoint is left alone. */
const FAILURES = 5;
const PAUSE_MS = 1000;

/** Keeps a failing endpoint from being hammered. Every `allows` that is true must be followed by one outcome. */
export interface Breaker {
  /** Whether the endpoint may be asked now; after a pause a single question may, until its outcome is known. */
  allows(): boolean;
  succeeded(): void;
  failed(): void;
}

export function createBreaker(clock: Clock): Breaker {
  let failures = 0;
  let since: Millis = clock();
  let trying = false;
  return {
    allows() {
      if (failures < FAILURES) return true;
      const paused = clock() - since;
      // A clock that was set back must not make the pause longer.
      if (trying || (paused >= 0 && paused < PAUSE_MS)) return false;
      trying = true;
      return true;
    },
    succeeded() {
      failures = 0;
      trying = false;
    },
    failed() {
      failures += 1;
      trying = false;
      since = clock();
    },
  };
}
