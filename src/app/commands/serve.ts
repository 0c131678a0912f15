import { resolve } from 'node:path';
import { errorLine, ShudiError } from '../../model/errors.ts';
import { jsonLog } from '../../platform/log.ts';
import type { Run } from '../command-line.ts';
import { loadConfig } from '../config.ts';
import { startRuntime } from '../runtime.ts';
import { onReload, untilStopped } from '../signals.ts';
import { argumentsOf, needed } from './arguments.ts';

export const serveCommand: Run = async (args, world) => {
  const { values } = argumentsOf(args, { config: { type: 'string' } });
  const path = resolve(world.directory, needed(values.config, 'config'));
  const config = loadConfig(path);
  const log = jsonLog(world.complain);
  const stopped = untilStopped();
  const giveUp = new AbortController();
  void stopped.then(() => giveUp.abort());
  const starting = startRuntime(config, log, giveUp.signal);
  // A reload that is asked for too early waits.
  onReload(async () => {
    try {
      await (await starting).reload(loadConfig(path));
      log.info('reloaded');
    } catch (error) {
      log.error('not-reloaded', { code: error instanceof ShudiError ? error.code : 'internal.fault' });
      world.complain(`${errorLine(error)}\n`);
    }
  });
  const runtime = await starting.catch((error: unknown) => {
    if (giveUp.signal.aborted) return null;
    throw error;
  });
  if (runtime === null) {
    log.info('stopped', { signal: await stopped });
    return 0;
  }
  for (const { name, address } of runtime.gateway)
    log.info('listening', { listener: name, port: address.port });
  log.info('listening', { listener: 'control', port: runtime.control.port });
  log.info('stopping', { signal: await stopped });
  await runtime.stop();
  log.info('stopped');
  return 0;
};
