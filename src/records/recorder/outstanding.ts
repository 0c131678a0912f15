interface Waiting {
  readonly rows: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  refused: boolean;
}

/** Appends that are sent and not settled yet, in the order of the calls. The recorder counts them from 1. */
export class Outstanding {
  #list: Waiting[] = [];
  #head = 0;
  #settled = 0;
  #rows = 0;
  #idle: (() => void)[] = [];

  get rows(): number {
    return this.#rows;
  }

  get isEmpty(): boolean {
    return this.#head === this.#list.length;
  }

  add(rows: number): Promise<void> {
    this.#rows += rows;
    return new Promise<void>((resolve, reject) => {
      this.#list.push({ rows, resolve, reject, refused: false });
    });
  }

  /** The first `count` appends of all are settled: they resolve, if they were not refused. */
  settle(count: number): void {
    for (; this.#settled < count && this.#head < this.#list.length; this.#settled += 1) {
      const item = this.#list[this.#head];
      this.#head += 1;
      if (item === undefined) continue;
      this.#rows -= item.rows;
      if (!item.refused) item.resolve();
    }
    if (this.isEmpty) this.#empty();
    else if (this.#head > 1024) {
      this.#list = this.#list.slice(this.#head);
      this.#head = 0;
    }
  }

  refuse(number: number, error: Error): void {
    const item = this.#list[this.#head + number - this.#settled - 1];
    if (item === undefined || item.refused) return;
    item.refused = true;
    item.reject(error);
  }

  /** Everything is lost; the count begins anew. */
  rejectAll(error: Error): void {
    for (const item of this.#list.slice(this.#head)) if (!item.refused) item.reject(error);
    this.#settled = 0;
    this.#rows = 0;
    this.#empty();
  }

  /** Resolves when nothing is outstanding. */
  drained(): Promise<void> {
    if (this.isEmpty) return Promise.resolve();
    return new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #empty(): void {
    this.#list = [];
    this.#head = 0;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
