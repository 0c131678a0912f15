import { addressSet } from '../../disclosure/address-set.ts';
import { openLocalRecords } from '../../disclosure/local-records.ts';
import { traceWithHandles } from '../../disclosure/trace-with-handles.ts';
import { openJournal } from '../../ledger/journal-store.ts';
import { formatTime, systemClock } from '../../model/time.ts';
import { isLocked, lockDirectory } from '../../platform/lock.ts';
import { recoverRecords } from '../../records/sqlite/store.ts';
import { createTracer } from '../../trace/tracer.ts';
import type { Run } from '../command-line.ts';
import { dataLayout, requireDataDirectory } from '../data-directory.ts';
import { CRASHED_KIND } from '../journal-kinds.ts';
import { withRegister } from '../people.ts';
import { answerText, type ShownAnswer } from '../answer-text.ts';
import { argumentsOf, configOf, dataDirectoryOf, DATA_OPTIONS } from './arguments.ts';

const DEFAULT_CLOCK_ERROR_MS = 1000;

export const traceCommand: Run = async (args, world) => {
  const { values } = argumentsOf(args, {
    ...DATA_OPTIONS,
    outside: { type: 'string' },
    inside: { type: 'string' },
    egress: { type: 'string' },
    'request-id': { type: 'string' },
    port: { type: 'string' },
    proto: { type: 'string' },
    remote: { type: 'string' },
    at: { type: 'string' },
    tolerance: { type: 'string' },
    json: { type: 'boolean' },
  });
  const { data: _data, config: file, json, 'request-id': requestId, ...fields } = values;
  const directory = await dataDirectoryOf(values, world);
  requireDataDirectory(directory);
  const config = await configOf({ config: file }, world);
  recoverIfStopped(directory);
  const records = openLocalRecords(directory);
  const tracer = createTracer({
    records,
    assumedClockErrorMs: config?.assumedClockErrorMs ?? DEFAULT_CLOCK_ERROR_MS,
    isUnshared: addressSet(config?.unshared ?? []),
  });
  try {
    const raw = Object.fromEntries(
      Object.entries({ ...fields, requestId }).filter(([, value]) => value !== undefined),
    );
    const answer = await withRegister(directory, (register) =>
      traceWithHandles({ register, tracer }, 'machine', raw),
    );
    world.write(json === true ? `${JSON.stringify(answer)}\n` : answerText(answer as unknown as ShownAnswer));
    return answer['grade'] === 'exact' || answer['grade'] === 'ambiguous' ? 0 : 1;
  } finally {
    await records.close();
  }
};

/** After a crash the open connections have ended; a gateway that runs has seen to this itself. */
function recoverIfStopped(directory: string): void {
  if (isLocked(directory)) return;
  const lock = lockDirectory(directory);
  try {
    const { crashedAt } = recoverRecords({ directory, durability: 'fsync' }, systemClock);
    if (crashedAt === null) return;
    const journal = openJournal(dataLayout(directory).journal);
    journal.append(CRASHED_KIND, 'system', { vouchedUntil: formatTime(crashedAt) });
    journal.close();
  } finally {
    lock.release();
  }
}
