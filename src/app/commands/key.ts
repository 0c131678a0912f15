import { join } from 'node:path';
import { createDisclosureKey } from '../../disclosure/disclosure-key.ts';
import type { Run } from '../command-line.ts';
import { argumentsOf, dataDirectoryOf, DATA_OPTIONS } from './arguments.ts';

export const keyInitCommand: Run = async (args, world) => {
  const { values } = argumentsOf(args, DATA_OPTIONS);
  const directory = join(await dataDirectoryOf(values, world), 'keys');
  const id = createDisclosureKey(directory);
  world.write(`disclosure key ${id} in ${directory}\n`);
  return 0;
};
