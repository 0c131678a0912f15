import type { SourceFeed, ToldMessage } from '../feed.ts';

/** What takes lines, one by one, without their line ends. */
export interface LineReader {
  line(text: string): void;
  /** Resolves when all that was given is stored, or was dropped. */
  settled(): Promise<void>;
  status(): LineStatus;
}

export interface LineStatus {
  readonly lines: number;
  /** Lines that tell of a translation. */
  readonly events: number;
  /** Lines that tell of none, as is usual, by why. */
  readonly ignored: Readonly<Record<string, number>>;
  /** Lines that made no sense, by why. */
  readonly rejected: Readonly<Record<string, number>>;
}

export interface LineReaderOptions {
  readonly feed: SourceFeed;
  /** Whether the lines come as they are written: then the clock that stamped them can be measured. False for a file. */
  readonly live?: boolean;
}

/** Hands what was read from lines over to the feed, and counts. */
export class ToldLines {
  readonly #feed: SourceFeed;
  readonly #live: boolean;
  readonly #ignored: Record<string, number> = {};
  readonly #rejected: Record<string, number> = {};
  readonly #waiting: (() => void)[] = [];
  #lines = 0;
  #events = 0;
  #underWay = 0;

  constructor({ feed, live = false }: LineReaderOptions) {
    this.#feed = feed;
    this.#live = live;
  }

  /** Times are the translations': the latest of them is when the line was written. */
  take(message: Omit<ToldMessage, 'sentMs'>): void {
    this.#lines += 1;
    if (message.translations.length > 0) this.#events += 1;
    this.#give({
      ...message,
      sentMs: this.#live ? (message.translations.at(-1)?.timeMs ?? null) : null,
    });
  }

  /** A line that tells of no translation: the feed hears that the source is there. */
  ignore(reason: string, message: Pick<ToldMessage, 'original' | 'dialect'>): void {
    this.#ignored[reason] = (this.#ignored[reason] ?? 0) + 1;
    this.take({ ...message, translations: [] });
  }

  /** A line that may have told of a translation. */
  reject(reason: string, sample?: string): void {
    this.#lines += 1;
    this.#rejected[reason] = (this.#rejected[reason] ?? 0) + 1;
    this.#feed.unread(reason, 1, sample);
  }

  async settled(): Promise<void> {
    if (this.#underWay > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  status(): LineStatus {
    return {
      lines: this.#lines,
      events: this.#events,
      ignored: { ...this.#ignored },
      rejected: { ...this.#rejected },
    };
  }

  #give(message: ToldMessage): void {
    this.#underWay += 1;
    const done = (): void => {
      this.#underWay -= 1;
      if (this.#underWay === 0) for (const resolve of this.#waiting.splice(0)) resolve();
    };
    void this.#feed.take(message).then(done, done);
  }
}
