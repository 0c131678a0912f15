/** Waits for a count that only grows. */
export interface Counted {
  /** It may have grown. */
  readonly look: () => void;
  /** Resolves when it is so high. */
  readonly until: (least: number) => Promise<void>;
}

export function counted(count: () => number): Counted {
  const waiting = new Set<() => void>();
  return {
    look: () => {
      for (const check of waiting) check();
    },
    until: (least) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (count() < least) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
  };
}
