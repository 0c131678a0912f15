import type { Millis } from '../model/time.ts';
import type { ClockOffset } from './clock-offset.ts';
import type { SourceFeed, ToldMessage, Waited } from './feed.ts';
import type { Source } from './source.ts';

/** Whose clock is measured: one address of a source, or the source itself where none is told. */
export interface Sender {
  readonly offset: ClockOffset;
  /** When something last came from it; null before. */
  heard: Millis | null;
}

/** One address that a source sends from: it has a clock of its own, and what it lost is missing since it was heard. */
export class ExporterFeed implements SourceFeed, Sender {
  readonly name: string;
  readonly offset: ClockOffset;
  heard: Millis | null = null;
  readonly #source: Source;

  constructor(source: Source, offset: ClockOffset) {
    this.name = source.name;
    this.offset = offset;
    this.#source = source;
  }

  take(message: ToldMessage): Promise<boolean> {
    return this.#source.take(message, this);
  }

  lost(count: number, since?: Millis): void {
    this.#source.lost(count, since, this);
  }

  restarted(since?: Millis): void {
    this.#source.restarted(since, this);
  }

  rejected(reason: string, count: number, sample?: string): void {
    this.#source.rejected(reason, count, sample, this);
  }

  unread(reason: string, count: number, sample?: string, waited?: Waited): void {
    this.#source.unread(reason, count, sample, waited, this);
  }
}
