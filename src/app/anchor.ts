import type { Journal } from '../model/journal.ts';
import type { SqliteRecorder } from '../records/sqlite/engine.ts';
import type { StoreHead } from '../records/sqlite/store.ts';
import { ANCHOR_KIND } from './journal-kinds.ts';

/** Notes the ends of the records' chains in the journal, each once (R8). */
export function anchorer(
  recorder: Pick<SqliteRecorder, 'heads'>,
  journal: Pick<Journal, 'append'>,
): () => Promise<void> {
  const noted = new Map<string, StoreHead>();
  return async () => {
    for (const head of await recorder.heads([...noted.values()])) {
      if (noted.get(head.day)?.chain === head.chain) continue;
      await journal.append(ANCHOR_KIND, 'system', { day: head.day, seq: head.seq, chain: head.chain });
      noted.set(head.day, head);
    }
  };
}
