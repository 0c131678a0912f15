import { connectSubjects } from '../../accounts/connect-subjects.ts';
import { openAccounts } from '../../accounts/open-accounts.ts';
import { openJournal } from '../../ledger/journal-store.ts';
import type { Site, SubjectDirectory } from '../../model/accounts.ts';
import type { RecordWriter } from '../../model/records.ts';
import { isLocked, lockDirectory } from '../../platform/lock.ts';
import { connectRecorder, openSqliteRecorder } from '../../records/sqlite/engine.ts';
import { anchorer } from '../anchor.ts';
import { dataLayout } from '../data-directory.ts';

export interface Opened {
  readonly writer: RecordWriter;
  readonly subjects: Pick<SubjectDirectory, 'subjectOf'>;
  close(): Promise<void>;
}

/** The recorder and the vault of the shudi that runs, or ones for the import alone. */
export async function openWriter(directory: string, site: Site): Promise<Opened> {
  return isLocked(directory) ? connectRunning(directory, site) : openAlone(directory);
}

async function connectRunning(directory: string, site: Site): Promise<Opened> {
  const { recorderSocket, subjectsSocket } = dataLayout(directory);
  const writer = await connectRecorder({ socketPath: recorderSocket, worker: false });
  try {
    // It listens before the recorder does.
    const connected = await connectSubjects(subjectsSocket, site);
    return {
      writer,
      subjects: connected.subjects,
      close: async () => {
        connected.close();
        await writer.close();
      },
    };
  } catch (error) {
    await writer.close();
    throw error;
  }
}

async function openAlone(directory: string): Promise<Opened> {
  const lock = lockDirectory(directory);
  const recorder = await openSqliteRecorder({ directory, durability: 'fsync', gateway: false }).catch(
    (error: unknown) => {
      lock.release();
      throw error;
    },
  );
  const accounts = await openAccounts({ directory, keysDirectory: dataLayout(directory).keys }).catch(
    async (error: unknown) => {
      await recorder.close();
      lock.release();
      throw error;
    },
  );
  return {
    writer: recorder.writer,
    subjects: accounts.subjects,
    close: async () => {
      const journal = openJournal(dataLayout(directory).journal);
      const anchor = anchorer(recorder, {
        append: async (kind, actor, body) => journal.append(kind, actor, body),
      });
      // Twice: the second call tells the recorder what the journal has by then.
      await anchor();
      await anchor();
      journal.close();
      await accounts.close();
      await recorder.close();
      lock.release();
    },
  };
}
