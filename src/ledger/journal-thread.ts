import type { JournalEntry, JournalHead } from '../model/journal.ts';
import { serveThread } from '../platform/thread.ts';
import type { Draft } from './entry.ts';
import { openJournal } from './journal-store.ts';

export interface JournalThreadSetup {
  readonly path: string;
}

/** What the journal's thread answers; `at` null means the machine's clock, read when the entry is written. */
export type JournalService = {
  append(argument: { draft: Draft; at: number | null }): JournalEntry;
  head(argument: null): JournalHead;
  entries(argument: { after: number; limit: number }): JournalEntry[];
  close(argument: null): void;
};

serveThread<JournalThreadSetup, JournalService>(({ path }) => {
  const journal = openJournal(path);
  return {
    append: ({ draft, at }) => journal.appendDraft(draft, at ?? undefined),
    head: () => journal.head(),
    entries: ({ after, limit }) => journal.entries(after, limit),
    close: () => journal.close(),
  };
});
