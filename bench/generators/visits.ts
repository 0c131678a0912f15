import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../statistics.ts';
import { openConnection } from './connection.ts';
import type { ReadResponse } from './response-reader.ts';

/** After a failure, so that a target that refuses is not hammered. */
const PAUSE_MS = 100;

/** Sends one request and times it; null when it failed or came too late to count. */
export type Ask = (request: string) => Promise<ReadResponse | null>;

/** Quantiles and counts of a finished run. */
export interface VisitsSummary {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly errors: number;
  readonly connections: number;
  /** The same of the first request of every connection. */
  readonly first: { readonly p50Ms: number; readonly p99Ms: number };
}

/**
 * Keeps `concurrency` visits going for some seconds. Each visit has a connection of its own and ends when `visit`
 * returns. Answers that come after the end count for nothing, and neither do their failures.
 */
export async function keepVisiting(
  url: URL,
  concurrency: number,
  seconds: number,
  visit: (ask: Ask) => Promise<void>,
): Promise<VisitsSummary> {
  const times: number[] = [];
  const firstTimes: number[] = [];
  let connections = 0;
  let errors = 0;
  const started = performance.now();
  const deadline = started + seconds * 1000;

  async function oneVisit(): Promise<void> {
    const connection = openConnection(url);
    let first = true;
    let failed = false;
    connections += 1;
    await visit(async (request) => {
      // The time to connect is part of the first answer's.
      const asked = performance.now();
      const response = await connection.send(request);
      const now = performance.now();
      if (now > deadline) return null;
      if (response === null || response.status !== 200) {
        failed = true;
        return null;
      }
      times.push(now - asked);
      if (first) firstTimes.push(now - asked);
      first = false;
      return response;
    });
    connection.close();
    if (!failed) return;
    errors += 1;
    await sleep(PAUSE_MS);
  }

  async function loop(): Promise<void> {
    while (performance.now() < deadline) await oneVisit();
  }

  await Promise.all(Array.from({ length: concurrency }, loop));
  return {
    requests: times.length,
    seconds,
    p50Ms: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
    errors,
    connections,
    first: { p50Ms: quantile(firstTimes, 0.5), p99Ms: quantile(firstTimes, 0.99) },
  };
}
