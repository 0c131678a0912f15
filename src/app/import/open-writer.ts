import { basename, dirname } from 'node:path';
import { connectSubjects } from '../../accounts/connect-subjects.ts';
import { openAccounts } from '../../accounts/open-accounts.ts';
import { openJournal } from '../../ledger/journal-store.ts';
import type { Site, SubjectDirectory } from '../../model/accounts.ts';
import { ShudiError } from '../../model/errors.ts';
import type { RecordWriter } from '../../model/records.ts';
import { makePrivateDirectory } from '../../platform/files.ts';
import { isLocked, lockDirectory, type DirectoryLock } from '../../platform/lock.ts';
import { connectRecorder, openSqliteRecorder } from '../../records/sqlite/engine.ts';
import { anchorer } from '../anchor.ts';
import { dataLayout } from '../data-directory.ts';

export interface Opened {
  readonly writer: RecordWriter;
  readonly subjects: Pick<SubjectDirectory, 'subjectOf'>;
  close(): Promise<void>;
}

/**
 * The recorder and the vault of the shudi that runs, or ones for the import alone. One import runs at a time: two could
 * take the same file for one that is not known.
 * @throws ShudiError import.running | records.* | vault.* | data.*
 */
export async function openWriter(directory: string, site: Site): Promise<Opened> {
  const lock = lockImports(directory);
  try {
    const opened = await (isLocked(directory) ? connectRunning(directory, site) : openAlone(directory));
    return { ...opened, close: () => opened.close().finally(() => lock.release()) };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function lockImports(directory: string): DirectoryLock {
  const { importLock } = dataLayout(directory);
  makePrivateDirectory(dirname(importLock));
  try {
    return lockDirectory(dirname(importLock), basename(importLock));
  } catch (error) {
    if (error instanceof ShudiError && error.code === 'data.locked')
      throw new ShudiError('import.running', 'Another import into this data directory runs.', directory);
    throw error;
  }
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
