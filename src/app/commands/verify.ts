import { resolve } from 'node:path';
import { ShudiError } from '../../model/errors.ts';
import type { JournalHead } from '../../model/journal.ts';
import type { Run } from '../command-line.ts';
import { verifyData } from '../verify.ts';
import { argumentsOf, dataDirectoryOf, DATA_OPTIONS } from './arguments.ts';

export const verifyCommand: Run = async (args, world) => {
  const { values, positionals } = argumentsOf(
    args,
    { ...DATA_OPTIONS, json: { type: 'boolean' }, head: { type: 'string', multiple: true } },
    { min: 0, max: 1 },
  );
  if (positionals[0] !== undefined && values.data !== undefined)
    throw new ShudiError('usage.command', 'Name the data directory once.');
  const directory =
    positionals[0] === undefined
      ? await dataDirectoryOf(values, world)
      : resolve(world.directory, positionals[0]);
  const verdict = verifyData(directory, (values.head ?? []).map(headOf));
  if (values.json === true) world.write(`${JSON.stringify(verdict)}\n`);
  else {
    const { journal } = verdict;
    world.write(
      `journal: ${journal.ok ? `whole, ${journal.entries} entries` : `BROKEN at entry ${journal.firstBad?.seq ?? '?'} (${journal.firstBad?.why ?? 'unreadable'})`}\n`,
    );
    if (journal.ok)
      world.write(
        `  head ${journal.head.seq}:${journal.head.hash} (keep it elsewhere, and ask for it with --head)\n`,
      );
    for (const day of verdict.days)
      world.write(
        `${day.day}: ${day.ok ? `whole, ${day.rows} rows in ${day.batches} batches` : `BROKEN: ${day.why}`}\n`,
      );
    for (const day of verdict.missing) world.write(`${day}: MISSING\n`);
    for (const day of verdict.setAside) world.write(`${day}: a damaged file was set aside\n`);
    if (!verdict.retention) world.write('retention: the edge is not the one that the journal tells\n');
    world.write(verdict.ok ? 'All is as it was written.\n' : 'Something is not as it was written.\n');
  }
  return verdict.ok ? 0 : 1;
};

/** A journal head as `shudi verify` prints it. @throws ShudiError usage.command */
function headOf(text: string): JournalHead {
  const match = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text);
  if (match?.[2] === undefined)
    throw new ShudiError('usage.command', 'A head is written SEQ:HASH.', '--head');
  return { seq: Number(match[1]), hash: match[2] };
}
