import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { MAX_CLOCK_ERROR_MS } from '../model/time.ts';

/** How long a measurement is believed, ms. */
const REFRESH_MS = 300_000;

export interface ClockError {
  /** The error of this machine's clock in ms, null when nobody measures it (R4). */
  current(): number | null;
  stop(): void;
}

/**
 * Asks chrony, when it runs, how far this machine's clock may be off: |offset| + root delay / 2 + root dispersion
 * (RFC 5905, 11.1: the root distance). Other time services do not tell a bound, so they count as not measured.
 */
export async function watchClockError(): Promise<ClockError> {
  let current = await measure();
  const timer = setInterval(() => {
    void measure().then((value) => (current = value));
  }, REFRESH_MS).unref();
  return { current: () => current, stop: () => clearInterval(timer) };
}

async function measure(): Promise<number | null> {
  try {
    const { stdout } = await promisify(execFile)('chronyc', ['-c', 'tracking'], { timeout: 2000 });
    return clockErrorOf(stdout);
  } catch {
    return null;
  }
}

/** The error in whole ms of one line of `chronyc -c tracking`, or null when it is not synchronised. */
export function clockErrorOf(line: string): number | null {
  const fields = line.trim().split(',');
  const [offset, delay, dispersion] = [fields[4], fields[10], fields[11]].map(Number);
  if (fields.length < 14 || fields[13] === 'Not synchronised') return null;
  if (
    offset === undefined ||
    delay === undefined ||
    dispersion === undefined ||
    ![offset, delay, dispersion].every(Number.isFinite)
  )
    return null;
  const error = Math.ceil((Math.abs(offset) + delay / 2 + dispersion) * 1000);
  return error > MAX_CLOCK_ERROR_MS ? null : error;
}
