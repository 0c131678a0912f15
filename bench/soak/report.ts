import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Machine } from '../machine.ts';
import { machineLine } from '../report.ts';
import { number, table } from '../report-text.ts';
import { WATCHED, type SoakResult, type SoakVerdict } from './run.ts';
import { TOLERATED_RISE } from './trend.ts';

const NAMES = { pss: 'memory (PSS)', rss: 'memory (RSS)', handles: 'open handles' } as const;

function verdictRow({ watched, trend, grows }: SoakVerdict): string[] {
  if (trend === null) return [NAMES[watched], '-', '-', '-', 'too few samples'];
  const unit = WATCHED[watched] === '' ? '' : ` ${WATCHED[watched]}`;
  return [
    NAMES[watched],
    `${number(trend.mean)}${unit}`,
    `${number(trend.perHour)} +- ${number(trend.uncertainty)}${unit}/h`,
    `${number(trend.rise)}${unit}`,
    grows ? 'GROWS' : 'no growth',
  ];
}

/** The report in Markdown. */
export function soakReport(machine: Machine, result: SoakResult): string {
  const { target, seconds, seen, cpuShare, samples, verdicts } = result;
  const names = [...new Set(samples.flatMap(({ pssOf }) => Object.keys(pssOf)))];
  return `${[
    `# Soak of ${target}`,
    `Written by \`npm run bench -- soak --seconds ${seconds}\` on ${machine.date}; what it does is in README.md beside this file.`,
    machineLine(machine),
    `In ${seconds} s: ${number(seen.keptAlive)} GETs on 64 kept-alive connections (p50 ${number(seen.p50Ms)} ms, p99 ${number(seen.p99Ms)} ms), ${number(seen.newConnections)} on new connections, ${number(seen.logins)} visits with log-in, GET, post and log-out, ${number(seen.aborts)} aborted requests; ${seen.errors} errors. CPU: ${number(cpuShare * 100)}% of one core.`,
    '## Verdict',
    `A straight line through the second half, with its 95% interval. It grows when the interval lies above zero and the line rises by more than ${TOLERATED_RISE * 100}% of the mean.`,
    table(['what', 'mean', 'trend', 'rise over the second half', 'verdict'], verdicts.map(verdictRow)),
    '## Samples',
    table(
      ['s', 'PSS MB', ...names.map((name) => `of ${name}`), 'RSS MB', 'handles'],
      samples.map(({ at, pss, pssOf, rss, handles }) => [
        String(at),
        pss.toFixed(1),
        ...names.map((name) => pssOf[name]?.toFixed(1) ?? '-'),
        rss.toFixed(1),
        String(handles),
      ]),
    ),
  ].join('\n\n')}\n`;
}

/** Writes SOAK.md into a directory. */
export function writeSoakReport(directory: string, machine: Machine, result: SoakResult): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, 'SOAK.md'), soakReport(machine, result));
}
