import type { Link } from '../../src/platform/rpc.ts';

export interface LinkEnd extends Link {
  /** What was sent from this end. */
  readonly sent: unknown[];
}

/** Two ends of a link inside one process; messages are cloned and arrive a turn later, as from another process. */
export function linkPair(): readonly [LinkEnd, LinkEnd] {
  let closed = false;
  const closing: (() => void)[] = [];
  const close = (): void => {
    if (closed) return;
    closed = true;
    setImmediate(() => closing.splice(0).forEach((handler) => handler()));
  };
  const handlers: [((message: unknown) => void)[], ((message: unknown) => void)[]] = [[], []];
  const end = (own: 0 | 1): LinkEnd => {
    const sent: unknown[] = [];
    return {
      sent,
      send: (message) => {
        if (closed) return;
        sent.push(message);
        const copy: unknown = structuredClone(message);
        setImmediate(() => {
          if (!closed) for (const handler of handlers[own === 0 ? 1 : 0]) handler(copy);
        });
      },
      onMessage: (handler) => void handlers[own].push(handler),
      onClosed: (handler) => {
        if (closed) handler();
        else closing.push(handler);
      },
      close,
    };
  };
  return [end(0), end(1)];
}
