/**
 * A gateway worker: the process that reads what clients send. It holds no key of the vault, writes no file, and reaches
 * records and accounts only through the recorder's socket and main.
 */
import { connectAccounts } from '../../accounts/connect-accounts.ts';
import { openGateway, type Gateway } from '../../gateway/gateway.ts';
import { openRegions } from '../../geo/reader.ts';
import { watchRegions } from '../../geo/update.ts';
import { ShudiError } from '../../model/errors.ts';
import type { RecordWriter } from '../../model/records.ts';
import { systemClock } from '../../model/time.ts';
import { leaveSignalsToParent } from '../../platform/leave-signals.ts';
import type { Log } from '../../platform/log.ts';
import { trimMemoryWhenIdle } from '../../platform/trim-memory.ts';
import { openPeer, parentLink, type Handlers } from '../../platform/rpc.ts';
import { connectRecorder } from '../../records/sqlite/engine.ts';
import { GATEWAY_CHANNEL, type MainContract, type WorkerContract, type WorkerStart } from './contract.ts';

const link = parentLink();
// Without main nobody would replace this worker, tell it of log-outs or stop it.
link.onClosed(() => process.exit(1));
leaveSignalsToParent();

interface Running {
  readonly gateway: Gateway;
  readonly records: RecordWriter;
}
let running: Running | null = null;
let clockErrorMs: number | null = null;

const log: Log = {
  info: (event, fields = {}) => main.push('log', ['info', event, fields]),
  warn: (event, fields = {}) => main.push('log', ['warn', event, fields]),
  error: (event, fields = {}) => main.push('log', ['error', event, fields]),
};

trimMemoryWhenIdle();

async function start(setup: WorkerStart): Promise<Running> {
  clockErrorMs = setup.clockErrorMs;
  const [accounts, records, regions] = await Promise.all([
    connectAccounts(link),
    connectRecorder({ socketPath: setup.recorderSocket, worker: true }),
    openRegions(setup.regions.file, { overrides: setup.regions.overrides }),
  ]);
  // Main watches the file too and tells of it; here it is only taken up.
  watchRegions(regions, { onUpdate: () => undefined });
  const gateway = await openGateway(setup.gateway, {
    records,
    subjects: accounts.subjects,
    sessions: accounts.sessions,
    badges: accounts.badges,
    regions,
    clock: systemClock,
    clockErrorMs: () => clockErrorMs,
    log,
  });
  return { gateway, records };
}

function started(): Running {
  if (running === null) throw new ShudiError('internal.fault', 'The worker has not started.');
  return running;
}

// Main is this program itself: what it sends is what its types say.
const methods: Handlers<WorkerContract> = {
  start: async (setup) => {
    running = await start(setup as WorkerStart);
    return running.gateway.addresses();
  },
  reload: async (options) => {
    const { gateway } = started();
    await gateway.reload(options as WorkerContract['reload']['argument']);
    return gateway.addresses();
  },
  clock: (value) => {
    clockErrorMs = value as number | null;
    return null;
  },
  status: () => {
    const { gateway } = started();
    return {
      counts: gateway.counts(),
      refusals: Object.fromEntries(gateway.refusals()),
      recording: gateway.healthy(),
    };
  },
  stop: async () => {
    const { gateway, records } = started();
    await gateway.close();
    await records.close();
    setTimeout(() => process.exit(0), ANSWERED_MS);
    return null;
  },
};

/** For the answer to `stop` to get out. */
const ANSWERED_MS = 50;
const LIMITS = { outstanding: 10_000, serving: 100 } as const;
const main = openPeer<WorkerContract, MainContract>(link, {
  channel: GATEWAY_CHANNEL,
  methods,
  limits: LIMITS,
  busy: () => new ShudiError('internal.fault', 'Too many calls wait.'),
  gone: () => new ShudiError('internal.fault', 'Main is gone.'),
});
