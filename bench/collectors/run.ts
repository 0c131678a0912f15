import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runToEnd } from '../processes.ts';
import { treeUsage } from '../process-tree.ts';
import { nfcapd, shudi, type Receiver } from './receivers.ts';

export interface CollectorsOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** Events a second that are sent, one after the other. */
  readonly rates: readonly number[];
}

export interface Decoded {
  readonly name: 'decode' | 'decode and hand on';
  readonly eventsASecond: number;
  /** CPU of the whole process for an event, microseconds. */
  readonly micros: number;
}

export interface Received {
  readonly name: string;
  readonly rate: number;
  readonly sent: number;
  readonly stored: number;
  readonly kernelDrops: number;
  /** CPU of the whole process tree for an event that was sent, microseconds. */
  readonly micros: number;
}

export interface CollectorsResult {
  readonly receivers: readonly { readonly name: string; readonly does: string; readonly version: string }[];
  readonly decoded: readonly Decoded[];
  readonly received: readonly Received[];
}

const here = (name: string): string => path.join(import.meta.dirname, name);
const SLACK_MS = 60_000;

/** Every round takes everything once, so that what disturbs the machine disturbs all. */
export async function runCollectors(
  { rounds, seconds, rates }: CollectorsOptions,
  say: (line: string) => void,
): Promise<CollectorsResult> {
  const known = await Promise.all(
    [shudi, nfcapd].map(async (receiver) => ({ receiver, availability: await receiver.available() })),
  );
  const there = known.flatMap(({ receiver, availability }) =>
    availability.installed ? [{ receiver, version: availability.version }] : [],
  );
  const decoded: Decoded[] = [];
  const received: Received[] = [];
  for (let round = 0; round < rounds; round += 1) {
    say(`round ${round + 1} of ${rounds}`);
    for (const name of ['decode', 'decode and hand on'] as const) decoded.push(await decode(name, seconds));
    for (const rate of rates)
      for (const { receiver } of round % 2 === 0 ? there : there.toReversed()) {
        const result = await receive(receiver, rate, seconds);
        say(
          `  ${receiver.name}, ${rate}/s: ${result.stored} of ${result.sent} stored, ${result.micros.toFixed(2)} us`,
        );
        received.push(result);
      }
  }
  return {
    receivers: there.map(({ receiver: { name, does }, version }) => ({ name, does, version })),
    decoded,
    received,
  };
}

async function decode(name: Decoded['name'], seconds: number): Promise<Decoded> {
  const args = [here('decode.ts'), `${seconds}`, name === 'decode' ? 'bare' : 'told'];
  const printed = await runToEnd(process.execPath, args, seconds * 1000 + SLACK_MS);
  const { events, cpuMicros } = JSON.parse(printed) as { events: number; cpuMicros: number };
  return { name, eventsASecond: events / seconds, micros: cpuMicros / events };
}

async function receive(receiver: Receiver, rate: number, seconds: number): Promise<Received> {
  const running = await receiver.start();
  await sleep(500);
  const before = treeUsage(running.pid).cpuMicros;
  const printed = await runToEnd(
    process.execPath,
    [here('send.ts'), `${running.port}`, `${rate}`, `${seconds}`],
    seconds * 1000 + SLACK_MS,
  );
  const sent = Number(printed.trim());
  // What has arrived is still to be stored.
  await sleep(1500);
  const used = treeUsage(running.pid).cpuMicros - before;
  const { stored, kernelDrops } = await running.finish(sent);
  return { name: receiver.name, rate, sent, stored, kernelDrops, micros: used / sent };
}
