/** A terminal and a parent such as npm may both pass one Ctrl-C on; what comes this soon after is the same one, ms. */
const SAME_MS = 1000;

/**
 * Resolves with the name of the first signal that asks this process to stop; call it before anything is started. A
 * later second one ends the process at once.
 */
export function untilStopped(): Promise<string> {
  return new Promise((resolve) => {
    let asked: number | null = null;
    const stop = (signal: NodeJS.Signals): void => {
      const now = performance.now();
      if (asked !== null && now - asked > SAME_MS) process.exit(1);
      asked ??= now;
      resolve(signal);
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  });
}

/** Runs `reload` at each SIGHUP, one after the other; signals that come meanwhile are one. */
export function onReload(reload: () => Promise<void>): void {
  let running = false;
  let again = false;
  const run = async (): Promise<void> => {
    if (running) {
      again = true;
      return;
    }
    running = true;
    do {
      again = false;
      await reload();
    } while (again);
    running = false;
  };
  process.on('SIGHUP', () => void run());
}
