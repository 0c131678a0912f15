const MOST_REASONS = 64;
const MOST_SAMPLES = 5;

/** What made no sense, by its reason, with a few samples that operators may look at. */
export class Rejections {
  readonly #counts = new Map<string, number>();
  readonly #samples = new Map<string, string[]>();

  add(reason: string, count: number, sample?: string): void {
    const known = this.#counts.has(reason) || this.#counts.size < MOST_REASONS ? reason : 'other';
    this.#counts.set(known, (this.#counts.get(known) ?? 0) + count);
    if (sample === undefined) return;
    const samples = this.#samples.get(known) ?? [];
    if (samples.includes(sample)) return;
    samples.push(sample);
    // The newest: what is wrong today is seen.
    if (samples.length > MOST_SAMPLES) samples.shift();
    this.#samples.set(known, samples);
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  counts(): { readonly [reason: string]: number } {
    return Object.fromEntries(this.#counts);
  }

  samples(): { readonly [reason: string]: readonly string[] } {
    return Object.fromEntries(this.#samples);
  }
}
