import { importFiles, type ImportSummary } from '../../collectors/import/import-files.ts';
import { openLocalRecords } from '../../disclosure/local-records.ts';
import { openJournal } from '../../ledger/journal-store.ts';
import type { Run } from '../command-line.ts';
import { dataLayout, prepareDataDirectory } from '../data-directory.ts';
import { openWriter } from '../import/open-writer.ts';
import { IMPORT_OPTIONS, importOptions } from '../import/options.ts';
import { progressBar } from '../import/progress-bar.ts';
import { IMPORT_KIND } from '../journal-kinds.ts';
import { argumentsOf, configOf, dataDirectoryOf, DATA_OPTIONS } from './arguments.ts';

const MOST_FILES = 10_000;

export const importCommand: Run = async (args, world) => {
  const { values, positionals } = argumentsOf(
    args,
    { ...DATA_OPTIONS, ...IMPORT_OPTIONS, json: { type: 'boolean' } },
    { min: 1, max: MOST_FILES },
  );
  const options = importOptions(values, positionals, await configOf(values, world), world);
  const directory = await dataDirectoryOf(values, world);
  await prepareDataDirectory(directory);
  const opened = await openWriter(directory, options.site);
  const reader = openLocalRecords(directory);
  try {
    const { summary, files, rejections } = await importFiles({
      ...options,
      ...opened,
      reader,
      onProgress: progressBar(world),
    });
    const { name: source, format } = options;
    noteImport(directory, { source, format, files: files.map(({ file }) => file), ...summary });
    for (const [index, { known }] of files.entries())
      if (known) world.complain(`${positionals[index] ?? ''}: imported before, nothing was added\n`);
    if (summary.rejected > 0)
      for (const [reason, count] of rejections) world.complain(`rejected, ${reason}: ${count}\n`);
    world.write(`${JSON.stringify(summary)}\n`);
    const fault = files.at(-1)?.fault ?? null;
    if (fault !== null) throw fault;
    return 0;
  } finally {
    await reader.close();
    await opened.close();
  }
};

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
