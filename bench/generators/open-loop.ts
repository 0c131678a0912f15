import { quantile } from '../statistics.ts';
import { openConnection, type Connection } from './connection.ts';
import { keepPace } from './pacer.ts';

/** At most so many ticks a second; what falls due between two is sent together, late by half a tick on average. */
const TICKS_PER_SECOND = 4000;
/** How long after its last request a piece waits for answers. */
const LAST_ANSWERS_MS = 2000;

export interface Piece {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly requests: number;
  readonly errors: number;
  /** How much later than planned the requests were handed to the kernel or had to wait for a free connection. */
  readonly lateP99Ms: number;
}

export interface OpenLoop {
  /** Sends at `rate` requests a second for some seconds and gives what it saw. */
  run(rate: number, seconds: number): Promise<Piece>;
  close(): void;
}

/**
 * An open loop over kept-alive connections: request `i` falls due `i / rate` seconds after the start, whatever became
 * of those before it. Latency counts from that moment to the last byte of the answer, so a stall counts for every
 * request that it delayed (no coordinated omission). A request that finds all connections busy waits for the first one.
 */
export function openLoop(url: URL, connections: number): OpenLoop {
  const request = `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`;
  const all = Array.from({ length: connections }, () => openConnection(url));
  // Taken from the front, put back at the end: every connection has its turn.
  const idle: Connection[] = [...all];

  async function run(rate: number, seconds: number): Promise<Piece> {
    const count = Math.round(rate * seconds);
    const latencies: number[] = [];
    const lateness: number[] = [];
    let sent = 0;
    let answered = 0;
    let errors = 0;
    // The first tick: the thread that gives them takes some 20 ms to start.
    let start: number | null = null;
    const dueAt = (index: number): number => (start ?? 0) + (index * 1000) / rate;

    function sendDue(): void {
      const now = performance.now();
      while (sent < count && dueAt(sent) <= now) {
        const connection = idle.shift();
        if (connection === undefined) return;
        void sendOn(connection, dueAt(sent));
        lateness.push(now - dueAt(sent));
        sent += 1;
      }
    }
    async function sendOn(connection: Connection, due: number): Promise<void> {
      const response = await connection.send(request);
      answered += 1;
      if (response === null) {
        // The connection is gone; another takes its place.
        errors += 1;
        idle.push(openConnection(url));
        return;
      }
      latencies.push(performance.now() - due);
      if (response.status !== 200) errors += 1;
      idle.push(connection);
      sendDue();
    }

    await keepPace(1000 / Math.min(rate, TICKS_PER_SECOND), () => {
      start ??= performance.now();
      sendDue();
      return answered < count && performance.now() < dueAt(count) + LAST_ANSWERS_MS;
    });
    return {
      p50Ms: quantile(latencies, 0.5),
      p99Ms: quantile(latencies, 0.99),
      requests: latencies.length,
      // What was never sent or never answered failed as well.
      errors: errors + (count - answered),
      lateP99Ms: quantile(lateness, 0.99),
    };
  }

  return {
    run,
    close: () => {
      for (const connection of idle) connection.close();
    },
  };
}
