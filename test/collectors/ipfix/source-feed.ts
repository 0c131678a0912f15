import type { SendersFeed, ToldMessage } from '../../../src/collectors/feed.ts';

export interface HeardFeed extends SendersFeed {
  readonly messages: ToldMessage[];
  /** All calls in their order: `lost 3`, `restarted`, `rejected notice 1`, `unread set-cut 1`, `take 2`. */
  readonly calls: string[];
  /** Resolves when so many calls were made. */
  readonly until: (calls: number) => Promise<void>;
}

/** A feed that keeps what it is given. */
export function heardFeed(name = 'source'): HeardFeed {
  const messages: ToldMessage[] = [];
  const calls: string[] = [];
  const waiting = new Set<() => void>();
  const call = (text: string): void => {
    calls.push(text);
    for (const check of waiting) check();
  };
  const feed: HeardFeed = {
    name,
    messages,
    calls,
    until: (count) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (calls.length < count) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
    take: (message) => {
      messages.push(message);
      call(`take ${message.translations.length}`);
      return Promise.resolve(true);
    },
    lost: (count) => call(`lost ${count}`),
    restarted: () => call('restarted'),
    rejected: (reason, count) => call(`rejected ${reason} ${count}`),
    unread: (reason, count) => call(`unread ${reason} ${count}`),
    exporter: () => feed,
  };
  return feed;
}
