import { ShudiError } from '../model/errors.ts';
import type { Link } from './link.ts';
import { outcomeOf, packetOf, reviveError, wireError, type Item } from './rpc-wire.ts';

export { childLink, parentLink, type Link } from './link.ts';

/** What one side offers: for each method its argument and its result, both structured-clonable. */
export type Contract = {
  readonly [method: string]: { readonly argument: unknown; readonly result: unknown };
};

/** The methods of this side. An argument comes from another process: each method has to parse its own. */
export type Handlers<Local extends Contract> = {
  readonly [Name in keyof Local]: (
    argument: unknown,
  ) => Local[Name]['result'] | Promise<Local[Name]['result']>;
};

export interface PeerOptions<Local extends Contract> {
  /** Several parts may share a link, each under a name of its own; both sides must give the same. */
  readonly channel: string;
  readonly methods: Handlers<Local>;
  readonly limits: {
    /** Calls of ours that may wait for their answers, and pushes that may wait to be taken in. */
    readonly outstanding: number;
    /** Calls of theirs that may be under way here; one more is answered with `busy`. */
    readonly serving: number;
  };
  /** What a call beyond a bound rejects with. */
  readonly busy: () => ShudiError;
  /** What a call rejects with whose answer cannot come any more. */
  readonly gone: () => ShudiError;
}

export interface PeerStats {
  readonly outstanding: number;
  readonly serving: number;
  /** Calls, ours and theirs, that were beyond a bound. */
  readonly refused: number;
  /** Messages, or items in them, that made no sense; unknown methods among them. */
  readonly malformed: number;
  /** Messages sent. */
  readonly sent: number;
}

/** The other side of a link. */
export interface Peer<Remote extends Contract> {
  /**
   * Calls a method over there. The result has the type of the contract as far as the other side is trusted: the main
   * process must not rely on what a worker answers.
   * @throws ShudiError what the method threw; `busy`, `gone`; internal.fault for anything that was no ShudiError
   */
  call<Name extends keyof Remote & string>(
    method: Name,
    argument: Remote[Name]['argument'],
  ): Promise<Remote[Name]['result']>;
  /**
   * Calls a method without an answer. Pushes, calls and answers arrive in the order in which they were made. When more
   * pushes than `outstanding` are not taken in, the link is closed: the other side has stopped reading.
   */
  push<Name extends keyof Remote & string>(method: Name, argument: Remote[Name]['argument']): void;
  stats(): PeerStats;
}

interface Waiter {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Opens a channel of a link. What is called, pushed or answered in one turn of the event loop goes as one message, since
 * a message between processes costs some 20 us however small it is.
 */
export function openPeer<Local extends Contract, Remote extends Contract>(
  link: Link,
  { channel, methods, limits, busy, gone }: PeerOptions<Local>,
): Peer<Remote> {
  const handlers = new Map<string, (argument: unknown) => unknown>(Object.entries(methods));
  const waiting = new Map<number, Waiter>();
  const count = { refused: 0, malformed: 0, sent: 0 };
  let outbox: Item[] = [];
  let next = 1;
  let serving = 0;
  /** Pushes that the other side has not said to have taken in. */
  let unread = 0;
  let closed = false;

  const flush = (): void => {
    const items = outbox;
    outbox = [];
    if (closed) return;
    count.sent++;
    link.send({ channel, items });
  };
  const post = (item: Item): void => {
    if (closed) return;
    // After this turn's reads: all that came from the sockets in it goes together.
    if (outbox.length === 0) setImmediate(flush);
    outbox.push(item);
  };

  const serve = async (id: number, method: string, argument: unknown): Promise<void> => {
    const handler = handlers.get(method);
    if (handler === undefined) count.malformed++;
    if (serving >= limits.serving) {
      count.refused++;
      post(['fail', id, wireError(busy())]);
      return;
    }
    serving++;
    try {
      if (handler === undefined) throw new ShudiError('internal.fault', 'There is no such method.');
      post(['done', id, await handler(argument)]);
    } catch (error) {
      post(['fail', id, wireError(error)]);
    } finally {
      serving--;
    }
  };
  const take = (method: string, argument: unknown): void => {
    const handler = handlers.get(method);
    if (handler === undefined) {
      count.malformed++;
      return;
    }
    try {
      const result = handler(argument);
      if (result instanceof Promise) result.catch(() => count.malformed++);
    } catch {
      count.malformed++;
    }
  };
  const settle = (id: number, act: (waiter: Waiter) => void): void => {
    const waiter = waiting.get(id);
    if (waiter === undefined) {
      count.malformed++;
      return;
    }
    waiting.delete(id);
    act(waiter);
  };

  const receive = (item: Item): void => {
    const [kind] = item;
    if (kind === 'call') void serve(item[1], item[2], item[3]);
    else if (kind === 'push') take(item[1], item[2]);
    else if (kind === 'done') settle(item[1], ({ resolve }) => resolve(item[2]));
    else if (kind === 'fail') settle(item[1], ({ reject }) => reject(reviveError(item[2])));
    else unread = Math.max(0, unread - item[1]);
  };
  link.onMessage((message) => {
    const packet = packetOf(message, channel);
    if (packet === null || closed) return;
    count.malformed += packet.malformed;
    let pushes = 0;
    for (const item of packet.items) {
      if (item[0] === 'push') pushes++;
      receive(item);
    }
    if (pushes > 0) post(['read', pushes]);
  });
  link.onClosed(() => {
    closed = true;
    outbox = [];
    for (const { reject } of waiting.values()) reject(gone());
    waiting.clear();
  });

  return {
    call: (method, argument) =>
      outcomeOf((resolve, reject) => {
        if (closed) {
          reject(gone());
        } else if (waiting.size >= limits.outstanding) {
          count.refused++;
          reject(busy());
        } else {
          const id = next++;
          waiting.set(id, { resolve, reject });
          post(['call', id, method, argument]);
        }
      }),
    push: (method, argument) => {
      if (closed) return;
      if (unread >= limits.outstanding) {
        count.refused++;
        link.close();
        return;
      }
      unread++;
      post(['push', method, argument]);
    },
    stats: () => ({ ...count, outstanding: waiting.size, serving }),
  };
}
