import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { judgeBars } from './bars.ts';
import type { JudgedBar } from './bars.ts';
import { FIGURES } from './figures.ts';
import type { Figure } from './figures.ts';
import type { Machine } from './machine.ts';
import { number, oneLine, shown, table } from './report-text.ts';
import { cellOf, complaints, failures, figure, measurements, ratio } from './results.ts';
import type { Results } from './results.ts';
import type { Cell } from './types.ts';

/** What the others are compared with, where a load has them. */
const BASES = ['fastify-http-proxy', 'nginx', 'direct', 'fastify-json'] as const;

const RATIO_HEADS: Partial<Record<Figure, string>> = {
  cpuMicrosPerRequest: 'CPU',
  requestsPerSecond: 'req/s',
  downOneMBps: 'down, 1',
  upOneMBps: 'up, 1',
  downEightMBps: 'down, 8',
  upEightMBps: 'up, 8',
};

function barRow({ what, unit, atLeast, bar, aim, value, verdict }: JudgedBar): string[] {
  const line = (limit: number | null): string =>
    limit === null ? '' : `${atLeast ? '>=' : '<='} ${limit}${unit === '' ? '' : ` ${unit}`}`;
  return [what, line(bar), line(aim), shown(value), verdict];
}

function barsTable(results: Results): string {
  const rows = judgeBars(results).map(barRow);
  return table(['load: figure', 'bar', 'aim', 'measured', 'verdict'], rows);
}

function figuresRow(cell: Cell, columns: readonly Figure[]): string[] {
  const errors = measurements(cell).reduce((sum, measurement) => sum + measurement.errors, 0);
  const failed = failures(cell);
  const trouble =
    failed.length === 0 ? String(errors) : `failed ${failed.length}x: ${oneLine(failed[0] ?? '', 80)}`;
  return [cell.target, ...columns.map((name) => shown(figure(cell, name))), trouble];
}

function ratioTable(
  results: Results,
  cells: readonly Cell[],
  { name, compared }: Results['loads'][number],
): string {
  const bases = BASES.flatMap((target) => cellOf(results, name, target) ?? []);
  if (bases.length === 0 || compared.length === 0) return '';
  const rows = cells.map((cell) => [
    cell.target,
    ...bases.flatMap((base) => compared.map((one) => shown(ratio(cell, base, one)))),
  ]);
  const head = bases.flatMap(({ target }) =>
    compared.map((one) => `${RATIO_HEADS[one] ?? FIGURES[one]} / ${target}`),
  );
  return table(['target', ...head], rows);
}

function loadSection(results: Results, load: Results['loads'][number]): string {
  const cells = results.cells.filter((cell) => cell.load === load.name);
  const generators = new Set(cells.flatMap((cell) => measurements(cell).map(({ generator }) => generator)));
  const head = ['target', ...load.columns.map((name) => FIGURES[name]), 'errors'];
  return [
    `## ${load.name}`,
    `${load.does}. Generator: ${[...generators].join(', ') || 'none ran'}.`,
    table(
      head,
      cells.map((cell) => figuresRow(cell, load.columns)),
    ),
    ratioTable(results, cells, load),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function targetsTable(results: Results): string {
  const rows = results.targets.map(({ name, does, availability }) => [
    name,
    availability.installed ? availability.version : availability.reason,
    does,
  ]);
  return table(['target', 'version', 'does'], rows);
}

/** One line on the machine. */
export function machineLine(machine: Machine): string {
  return `Machine: ${machine.cores} x ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}; records and logs in ${machine.scratch}; load average before the run ${number(machine.loadBefore)}; commit ${machine.commit}.`;
}

const METHOD =
  'Medians, in brackets the least and the greatest round; ratios are taken within a round. The load generator, the upstream and the target share all cores and nothing is pinned, so requests/s says what this machine does with all three on it, and CPU per request says what the target costs. CPU is user and system time of the target\'s whole process tree. "peak MiB" is resident memory (RSS) summed over the tree, so that pages which its processes share count for each; PSS divides those by how many share them. MB are millions of bytes. "accepted/request" counts the connections accepted by anything on the machine.';

/** The report in Markdown. */
export function report(results: Results): string {
  const { machine, options } = results;
  const wrong = complaints(results);
  const quick = options.quick ? ' A quick run: sizes are a fraction of the real ones.' : '';
  return `${[
    '# Bench results',
    `Written by \`npm run bench\` on ${machine.date}; what it does is in README.md beside this file.`,
    machineLine(machine),
    `${options.rounds} rounds, ${options.seconds} s each after a warm-up of ${options.warmUpSeconds} s (transfer and idle: at most 3 rounds); a round takes every load on each target, and each target, and the upstream behind it, is started afresh, one at a time, in rotated order.${quick} ${METHOD}`,
    '## Bars',
    'What shudi has to keep to, with recording on (every record synced), dedicated egress and one worker. The median decides. The bar on growth is in SOAK.md.',
    barsTable(results),
    '## Targets',
    targetsTable(results),
    ...results.loads.map((load) => loadSection(results, load)),
    ...(wrong.length === 0 ? [] : ['## Failures', wrong.map((line) => `- ${oneLine(line, 600)}`).join('\n')]),
  ].join('\n\n')}\n`;
}

/** Writes RESULTS.md and results.json into a directory. */
export function writeReport(directory: string, results: Results): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, 'RESULTS.md'), report(results));
  writeFileSync(path.join(directory, 'results.json'), `${JSON.stringify(results, null, 2)}\n`);
}
