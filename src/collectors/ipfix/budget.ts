/** What the exporters of one source may have us keep together, bytes: a chassis with 64 line cards takes a third. */
const MOST_BYTES = 128 * 1024 * 1024;

/**
 * Memory for templates and for data that wait for one. Domains and templates are bounded each, but whoever can send from
 * an exporter's address can make up so many of both that their product is the machine's memory.
 */
export class Budget {
  readonly #most: number;
  #taken = 0;

  constructor(most = MOST_BYTES) {
    this.#most = most;
  }

  get taken(): number {
    return this.#taken;
  }

  /** @returns whether there is so much; then it is taken */
  take(bytes: number): boolean {
    if (this.#taken + bytes > this.#most) return false;
    this.#taken += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#taken -= bytes;
  }
}
