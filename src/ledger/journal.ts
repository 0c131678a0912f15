import { join } from 'node:path';
import { ShudiError } from '../model/errors.ts';
import type { Journal } from '../model/journal.ts';
import { systemClock, type Clock } from '../model/time.ts';
import { startThread } from '../platform/thread.ts';
import { draftOf } from './entry.ts';
import type { JournalService, JournalThreadSetup } from './journal-thread.ts';
import { JOURNAL_FILE } from './schema.ts';

/**
 * Opens the journal of a data directory in a thread of its own, so that its waits for the disk hold up nothing here.
 * @param options.clock  the source of `at`; the machine's clock is read when the entry is written, another one here
 * @throws ShudiError journal.broken | journal.unavailable | data.missing | data.version
 */
export async function startJournal(options: { directory: string; clock?: Clock }): Promise<Journal> {
  const setup: JournalThreadSetup = { path: join(options.directory, JOURNAL_FILE) };
  const clock = options.clock ?? systemClock;
  const thread = await startThread<JournalService>(
    new URL('./journal-thread.ts', import.meta.url),
    setup,
  ).catch(rethrow);
  return {
    append: async (kind, actor, body, expect) => {
      const draft = draftOf(kind, actor, body, expect);
      return thread.call('append', { draft, at: clock === systemClock ? null : clock() }).catch(rethrow);
    },
    head: () => thread.call('head', null).catch(rethrow),
    entries: (after, limit) => thread.call('entries', { after, limit }).catch(rethrow),
    close: () => thread.stop(),
  };
}

/** A thread that has died is, to the journal's users, a journal that cannot be written. */
function rethrow(error: unknown): never {
  if (error instanceof ShudiError && error.code !== 'records.unavailable') throw error;
  throw new ShudiError('journal.unavailable', 'The journal has stopped.', null, error);
}
