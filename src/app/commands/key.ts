import { join } from 'node:path';
import { createDisclosureKey } from '../../disclosure/disclosure-key.ts';
import type { Command } from '../command-line.ts';
import { argumentsOf, dataDirectoryOf, DATA_OPTIONS } from './arguments.ts';

export const keyInitCommand: Command = {
  usage: '--data DIR',
  does: 'Makes the key pair that identities are sealed to; move the private half off the machine where you can.',
  async run(args, world) {
    const { values } = argumentsOf(args, DATA_OPTIONS);
    const directory = join(dataDirectoryOf(values, world), 'keys');
    const id = createDisclosureKey(directory);
    world.write(`disclosure key ${id} in ${directory}\n`);
    return 0;
  },
};
