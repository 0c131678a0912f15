import { systemClock } from '../../model/time.ts';
import type { Run } from '../command-line.ts';
import { runRetention } from '../retention.ts';
import { argumentsOf, dataDirectoryOf, DATA_OPTIONS } from './arguments.ts';

export const retentionCommand: Run = async (args, world) => {
  const { values } = argumentsOf(args, { ...DATA_OPTIONS, json: { type: 'boolean' } });
  const result = runRetention(await dataDirectoryOf(values, world), systemClock);
  world.write(
    values.json === true
      ? `${JSON.stringify(result)}\n`
      : `${result.deleted.length} days deleted; kept from ${result.keptFrom}\n`,
  );
  return 0;
};
