/** `npm run bench`: see README.md. Exit status: 0 done, 1 a measurement failed or grows, 2 wrong usage. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { collectorsReport, writeCollectorsReport } from './collectors/report.ts';
import { runCollectors } from './collectors/run.ts';
import { describeMachine } from './machine.ts';
import { benchOptions, USAGE, UsageError } from './options.ts';
import type { BenchOptions, CollectorsBenchOptions, SoakOptions } from './options.ts';
import { stopEverything } from './processes.ts';
import { report, writeReport } from './report.ts';
import { complaints } from './results.ts';
import { estimatedSeconds, lookAround, runAll } from './run.ts';
import { soakReport, writeSoakReport } from './soak/report.ts';
import { runSoak } from './soak/run.ts';

/** Told to stop, the bench takes along what it started. */
function stopOn(signal: 'SIGINT' | 'SIGTERM', status: number): void {
  process.once(signal, () => {
    void stopEverything().finally(() => process.exit(status));
  });
}

const say = (line: string): void => console.error(line);

/** The gateway does not start without its regions, and a fresh clone has none yet. */
function buildRegions(): void {
  const root = path.join(import.meta.dirname, '..');
  if (existsSync(path.join(root, 'geo-data/region.mmdb'))) return;
  say('geo-data/region.mmdb is not there yet: builds it');
  execFileSync(process.execPath, ['src/main.ts', 'geo', 'build'], { cwd: root, stdio: 'inherit' });
}

async function bench(options: BenchOptions): Promise<number> {
  const machine = describeMachine();
  const targets = await lookAround(options.targets);
  for (const { name, availability } of targets) {
    say(`${name}: ${availability.installed ? availability.version : availability.reason}`);
  }
  say(`takes about ${Math.ceil(estimatedSeconds(options, targets) / 60)} min`);
  const cells = await runAll(options, targets, say);
  const { rounds, seconds, warmUpSeconds, quick } = options;
  const results = {
    machine,
    options: { rounds, seconds, warmUpSeconds, quick },
    targets,
    loads: options.loads.map(({ name, does, columns, compared }) => ({ name, does, columns, compared })),
    cells,
  };
  console.log(report(results));
  const directory = options.out ?? (options.full ? import.meta.dirname : null);
  if (directory !== null) writeReport(directory, results);
  return complaints(results).length === 0 ? 0 : 1;
}

async function soak(options: SoakOptions): Promise<number> {
  const machine = describeMachine();
  say(`takes about ${Math.ceil(options.seconds / 60)} min`);
  const result = await runSoak(options, say);
  console.log(soakReport(machine, result));
  const directory = options.out ?? (options.full ? import.meta.dirname : null);
  if (directory !== null) writeSoakReport(directory, machine, result);
  return result.verdicts.some(({ grows }) => grows) ? 1 : 0;
}

async function collectors(options: CollectorsBenchOptions): Promise<number> {
  const machine = describeMachine();
  const result = await runCollectors(options, say);
  console.log(collectorsReport(machine, options, result));
  const directory = options.out ?? (options.full ? import.meta.dirname : null);
  if (directory !== null) writeCollectorsReport(directory, machine, options, result);
  return 0;
}

function run(options: ReturnType<typeof benchOptions>): Promise<number> {
  switch (options.mode) {
    case 'soak':
      return soak(options);
    case 'collectors':
      return collectors(options);
    case 'loads':
      return bench(options);
  }
}

stopOn('SIGINT', 130);
stopOn('SIGTERM', 143);
try {
  const options = benchOptions(process.argv.slice(2));
  buildRegions();
  process.exitCode = await run(options);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n${USAGE}`);
  process.exitCode = 2;
}
