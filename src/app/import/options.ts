import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ParseArgsOptionsConfig } from 'node:util';
import { addressList } from '../../collectors/address-list.ts';
import { csvMapping } from '../../collectors/import/csv-mapping.ts';
import type { ImportOptions } from '../../collectors/import/import-files.ts';
import { FORMATS, type Format } from '../../collectors/import/reading.ts';
import { DIALECTS, type Dialect } from '../../collectors/ipfix/dialects.ts';
import { VENDOR_NAMES } from '../../collectors/syslog/vendors/index.ts';
import type { Site } from '../../model/accounts.ts';
import { ShudiError } from '../../model/errors.ts';
import { needed } from '../commands/arguments.ts';
import type { Surroundings } from '../command-line.ts';
import type { Config } from '../config.ts';

const NAME = /^[a-z][a-z0-9-]{0,31}$/;

export const IMPORT_OPTIONS = {
  source: { type: 'string' },
  format: { type: 'string' },
  realm: { type: 'string' },
  dialect: { type: 'string' },
  vendor: { type: 'string' },
  zone: { type: 'string' },
  own: { type: 'string' },
  map: { type: 'string' },
  'radius-secret': { type: 'string' },
} as const satisfies ParseArgsOptionsConfig;

type Values = { readonly [Name in keyof typeof IMPORT_OPTIONS]?: string | undefined };

/** How the files are read, by the command line and, where that is silent, by the source of that name in `--config`. */
export type ReadOptions = Omit<ImportOptions, 'writer' | 'reader' | 'subjects' | 'onProgress'>;

/** @throws ShudiError usage.command | import.format | import.mapping | config.* */
export function importOptions(
  values: Values,
  files: readonly string[],
  config: Config | null,
  world: Surroundings,
): ReadOptions {
  const name = sourceName(needed(values.source, 'source'));
  const format = oneOf<Format>(needed(values.format, 'format'), FORMATS, '--format');
  if (config?.sites.some((site) => site === name) === true)
    throw new ShudiError(
      'usage.command',
      'This is a community of the gateway: a source needs a name of its own.',
      '--source',
    );
  const settings = config?.collectors?.sources.find((source) => source.name === name);
  const ipfix = settings?.protocol === 'ipfix' ? settings : null;
  const syslog = settings?.protocol === 'syslog' ? settings : null;
  return {
    name,
    format,
    files: files.map((file) => readable(resolve(world.directory, file))),
    realm: values.realm ?? settings?.realm ?? '',
    dialect:
      values.dialect === undefined
        ? (ipfix?.dialect ?? null)
        : oneOf<Dialect>(values.dialect, DIALECTS, '--dialect'),
    vendor:
      values.vendor === undefined ? (syslog?.vendor ?? null) : oneOf(values.vendor, VENDOR_NAMES, '--vendor'),
    zoneMinutes: values.zone === undefined ? (syslog?.zoneMinutes ?? 0) : zoneMinutes(values.zone),
    radiusSecret: secretOf(values['radius-secret'], settings, world),
    mapping: csvMapping(values.map ?? null),
    own: ownOf(values.own, config),
    site: (settings?.protocol === 'radius' ? settings.site : name) as Site,
  };
}

function sourceName(name: string): string {
  if (!NAME.test(name) || name === 'gateway')
    throw new ShudiError(
      'usage.command',
      'A source is named by lower-case letters, digits and dashes.',
      '--source',
    );
  return name;
}

function oneOf<Word extends string>(text: string, words: readonly Word[], option: string): Word {
  const word = words.find((item) => item === text);
  if (word === undefined)
    throw new ShudiError('usage.command', `This must be one of ${words.join(', ')}.`, option);
  return word;
}

function readable(path: string): string {
  if (!existsSync(path)) throw new ShudiError('import.format', 'There is no such file.', path);
  return path;
}

function zoneMinutes(text: string): number {
  const match = /^([+-])(0\d|1[0-4]):([0-5]\d)$/.exec(text);
  if (match === null) throw new ShudiError('usage.command', 'A zone is written +08:00.', '--zone');
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return match[1] === '-' ? -minutes : minutes;
}

function ownOf(text: string | undefined, config: Config | null): readonly string[] {
  if (text === undefined) return config?.collectors?.own ?? [];
  const list = text.split(',').map((item) => item.trim());
  try {
    addressList(list);
  } catch {
    throw new ShudiError('usage.command', 'This must be addresses or CIDRs, with commas between.', '--own');
  }
  return list;
}

type Settings = NonNullable<Config['collectors']>['sources'][number] | undefined;

function secretOf(file: string | undefined, settings: Settings, world: Surroundings): Buffer | null {
  if (file !== undefined) return Buffer.from(readFileSync(resolve(world.directory, file), 'utf8').trim());
  return settings?.protocol === 'radius' ? Buffer.from(settings.secret) : null;
}
