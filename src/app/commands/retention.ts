import { systemClock } from '../../model/time.ts';
import type { Command } from '../command-line.ts';
import { runRetention } from '../retention.ts';
import { argumentsOf, dataDirectoryOf, DATA_OPTIONS } from './arguments.ts';

export const retentionCommand: Command = {
  usage: '--data DIR [--json]',
  does: 'Deletes the days that are older than six calendar months and a day, each with a journal entry.',
  async run(args, world) {
    const { values } = argumentsOf(args, { ...DATA_OPTIONS, json: { type: 'boolean' } });
    const result = runRetention(dataDirectoryOf(values, world), systemClock);
    world.write(
      values.json === true
        ? `${JSON.stringify(result)}\n`
        : `${result.deleted.length} days deleted; kept from ${result.keptFrom}\n`,
    );
    return 0;
  },
};
