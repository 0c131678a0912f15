import * as fc from 'fast-check';
import { SEEDED } from './seed.ts';

const LONG = process.env['SHUDI_LONG'] === '1';
/** So many are run however slow the machine is, so that what a test says of its runs has something to say it of. */
const AT_LEAST = 250;
const AT_MOST = 1_000_000;

/**
 * Checks a property over and over: always some hundred times, then until the time is over. The long run takes sixty
 * times as long.
 */
export async function holds<T>(property: fc.IAsyncProperty<T>, seconds: number): Promise<void> {
  await fc.assert(property, { numRuns: AT_LEAST, ...SEEDED });
  await fc.assert(property, {
    numRuns: AT_MOST,
    interruptAfterTimeLimit: seconds * (LONG ? 60_000 : 1000),
    ...(SEEDED.seed === undefined ? {} : { seed: SEEDED.seed + 1 }),
  });
}

/** Milliseconds that a test with such a property may take on a busy machine; the long run has its hour. */
export const PATIENCE = { timeout: LONG ? 3_600_000 : 180_000 } as const;
