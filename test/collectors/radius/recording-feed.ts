import type { LeaseFeed, ToldAccounting } from '../../../src/collectors/lease-feed.ts';

/** A feed that keeps what it is given. Each message waits for `finish` unless it answers at once. */
export class RecordingFeed implements LeaseFeed {
  readonly name = 'bras';
  readonly messages: ToldAccounting[] = [];
  readonly rejections: string[] = [];
  readonly #waiting: ((durable: boolean) => void)[] = [];
  readonly #atOnce: boolean;

  constructor({ atOnce = true }: { readonly atOnce?: boolean } = {}) {
    this.#atOnce = atOnce;
  }

  account(message: ToldAccounting): Promise<boolean> {
    this.messages.push(message);
    if (this.#atOnce) return Promise.resolve(true);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Ends the waiting of all that wait. */
  finish(durable: boolean): void {
    for (const resolve of this.#waiting.splice(0)) resolve(durable);
  }

  rejected(reason: string, count: number): void {
    this.rejections.push(`${reason} ${count}`);
  }
}
