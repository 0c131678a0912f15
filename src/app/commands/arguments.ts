import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { resolve } from 'node:path';
import { ShudiError } from '../../model/errors.ts';
import type { Surroundings } from '../command-line.ts';
import type { Config } from '../config.ts';

/** Parses a command's arguments; what is not known is refused. Throws node's ERR_PARSE_ARGS errors, or ShudiError. */
export function argumentsOf<Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
  positionals: { min: number; max: number } = { min: 0, max: 0 },
) {
  const parsed = parseArgs({ args: [...args], options, allowPositionals: positionals.max > 0, strict: true });
  const count = parsed.positionals.length;
  if (count < positionals.min || count > positionals.max)
    throw new ShudiError('usage.command', 'The number of arguments is wrong.');
  return parsed;
}

/** An option that must be there. @throws ShudiError usage.command */
export function needed(value: string | undefined, name: string): string {
  if (value === undefined || value === '')
    throw new ShudiError('usage.command', `The option --${name} is missing.`, `--${name}`);
  return value;
}

export const DATA_OPTIONS = { data: { type: 'string' }, config: { type: 'string' } } as const;

type DataValues = { readonly data?: string | undefined; readonly config?: string | undefined };

/** What `--config` names; null without it: its schema takes time to load. @throws ShudiError config.* */
export async function configOf(
  { config }: Pick<DataValues, 'config'>,
  world: Surroundings,
): Promise<Config | null> {
  if (config === undefined) return null;
  const { loadConfig } = await import('../config.ts');
  return loadConfig(resolve(world.directory, config));
}

/** The data directory that `--data` names, or the one of `--config`. @throws ShudiError usage.command | config.* */
export async function dataDirectoryOf(values: DataValues, world: Surroundings): Promise<string> {
  if (values.data !== undefined) return resolve(world.directory, values.data);
  const config = await configOf(values, world);
  if (config !== null) return config.dataDirectory;
  throw new ShudiError(
    'usage.command',
    'Name the data directory with --data, or the configuration with --config.',
    '--data',
  );
}
