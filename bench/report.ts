import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cellOf, complaints, failures, figure, measurements, ratio } from './results.ts';
import type { Figure, Results } from './results.ts';
import type { Spread } from './statistics.ts';
import type { Cell } from './types.ts';

/** What the others are compared with, where a load has them. */
const BASES = ['fastify-http-proxy', 'nginx', 'direct', 'fastify-json'] as const;

function number(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (value >= 1000) return Math.round(value).toLocaleString('en-US');
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}

/** `median (least-greatest)`, or the median alone of a single round. */
function shown(value: Spread | null): string {
  if (value === null) return '-';
  const { median, min, max } = value;
  return min === max ? number(median) : `${number(median)} (${number(min)}-${number(max)})`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function oneLine(text: string, length: number): string {
  const line = text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|');
  return line.length > length ? `${line.slice(0, length)}...` : line;
}

function figuresRow(cell: Cell): string[] {
  const shownFigures: readonly Figure[] = [
    'cpuMicrosPerRequest',
    'requestsPerSecond',
    'p50Ms',
    'p99Ms',
    'peakMiB',
    'acceptedPerRequest',
  ];
  const errors = measurements(cell).reduce((sum, measurement) => sum + measurement.errors, 0);
  const failed = failures(cell);
  const trouble =
    failed.length === 0 ? String(errors) : `failed ${failed.length}x: ${oneLine(failed[0] ?? '', 80)}`;
  return [cell.target, ...shownFigures.map((name) => shown(figure(cell, name))), trouble];
}

function ratioTable(results: Results, cells: readonly Cell[], load: string): string {
  const bases = BASES.flatMap((name) => cellOf(results, load, name) ?? []);
  const rows = cells.map((cell) => [
    cell.target,
    ...bases.flatMap((base) => [
      shown(ratio(cell, base, 'cpuMicrosPerRequest')),
      shown(ratio(cell, base, 'requestsPerSecond')),
    ]),
  ]);
  const head = bases.flatMap(({ target }) => [`CPU / ${target}`, `req/s / ${target}`]);
  return bases.length === 0 ? '' : table(['target', ...head], rows);
}

function loginLatency(cells: readonly Cell[]): string {
  const lines = cells.flatMap((cell) => {
    const found = measurements(cell).flatMap(({ loginP50Ms, loginP99Ms }) =>
      loginP50Ms === undefined || loginP99Ms === undefined ? [] : [[loginP50Ms, loginP99Ms] as const],
    );
    if (found.length === 0) return [];
    const [p50, p99] = [0, 1].map((index) => Math.max(...found.map((pair) => pair[index] ?? 0)));
    return [`${cell.target} ${number(p50 ?? Number.NaN)} / ${number(p99 ?? Number.NaN)}`];
  });
  return lines.length === 0 ? '' : `The log-in itself, p50 / p99 in ms, worst round: ${lines.join('; ')}.`;
}

function loadSection(results: Results, load: Results['loads'][number]): string {
  const cells = results.cells.filter((cell) => cell.load === load.name);
  const generators = new Set(cells.flatMap((cell) => measurements(cell).map(({ generator }) => generator)));
  const head = [
    'target',
    'CPU us/request',
    'requests/s',
    'p50 ms',
    'p99 ms',
    'peak MiB',
    'accepted/request',
    'errors',
  ];
  return [
    `## ${load.name}`,
    `${load.does}. Generator: ${[...generators].join(', ') || 'none ran'}.`,
    table(head, cells.map(figuresRow)),
    ratioTable(results, cells, load.name),
    loginLatency(cells),
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

/** The report in Markdown. */
export function report(results: Results): string {
  const { machine, options } = results;
  const wrong = complaints(results);
  return `${[
    '# Bench results',
    `Written by \`npm run bench\` on ${machine.date}; what it does is in README.md beside this file.`,
    `Machine: ${machine.cores} x ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}; records and logs in ${machine.scratch}; load average before the run ${number(machine.loadBefore)}; commit ${machine.commit}.`,
    `${options.rounds} rounds, ${options.seconds} s each after a warm-up of ${options.warmUpSeconds} s; in every round each target, and the upstream behind it, is started afresh, one at a time, in rotated order. Medians, in brackets the least and the greatest round; ratios are taken within a round. The load generator, the upstream and the target share all cores and nothing is pinned, so requests/s says what this machine does with all three on it, and CPU per request says what the target costs. CPU is user and system time of the target's whole process tree; peak memory is resident, summed over the tree. "accepted/request" counts the connections accepted by anything on the machine.`,
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
