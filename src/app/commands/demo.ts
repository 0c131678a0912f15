import { resolve } from 'node:path';
import { silentLog } from '../../platform/log.ts';
import type { Run } from '../command-line.ts';
import { startDemo } from '../demo/demo.ts';
import { untilStopped } from '../signals.ts';
import { argumentsOf } from './arguments.ts';

export const demoCommand: Run = async (args, world) => {
  const { values } = argumentsOf(args, { data: { type: 'string' } });
  // Asked to stop while it starts, it finishes the start and stops then: nothing half-made stays behind.
  const stopped = untilStopped();
  const demo = await startDemo({
    directory: resolve(world.directory, values.data ?? 'demo-data'),
    write: world.write,
    log: silentLog,
  });
  await stopped;
  world.write('\nStopping ...\n');
  await demo.stop();
  world.write('Stopped; the demo data is removed.\n');
  return 0;
};
