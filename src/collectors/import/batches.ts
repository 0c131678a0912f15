import type { ConnectionId, RecordItem, RecordWriter } from '../../model/records.ts';
import type { Millis } from '../../model/time.ts';

/**
 * Stores what an import reads in batches, each with how far the import has come, so that one that was cut off goes on
 * where it was.
 */
export class Batches implements RecordWriter {
  readonly #writer: RecordWriter;
  #items: RecordItem[] = [];
  #stored = Promise.withResolvers<void>();
  /** Nothing is stored: this part of the file was, earlier. What is read is still taken in: templates, for one. */
  isKnown = false;

  /** Items taken so far. */
  taken = 0;

  constructor(writer: RecordWriter) {
    this.#writer = writer;
    this.#stored.promise.catch(() => undefined);
  }

  get epoch(): number {
    return this.#writer.epoch;
  }

  get waiting(): number {
    return this.#items.length;
  }

  nextConnection(at: Millis): ConnectionId {
    return this.#writer.nextConnection(at);
  }

  append(items: readonly RecordItem[]): Promise<void> {
    if (this.isKnown) return Promise.resolve();
    this.taken += items.length;
    this.#items.push(...items);
    return this.#stored.promise;
  }

  /** Stores what waits, then `last`. @throws ShudiError records.* */
  async flush(last: readonly RecordItem[]): Promise<void> {
    const items = [...this.#items, ...last];
    const stored = this.#stored;
    this.#items = [];
    this.#stored = Promise.withResolvers<void>();
    this.#stored.promise.catch(() => undefined);
    try {
      await this.#writer.append(items);
      stored.resolve();
    } catch (error) {
      stored.reject(error);
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#writer.close();
  }
}
