import { existsSync } from 'node:fs';
import { openJournal } from '../ledger/journal-store.ts';
import { ShudiError } from '../model/errors.ts';
import type { Journal, JournalHead } from '../model/journal.ts';

/**
 * The journal of a data directory, in this thread; for a process that does one thing. Never makes one: a journal that is
 * gone must not be replaced by an empty one.
 * @throws ShudiError data.missing | journal.broken | journal.unavailable | data.version
 */
export function openLocalJournal(path: string): Journal {
  if (!existsSync(path)) throw new ShudiError('data.missing', 'There is no journal here.', path);
  const store = openJournal(path);
  return {
    append: async (kind, actor, body, expect) => store.append(kind, actor, body, expect),
    head: async () => store.head(),
    entries: async (after, limit) => store.entries(after, limit),
    close: async () => store.close(),
  };
}

/**
 * Refuses a journal that no longer holds an entry that was seen before: it was cut, or exchanged for another.
 * @throws ShudiError journal.broken
 */
export async function requireSeen(journal: Journal, seen: JournalHead): Promise<void> {
  if (seen.seq === 0) return;
  const [entry] = await journal.entries(seen.seq - 1, 1);
  if (entry?.hash !== seen.hash)
    throw new ShudiError('journal.broken', 'The journal lacks an entry that was seen before.');
}
