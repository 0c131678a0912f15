import { setTimeout as sleep } from 'node:timers/promises';
import { ShudiError } from '../../model/errors.ts';
import { systemClock } from '../../model/time.ts';
import { makePrivateDirectory } from '../../platform/files.ts';
import { leaveSignalsToParent } from '../../platform/leave-signals.ts';
import { lockDirectory } from '../../platform/lock.ts';
import { diskReserve } from '../recorder/disk-reserve.ts';
import type { FromRecorder, RecorderSetup, ToRecorder } from '../recorder/messages.ts';
import { startRecorderServer, type RecorderServer } from '../recorder/server.ts';
import { openStore, type SqliteStore } from './store.ts';
import { recordsDirectory } from './layout.ts';

/** How long a predecessor may take to go, ms. */
const LOCK_MS = 10_000;
const LOCK_RETRY_MS = 50;
/** For the last words to leave, ms. */
const LAST_WORDS_MS = 100;

interface Running {
  readonly store: SqliteStore;
  readonly server: RecorderServer;
}

// Started by `openSqliteRecorder` with a channel to it; whatever else loads this module starts nothing.
if (process.send !== undefined) run();

/** The recorder's process: the only one that writes day files while anything records. It lives as its parent does. */
function run(): void {
  // The parent is gone, however it went. What was acknowledged is durable; the rest nobody waits for any more.
  process.on('disconnect', () => process.exit(0));
  // The parent says when all writers are done.
  leaveSignalsToParent();
  let running: Promise<Running> | null = null;
  process.on('message', (message: ToRecorder) => {
    switch (message.kind) {
      case 'open':
        running ??= open(message.setup);
        void answerOpening(running);
        return;
      case 'heads':
        void running?.then(({ store }) =>
          tell({ kind: 'heads', id: message.id, heads: store.heads(message.noted) }),
        );
        return;
      case 'close':
        void running
          ?.then(({ server }) => server.close())
          .then(
            () => process.exit(0),
            () => process.exit(1),
          );
    }
  });
}

async function open(setup: RecorderSetup): Promise<Running> {
  const directory = recordsDirectory(setup.directory);
  makePrivateDirectory(directory);
  await takeLock(directory);
  const store = openStore(
    { directory: setup.directory, durability: setup.durability, gateway: setup.gateway },
    systemClock,
  );
  const server = await startRecorderServer({
    store,
    socketPath: setup.socketPath,
    gateway: setup.gateway,
    clock: systemClock,
    isLow: diskReserve(directory, setup.diskReserveBytes),
    // A failed fsync is never tried again: another process starts from what is on the disk.
    onFailed: () => void setTimeout(() => process.exit(1), LAST_WORDS_MS),
  });
  return { store, server };
}

/** The operating system frees the lock with this process. @throws ShudiError data.locked */
async function takeLock(directory: string): Promise<void> {
  const until = performance.now() + LOCK_MS;
  for (;;) {
    try {
      lockDirectory(directory);
      return;
    } catch (error) {
      const locked = error instanceof ShudiError && error.code === 'data.locked';
      if (!locked || performance.now() > until) throw error;
    }
    await sleep(LOCK_RETRY_MS);
  }
}

async function answerOpening(opening: Promise<Running>): Promise<void> {
  try {
    const { store } = await opening;
    tell({ kind: 'opened', setAside: store.setAside, crashedAt: store.crashedAt });
  } catch (error) {
    const known = error instanceof ShudiError ? error : null;
    const message = error instanceof Error ? error.message : 'The recorder could not be opened.';
    tell({ kind: 'failed', code: known?.code ?? null, message, where: known?.where ?? null }, () =>
      process.exit(1),
    );
  }
}

function tell(message: FromRecorder, sent: () => void = () => undefined): void {
  if (process.connected) process.send?.(message, undefined, undefined, sent);
}
