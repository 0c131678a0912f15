import { connectRecorder, openSqliteRecorder } from '../../src/records/sqlite/engine.ts';
import { GATEWAY_SOURCE } from '../../src/model/records.ts';
import { systemClock } from '../../src/model/time.ts';
import { connection, egress } from './items.ts';

/**
 * A process to be killed. `writer SOCKET`: a gateway worker with one connection and a pool's endpoint open.
 * `parent DIRECTORY`: a program with a recorder and one connection open. Says what it made, then lives on.
 */
const [role, path = ''] = process.argv.slice(2);
const recorder =
  role === 'parent' ? await openSqliteRecorder({ directory: path, durability: 'fsync' }) : null;
const writer = await connectRecorder({ socketPath: recorder?.socketPath ?? path, worker: true });
const now = systemClock();
const id = writer.nextConnection(now);
await writer.append([connection(id, now), egress(id, 50_000, now), egress(null, 50_001, now, null)]);
const until = systemClock();
await writer.append([
  { type: 'checkpoint', connection: id, to: until },
  { type: 'coverage', source: GATEWAY_SOURCE, from: now, to: until },
]);
process.stdout.write(`${JSON.stringify({ id, from: now, until, recorder: recorder?.pid() ?? null })}\n`);
setInterval(() => undefined, 60_000);
