interface Held {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** What a test puts before a storage's answer: it lets pass (a turn of the loop later), holds, or fails. */
export class Gate {
  /** Called when somebody has come to the gate. */
  readonly #came: () => void;
  #mode: 'open' | 'held' = 'open';
  #failure: Error | null = null;
  #failOnce = false;
  readonly #held: Held[] = [];

  constructor(came: () => void) {
    this.#came = came;
  }

  /** Passes in the order of the calls. */
  pass(): Promise<void> {
    if (this.#failure !== null) {
      const error = this.#failure;
      if (this.#failOnce) this.#failure = null;
      return new Promise((_resolve, reject) => setImmediate(() => reject(error)));
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#held.push({ resolve, reject });
    this.#came();
    if (this.#mode === 'open') setImmediate(() => this.#next());
    return promise;
  }

  get waiting(): number {
    return this.#held.length;
  }

  hold(): void {
    this.#mode = 'held';
  }

  /** Lets everything pass that waits, and what comes after it. */
  release(): void {
    this.#mode = 'open';
    while (this.#held.length > 0) this.#held.shift()?.resolve();
  }

  /** Lets the oldest one pass. */
  releaseOne(): void {
    this.#held.shift()?.resolve();
  }

  failHeld(error: Error): void {
    this.#mode = 'open';
    for (const held of this.#held.splice(0)) held.reject(error);
  }

  fail(error: Error, once = false): void {
    this.#failure = error;
    this.#failOnce = once;
  }

  heal(): void {
    this.#failure = null;
  }

  #next(): void {
    if (this.#mode === 'open') this.#held.shift()?.resolve();
  }
}
