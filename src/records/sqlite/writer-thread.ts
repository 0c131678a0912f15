import { systemClock } from '../../model/time.ts';
import { serveThread } from '../../platform/thread.ts';
import { openStore, type StoreHead, type StoreOptions } from './store.ts';

/** The writer's thread: the only place that writes day files while the gateway runs. */
export type WriterService = {
  facts: () => { firstConnection: number; setAside: readonly string[]; crashedAt: number | null };
  commit: (batch: string) => void;
  heads: () => StoreHead[];
  close: () => void;
};

serveThread<StoreOptions, WriterService>((options) => {
  const store = openStore(options, systemClock);
  return {
    facts: () => ({
      firstConnection: store.firstConnection,
      setAside: store.setAside,
      crashedAt: store.crashedAt,
    }),
    // Rows arrive as one text, a row a line: cheaper to hand over than as objects, and ready to be hashed.
    commit: (batch) => store.commit(batch.split('\n')),
    heads: () => store.heads(),
    close: () => store.close(),
  };
});
