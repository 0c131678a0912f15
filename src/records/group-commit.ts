import { ShudiError } from '../model/errors.ts';
import type { RecordItem } from '../model/records.ts';

interface Waiting {
  readonly lines: readonly string[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: while one batch is being made durable, everything that arrives waits and becomes the next. So a lone
 * record waits for one commit, and a flood shares few. Bounded: beyond `limit` waiting rows an append is refused
 * (R11), and after a failed commit every later one is (a failed fsync is never tried again).
 */
export class GroupCommit {
  readonly #commit: (lines: string[]) => Promise<void>;
  readonly #encode: (item: RecordItem) => string;
  readonly #limit: number;
  readonly #fail: (error: Error) => void;
  #waiting: Waiting[] = [];
  #rows = 0;
  #busy = false;
  #failure: unknown = null;
  #idle: (() => void) | null = null;
  /** Resolves when a commit has failed. */
  readonly failed: Promise<Error>;

  constructor(
    commit: (lines: string[]) => Promise<void>,
    encode: (item: RecordItem) => string,
    limit: number,
  ) {
    this.#commit = commit;
    this.#encode = encode;
    this.#limit = limit;
    const { promise, resolve } = Promise.withResolvers<Error>();
    this.failed = promise;
    this.#fail = resolve;
  }

  append(items: readonly RecordItem[]): Promise<void> {
    if (this.#failure !== null)
      return Promise.reject(
        new ShudiError(
          'records.unavailable',
          'The recorder stopped after a failed write.',
          null,
          this.#failure,
        ),
      );
    if (this.#rows + items.length > this.#limit)
      return Promise.reject(
        new ShudiError('records.unavailable', 'Too many records are waiting to be stored.'),
      );
    if (items.length === 0) return Promise.resolve();
    return new Promise<void>((resolve, reject) => {
      this.#rows += items.length;
      this.#waiting.push({ lines: items.map(this.#encode), resolve, reject });
      if (!this.#busy) void this.#run();
    });
  }

  /** Resolves when nothing waits any more. */
  async drained(): Promise<void> {
    if (!this.#busy) return;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
  }

  async #run(): Promise<void> {
    this.#busy = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      this.#rows = 0;
      try {
        if (this.#failure !== null) throw this.#failure;
        await this.#commit(batch.flatMap((item) => item.lines));
        for (const item of batch) item.resolve();
      } catch (error) {
        if (this.#failure === null) this.#fail(error instanceof Error ? error : new Error('commit failed'));
        this.#failure ??= error;
        for (const item of batch) item.reject(error);
      }
    }
    this.#busy = false;
    this.#idle?.();
  }
}
