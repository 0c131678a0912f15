import type { ChildProcess } from 'node:child_process';

/** A way to another process. Messages arrive whole and in their order, or not at all once it is closed. */
export interface Link {
  /** Does nothing once the link is closed. */
  send(message: unknown): void;
  /** More than one handler may listen; each gets every message. */
  onMessage(handler: (message: unknown) => void): void;
  /** Told once; at once when the link is closed already. */
  onClosed(handler: () => void): void;
  /** Gives the other side up: a child is killed, a parent is left. What has not been written yet is lost. */
  close(): void;
}

/** How long a child that has left may take to end by itself, milliseconds. */
const LEAVING_MS = 1000;

/**
 * The link to a child that was forked with `serialization: 'advanced'`. It counts as closed when the child is dead, so
 * that whoever waits for the child's word knows that it does nothing any more. A child that disconnects and lives on is
 * killed after a second.
 */
export function childLink(child: ChildProcess): Link {
  const closing = createSignal();
  let connected = child.connected;
  let alive = child.exitCode === null && child.signalCode === null;
  const look = (): void => {
    // Only after both: what the child sent before it died is still read after its exit.
    if (!connected && !alive) closing.give();
  };
  child.once('exit', () => {
    alive = false;
    look();
  });
  child.once('disconnect', () => {
    connected = false;
    if (alive) setTimeout(() => child.kill('SIGKILL'), LEAVING_MS).unref();
    look();
  });
  // One that could not be started ends without an exit.
  child.on('error', () => {
    if (child.pid !== undefined) return;
    alive = false;
    connected = false;
    look();
  });
  look();
  return {
    // A failed send means that the child is going; `disconnect` tells.
    send: (message) => {
      if (child.connected) child.send(message as object, () => undefined);
    },
    onMessage: (handler) => void child.on('message', handler),
    onClosed: closing.on,
    close: () => void child.kill('SIGKILL'),
  };
}

/**
 * The link of a forked child to its parent; it keeps the child alive.
 * @throws Error in a process that was not forked
 */
export function parentLink(): Link {
  const send = process.send?.bind(process);
  if (send === undefined) throw new Error('This process was not forked.');
  const closing = createSignal();
  process.once('disconnect', closing.give);
  if (!process.connected) closing.give();
  return {
    send: (message) => {
      if (process.connected) send(message, undefined, undefined, () => undefined);
    },
    onMessage: (handler) => void process.on('message', handler),
    onClosed: closing.on,
    close: () => {
      if (process.connected) process.disconnect?.();
    },
  };
}

/** Something that happens once, and is also told to those who ask late. */
export function createSignal(): { readonly give: () => void; readonly on: (handler: () => void) => void } {
  let given = false;
  const handlers: (() => void)[] = [];
  return {
    give: () => {
      if (given) return;
      given = true;
      for (const handler of handlers.splice(0)) handler();
    },
    on: (handler) => {
      if (given) handler();
      else handlers.push(handler);
    },
  };
}
