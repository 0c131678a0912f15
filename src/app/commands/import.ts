import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openAccounts } from '../../accounts/open-accounts.ts';
import { addressList } from '../../collectors/address-list.ts';
import { csvMapping } from '../../collectors/import/csv-mapping.ts';
import { importFiles, type ImportSummary } from '../../collectors/import/import-files.ts';
import { FORMATS, type Format } from '../../collectors/import/reading.ts';
import { DIALECTS, type Dialect } from '../../collectors/ipfix/dialects.ts';
import { VENDOR_NAMES } from '../../collectors/syslog/vendors/index.ts';
import { openLocalRecords } from '../../disclosure/local-records.ts';
import { openJournal } from '../../ledger/journal-store.ts';
import type { Site, SubjectDirectory } from '../../model/accounts.ts';
import { ShudiError } from '../../model/errors.ts';
import type { RecordWriter } from '../../model/records.ts';
import { isLocked, lockDirectory } from '../../platform/lock.ts';
import { connectRecorder, openSqliteRecorder } from '../../records/sqlite/engine.ts';
import { anchorer } from '../anchor.ts';
import type { Command, Surroundings } from '../command-line.ts';
import { loadConfig, type Config } from '../config.ts';
import { dataLayout, prepareDataDirectory } from '../data-directory.ts';
import { IMPORT_KIND } from '../journal-kinds.ts';
import { argumentsOf, dataDirectoryOf, DATA_OPTIONS, needed } from './arguments.ts';

const NAME = /^[a-z][a-z0-9-]{0,31}$/;
const MOST_FILES = 10_000;

export const importCommand: Command = {
  usage: `--source NAME --format ${FORMATS.join('|')} FILE... [--realm NAME] [--dialect NAME] [--vendor NAME] [--zone +08:00] [--own CIDR,...] [--map FIELD=COLUMN,...] [--radius-secret FILE] (--data DIR | --config FILE)`,
  does: 'Reads captures or logs of a NAT device or access server; the same file twice adds nothing. Prints JSON.',
  async run(args, world) {
    const { values, positionals } = argumentsOf(
      args,
      {
        ...DATA_OPTIONS,
        source: { type: 'string' },
        format: { type: 'string' },
        realm: { type: 'string' },
        dialect: { type: 'string' },
        vendor: { type: 'string' },
        zone: { type: 'string' },
        own: { type: 'string' },
        map: { type: 'string' },
        'radius-secret': { type: 'string' },
        json: { type: 'boolean' },
      },
      { min: 1, max: MOST_FILES },
    );
    const name = sourceName(needed(values.source, 'source'));
    const format = oneOf<Format>(needed(values.format, 'format'), FORMATS, '--format');
    const config = values.config === undefined ? null : loadConfig(resolve(world.directory, values.config));
    if (config?.sites.some((site) => site === name) === true)
      throw new ShudiError(
        'usage.command',
        'This is a community of the gateway: a source needs a name of its own.',
        '--source',
      );
    const settings = config?.collectors?.sources.find((source) => source.name === name);
    const options = {
      name,
      format,
      files: positionals.map((file) => readable(resolve(world.directory, file))),
      realm: values.realm ?? settings?.realm ?? '',
      dialect:
        values.dialect === undefined
          ? settings?.protocol === 'ipfix'
            ? settings.dialect
            : null
          : oneOf<Dialect>(values.dialect, DIALECTS, '--dialect'),
      vendor:
        values.vendor === undefined
          ? settings?.protocol === 'syslog'
            ? settings.vendor
            : null
          : oneOf(values.vendor, VENDOR_NAMES, '--vendor'),
      zoneMinutes:
        values.zone === undefined
          ? settings?.protocol === 'syslog'
            ? settings.zoneMinutes
            : 0
          : zoneMinutes(values.zone),
      radiusSecret: secretOf(values['radius-secret'], settings, world),
      mapping: csvMapping(values.map ?? null),
      isOwn: addressList(ownOf(values.own, config)),
      site: (settings?.protocol === 'radius' ? settings.site : name) as Site,
      onProgress: progressBar(world),
    };
    const directory = dataDirectoryOf(values, world);
    await prepareDataDirectory(directory);
    const opened = await openWriter(directory);
    const reader = openLocalRecords(directory);
    try {
      const { summary, files, rejections } = await importFiles({ ...options, ...opened, reader });
      noteImport(directory, { source: name, format, files: files.map(({ file }) => file), ...summary });
      for (const [index, { known }] of files.entries())
        if (known) world.complain(`${positionals[index] ?? ''}: imported before, nothing was added\n`);
      if (summary.rejected > 0)
        for (const [reason, count] of rejections) world.complain(`rejected, ${reason}: ${count}\n`);
      world.write(`${JSON.stringify(summary)}\n`);
      return 0;
    } finally {
      await reader.close();
      await opened.close();
    }
  },
};

interface Opened {
  readonly writer: RecordWriter;
  readonly subjects: SubjectDirectory | null;
  close(): Promise<void>;
}

/** The recorder that runs, or one for the import alone; that one has the vault too. */
async function openWriter(directory: string): Promise<Opened> {
  if (isLocked(directory)) {
    const writer = await connectRecorder({
      socketPath: join(directory, 'run', 'recorder.sock'),
      worker: false,
    });
    return { writer, subjects: null, close: () => writer.close() };
  }
  const lock = lockDirectory(directory);
  const recorder = await openSqliteRecorder({ directory, durability: 'fsync', gateway: false }).catch(
    (error: unknown) => {
      lock.release();
      throw error;
    },
  );
  const accounts = await openAccounts({ directory, keysDirectory: dataLayout(directory).keys });
  return {
    writer: recorder.writer,
    subjects: accounts.subjects,
    close: async () => {
      const journal = openJournal(dataLayout(directory).journal);
      const anchor = anchorer(recorder, {
        append: async (kind, actor, body) => journal.append(kind, actor, body),
      });
      // Twice: the second call tells the recorder what the journal has by then.
      await anchor();
      await anchor();
      journal.close();
      await accounts.close();
      await recorder.close();
      lock.release();
    },
  };
}

function noteImport(
  directory: string,
  body: ImportSummary & {
    readonly source: string;
    readonly format: string;
    readonly files: readonly string[];
  },
): void {
  const journal = openJournal(dataLayout(directory).journal);
  const { files, ...rest } = body;
  // An entry holds at most 64 KiB.
  journal.append(IMPORT_KIND, 'operator', { ...rest, files: files.slice(0, 500), fileCount: files.length });
  journal.close();
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

const WIDTH = 30;

/** On a terminal only: what reads the output of a command has no use for it. */
function progressBar(world: Surroundings): (file: string, share: number) => void {
  let shown = -1;
  return (file, share) => {
    const percent = Math.floor(Math.min(1, share) * 100);
    if (!world.isTerminal || percent === shown) return;
    shown = percent;
    const full = Math.round((percent / 100) * WIDTH);
    const bar = '#'.repeat(full) + '-'.repeat(WIDTH - full);
    world.complain(`\r[${bar}] ${percent} % ${file}${percent === 100 ? '\n' : ''}`);
  };
}
