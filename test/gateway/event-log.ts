/** One order for everything that a test sees: bytes at the upstream, durable records, bytes at the client. */
export interface LogEvent {
  /** `upstream`, `record`, `vault`, `client`. */
  readonly source: string;
  readonly what: string;
}

const PATIENCE_MS = 10_000;

export class EventLog {
  readonly events: LogEvent[] = [];
  readonly #waiting = new Set<() => void>();

  add(source: string, what: string): void {
    this.events.push({ source, what });
    for (const wake of this.#waiting) wake();
  }

  /** The place of the first such event, or -1. */
  first(source: string, what: string | RegExp): number {
    return this.events.findIndex((event) => event.source === source && fits(event.what, what));
  }

  count(source: string, what: string | RegExp): number {
    return this.events.filter((event) => event.source === source && fits(event.what, what)).length;
  }

  /** Waits for a condition that some event makes true. */
  async until(check: () => boolean, name: string): Promise<void> {
    if (check()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const wake = (): void => {
      if (check()) resolve();
    };
    const timer = setTimeout(() => {
      const last = this.events.slice(-20).map((event) => `${event.source}: ${event.what}`);
      reject(new Error(`waited in vain for: ${name}; last events:\n${last.join('\n')}`));
    }, PATIENCE_MS);
    this.#waiting.add(wake);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(wake);
    }
  }

  async untilSeen(source: string, what: string | RegExp, times = 1): Promise<void> {
    await this.until(() => this.count(source, what) >= times, `${source}: ${String(what)} x${times}`);
  }
}

function fits(text: string, what: string | RegExp): boolean {
  return typeof what === 'string' ? text === what : what.test(text);
}
