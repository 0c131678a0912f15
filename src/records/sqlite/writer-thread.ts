import { systemClock } from '../../model/time.ts';
import { serveThread } from '../../platform/thread.ts';
import { openStore, type StoreHead, type StoreOptions } from './store.ts';

/** The writer's thread: the only place that writes day files while the gateway runs. */
export type WriterService = {
  facts: () => { firstConnection: number; setAside: readonly string[] };
  commit: (batch: string) => void;
  head: () => StoreHead;
  close: () => void;
};

serveThread<StoreOptions, WriterService>((options) => {
  const store = openStore(options, systemClock);
  return {
    facts: () => ({ firstConnection: store.firstConnection, setAside: store.setAside }),
    // Rows arrive as one text, a row a line: cheaper to hand over than as objects, and ready to be hashed.
    commit: (batch) => store.commit(batch.split('\n')),
    head: () => store.head(),
    close: () => store.close(),
  };
});
