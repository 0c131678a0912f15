/**
 * The collectors' process: it reads what NAT devices and access servers send. Like a gateway worker it holds no key of
 * the vault, and reaches records and accounts only through the recorder's socket and main.
 */
import { connectAccounts } from '../../accounts/connect-accounts.ts';
import { openCollectors, type Collectors } from '../../collectors/open-collectors.ts';
import { ShudiError } from '../../model/errors.ts';
import type { RecordWriter } from '../../model/records.ts';
import { systemClock } from '../../model/time.ts';
import { leaveSignalsToParent } from '../../platform/leave-signals.ts';
import { openPeer, parentLink, type Handlers } from '../../platform/rpc.ts';
import { trimMemoryWhenIdle } from '../../platform/trim-memory.ts';
import { connectRecorder } from '../../records/sqlite/engine.ts';
import {
  COLLECTORS_CHANNEL,
  type CollectorsContract,
  type CollectorsStart,
  type MainContract,
} from './contract.ts';

const link = parentLink();
// Without main nobody would replace this process or stop it.
link.onClosed(() => process.exit(1));
leaveSignalsToParent();

interface Running {
  readonly collectors: Collectors;
  readonly records: RecordWriter;
}
let running: Running | null = null;

trimMemoryWhenIdle();

async function start({ settings, recorderSocket }: CollectorsStart): Promise<Running> {
  const [accounts, records] = await Promise.all([
    connectAccounts(link),
    connectRecorder({ socketPath: recorderSocket, worker: false }),
  ]);
  const parts = { writer: records, subjects: accounts.subjects, clock: systemClock };
  return { collectors: await openCollectors(settings, parts), records };
}

function started(): Running {
  if (running === null) throw new ShudiError('internal.fault', 'The collectors have not started.');
  return running;
}

// Main is this program itself: what it sends is what its types say.
const methods: Handlers<CollectorsContract> = {
  start: async (setup) => {
    running = await start(setup as CollectorsStart);
    return running.collectors.addresses;
  },
  status: () => started().collectors.status(),
  stop: async () => {
    const { collectors, records } = started();
    await collectors.close();
    await records.close();
    setTimeout(() => process.exit(0), ANSWERED_MS);
    return null;
  },
};

/** For the answer to `stop` to get out. */
const ANSWERED_MS = 50;
/** How often it is looked whether a source has become better or worse, ms. */
const LOOK_MS = 20_000;
const main = openPeer<CollectorsContract, MainContract>(link, {
  channel: COLLECTORS_CHANNEL,
  methods,
  limits: { outstanding: 1000, serving: 100 },
  busy: () => new ShudiError('internal.fault', 'Too many calls wait.'),
  gone: () => new ShudiError('internal.fault', 'Main is gone.'),
});

const grades = new Map<string, string>();
setInterval(() => {
  for (const { name, grade } of running?.collectors.status().sources ?? []) {
    if ((grades.get(name) ?? 'ok') !== grade) main.push('log', [`source.${grade}`, name]);
    grades.set(name, grade);
  }
}, LOOK_MS).unref();
