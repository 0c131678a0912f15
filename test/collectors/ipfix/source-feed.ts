import type { SendersFeed, ToldMessage } from '../../../src/collectors/feed.ts';
import { counted } from '../counted.ts';

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
  const { look, until } = counted(() => calls.length);
  const call = (text: string): void => {
    calls.push(text);
    look();
  };
  const feed: HeardFeed = {
    name,
    messages,
    calls,
    until,
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
