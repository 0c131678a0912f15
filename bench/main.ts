/** `npm run bench`: see README.md. Exit status: 0 done, 1 a measurement failed, 2 wrong usage. */
import { describeMachine } from './machine.ts';
import { benchOptions, USAGE, UsageError } from './options.ts';
import type { BenchOptions } from './options.ts';
import { stopEverything } from './processes.ts';
import { report, writeReport } from './report.ts';
import { complaints } from './results.ts';
import { lookAround, runAll } from './run.ts';

/** Told to stop, the bench takes along what it started. */
function stopOn(signal: 'SIGINT' | 'SIGTERM', status: number): void {
  process.once(signal, () => {
    void stopEverything().finally(() => process.exit(status));
  });
}

async function bench(options: BenchOptions): Promise<number> {
  const machine = describeMachine();
  const targets = await lookAround(options.targets);
  for (const { name, availability } of targets) {
    console.error(`${name}: ${availability.installed ? availability.version : availability.reason}`);
  }
  const cells = await runAll(options, targets, (line) => console.error(line));
  const { rounds, seconds, warmUpSeconds } = options;
  const results = {
    machine,
    options: { rounds, seconds, warmUpSeconds },
    targets,
    loads: options.loads.map(({ name, does }) => ({ name, does })),
    cells,
  };
  console.log(report(results));
  const directory = options.out ?? (options.full ? import.meta.dirname : null);
  if (directory !== null) writeReport(directory, results);
  return complaints(results).length === 0 ? 0 : 1;
}

stopOn('SIGINT', 130);
stopOn('SIGTERM', 143);
try {
  process.exitCode = await bench(benchOptions(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n${USAGE}`);
  process.exitCode = 2;
}
