import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Machine } from '../machine.ts';
import { machineLine } from '../report.ts';
import { number, shown, table } from '../report-text.ts';
import { spread } from '../statistics.ts';
import type { CollectorsOptions, CollectorsResult, Decoded, Received } from './run.ts';

/** What the collectors must keep to: issue "NAT collectors and the whole chain". */
const BARS = { decode: 1_000_000, durable: 50_000 } as const;

function decodedRow(name: Decoded['name'], all: readonly Decoded[]): string[] {
  const own = all.filter((item) => item.name === name);
  return [
    name,
    shown(spread(own.map((item) => item.eventsASecond))),
    shown(spread(own.map((item) => item.micros))),
  ];
}

function receivedRow(name: string, rate: number, all: readonly Received[]): string[] {
  const own = all.filter((item) => item.name === name && item.rate === rate);
  const lost = own.reduce((sum, { sent, stored }) => sum + sent - stored, 0);
  const drops = own.reduce((sum, { kernelDrops }) => sum + kernelDrops, 0);
  const micros = spread(own.map((item) => item.micros));
  return [
    name,
    number(rate),
    number(own.reduce((sum, { sent }) => sum + sent, 0)),
    `${lost}`,
    `${drops}`,
    shown(micros),
    micros === null ? '-' : `${number((micros.median * rate) / 10_000)}%`,
  ];
}

function verdicts({ decoded, received }: CollectorsResult): string[][] {
  const rate = spread(decoded.filter(({ name }) => name === 'decode').map((item) => item.eventsASecond));
  const own = received.filter(({ name, rate: sent }) => name === 'shudi' && sent >= BARS.durable);
  // What is lost at higher rates is told below: there it shows where the bound is.
  const least = Math.min(...own.map((item) => item.rate));
  const atBar = own.filter((item) => item.rate === least);
  const lost = atBar.reduce((sum, { sent, stored }) => sum + sent - stored, 0);
  return [
    [
      'RFC 8158 NAT44 session events decoded a second, one core',
      `at least ${number(BARS.decode)}`,
      shown(rate),
      rate !== null && rate.min >= BARS.decode ? 'met' : 'MISSED',
    ],
    [
      'from UDP to a durable record in SQLite, events a second without loss',
      `at least ${number(BARS.durable)}`,
      `at ${number(least)}: ${lost} lost of ${number(atBar.reduce((sum, { sent }) => sum + sent, 0))}`,
      atBar.length > 0 && lost === 0 ? 'met' : 'MISSED',
    ],
  ];
}

/** The report in Markdown. */
export function collectorsReport(
  machine: Machine,
  { rounds, seconds, rates }: CollectorsOptions,
  result: CollectorsResult,
): string {
  const { receivers, decoded, received } = result;
  return `${[
    '# Collectors',
    `Written by \`npm run bench -- collectors --rounds ${rounds} --seconds ${seconds}\` on ${machine.date}; what it does is in README.md beside this file.`,
    machineLine(machine),
    '## Bars',
    table(['what', 'bar', 'seen', 'verdict'], verdicts(result)),
    '## Decoding alone',
    'One process, one thread, datagrams in memory. `decode` reads each record into its event; `decode and hand on` also makes of it what the collector stores. CPU is that of the whole process.',
    table(
      ['what', 'events/s', 'CPU us/event'],
      [decodedRow('decode', decoded), decodedRow('decode and hand on', decoded)],
    ),
    '## From UDP to the disk',
    'The same packets at the same steady rate on loopback, sent by a process of its own; the tree of the receiver is measured, and what is on its disk is counted when it has settled.',
    table(
      ['receiver', 'events/s sent', 'sent in all', 'lost', 'kernel drops', 'CPU us/event', 'of one core'],
      rates.flatMap((rate) => receivers.map(({ name }) => receivedRow(name, rate, received))),
    ),
    table(
      ['receiver', 'version', 'does for each event'],
      receivers.map(({ name, version, does }) => [name, version, does]),
    ),
  ].join('\n\n')}\n`;
}

/** Writes COLLECTORS.md into a directory. */
export function writeCollectorsReport(
  directory: string,
  machine: Machine,
  options: CollectorsOptions,
  result: CollectorsResult,
): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, 'COLLECTORS.md'), collectorsReport(machine, options, result));
}
