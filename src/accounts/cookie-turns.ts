import type { CookieTag } from './sessions.ts';

/** Who writes: one process. */
export type Origin = symbol;

/**
 * Runs writes of one cookie by turns of their origins. Writes of one origin may overlap, since it knows their order
 * itself; a write of another origin waits until they are all answered. So what a process is told to forget is always
 * older than its own writes under way, and it needs no numbers to tell.
 */
export type CookieTurns = <Result>(
  tag: CookieTag,
  origin: Origin,
  write: () => Promise<Result>,
) => Promise<Result>;

interface Turn {
  readonly origin: Origin;
  running: number;
  readonly begun: Promise<void>;
  readonly begin: () => void;
}

/** Holds no more than the writes that are under way. */
export function createCookieTurns(): CookieTurns {
  /** The turns of each cookie; the first has begun. */
  const queues = new Map<CookieTag, Turn[]>();

  const join = (tag: CookieTag, origin: Origin): Turn => {
    const queue = queues.get(tag);
    const last = queue?.at(-1);
    if (last !== undefined && last.origin === origin) return last;
    const { promise, resolve } = Promise.withResolvers<void>();
    const turn: Turn = { origin, running: 0, begun: promise, begin: resolve };
    if (queue === undefined) {
      queues.set(tag, [turn]);
      resolve();
    } else {
      queue.push(turn);
    }
    return turn;
  };
  const leave = (tag: CookieTag, turn: Turn): void => {
    if (--turn.running > 0) return;
    const queue = queues.get(tag);
    queue?.shift();
    const next = queue?.[0];
    if (next === undefined) queues.delete(tag);
    // A turn of the event loop later, so that the answers to the writes before are on their way first.
    else setImmediate(next.begin);
  };

  return async (tag, origin, write) => {
    const turn = join(tag, origin);
    turn.running++;
    try {
      await turn.begun;
      return await write();
    } finally {
      leave(tag, turn);
    }
  };
}
