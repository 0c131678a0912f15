/**
 * What a writer and the recorder say to each other over their socket: lines of UTF-8. A row's line begins with `[`
 * (it is the JSON text that is hashed and stored, made once by the writer); any other begins with one of these letters.
 */
export const SAY = {
  /** Writer, first: `H` for a gateway worker's, `h` for one that vouches for nothing. */
  worker: 'H',
  other: 'h',
  /** Writer: the rows since the last such line are one append. */
  append: '.',
  /** Writer: every refusal is known, later appends do not rest on what was refused. */
  resume: 'S',
  /** Writer: no more; recorder: all of it is stored. */
  bye: 'B',
  /** Recorder, first: `W lane first`. */
  welcome: 'W',
  /** Recorder: `K n`, the first n appends are settled: durable, if they were not refused. */
  settled: 'K',
  /** Recorder: `R n code`, append n is refused. */
  refused: 'R',
  /** Recorder: no room for this writer, or it has sent nonsense. */
  no: 'N',
  /** Recorder: a write has failed, nothing more will be stored. */
  failed: 'F',
} as const;

/** The longest line taken, characters; a row has a claimed chain of at most 512 in it. */
export const MAX_LINE = 65_536;

/** Rows that a writer may have outstanding: about 100 MB; a disk that falls this far behind is failing. */
export const WAITING_ROWS = 200_000;

/** Rows that are taken even when the disk is nearly full: without them what is stored would say too much. */
export const ALWAYS_TAKEN: ReadonlySet<string> = new Set([
  'coverage',
  'gaps',
  'checkpoints',
  'ends',
  'egress_ends',
]);

/** Cuts what comes over a socket into lines; holds at most one that is not whole. */
export class LineCutter {
  #rest = '';

  /** The whole lines so far; null when one is too long. */
  feed(text: string): string[] | null {
    const last = text.lastIndexOf('\n');
    if (last === -1) {
      this.#rest += text;
      return this.#rest.length > MAX_LINE ? null : [];
    }
    const lines = (this.#rest + text.slice(0, last)).split('\n');
    this.#rest = text.slice(last + 1);
    return this.#rest.length > MAX_LINE || lines.some((line) => line.length > MAX_LINE) ? null : lines;
  }
}
